namespace Silc;

/// <summary>What a warp of <see cref="HalfAttention{TSize,TBlocks,TFit}"/> has of its rows so far: their softmax, and values weighed by it.</summary>
readonly struct AttentionSums<TSize, TBlocks>(RunningSoftmax up, RunningSoftmax low, RowSums<TSize, TBlocks> o)
    where TSize : struct, IHeadSize where TBlocks : struct, IRowBlocks
{
    static bool Wide => HeadLines<TSize>.Passing == 64;
    static int HalfTile => 32 * HeadLines<TSize>.Stride;

    readonly RunningSoftmax up = up, low = low;
    readonly RowSums<TSize, TBlocks> o = o;

    public static AttentionSums<TSize, TBlocks> Empty => new(RunningSoftmax.Empty, RunningSoftmax.Empty, default);

    /// <summary>Adds a tile of keys, at a lane's address, and one of values.</summary>
    public AttentionSums<TSize, TBlocks> Add(HeadWords<TSize> q, HeadWords<TSize> qLow, int right, int turned, float factor)
    {
        var near = q.Products(qLow, default(ScoreRows<TBlocks>), right);
        var far = Wide ? q.Products(qLow, default(ScoreRows<TBlocks>), right + HalfTile) : default;
        return Add(near, far, turned, factor, Wide);
    }

    /// <summary>The same of a tile that has <paramref name="keys"/> keys, perhaps fewer than lines.</summary>
    public AttentionSums<TSize, TBlocks> AddLast(HeadWords<TSize> q, HeadWords<TSize> qLow, int right, int turned, float factor, int keys, int lane)
    {
        var near = Mask(q.Products(qLow, default(ScoreRows<TBlocks>), right), keys, lane);
        ScoreRows<TBlocks> far = default;
        if (Wide)
        {
            if (keys > 32) far = q.Products(qLow, default(ScoreRows<TBlocks>), right + HalfTile);
            far = Mask(far, keys - 32, lane);
        }
        return Add(near, far, turned, factor, Wide && keys > 32);
    }

    AttentionSums<TSize, TBlocks> Add(ScoreRows<TBlocks> near, ScoreRows<TBlocks> far, int turned, float factor, bool both)
    {
        Float2 higher = up.Higher(Peaks(near.Upper, far.Upper)), fade = up.Fade(higher, factor), less = new(higher.X * factor, higher.Y * factor);
        SumsRow p = RunningSoftmax.Exp2(near.Upper, factor, less), pFar = Wide ? RunningSoftmax.Exp2(far.Upper, factor, less) : default;
        var next = up.Add(higher, fade, Sums(p, pFar));
        RunningSoftmax nextLow = low;
        Float2 fadeLow = default;
        SumsRow pLow = default, pLowFar = default;
        if (TBlocks.Count == 2)
        {
            higher = low.Higher(Peaks(near.Lower, far.Lower));
            fadeLow = low.Fade(higher, factor);
            less = new(higher.X * factor, higher.Y * factor);
            pLow = RunningSoftmax.Exp2(near.Lower, factor, less);
            if (Wide) pLowFar = RunningSoftmax.Exp2(far.Lower, factor, less);
            nextLow = low.Add(higher, fadeLow, Sums(pLow, pLowFar));
        }
        var sums = o.Scale(fade, fadeLow).Add(new ScoreRows<TBlocks>(p, pLow), turned);
        if (both) sums = sums.Add(new ScoreRows<TBlocks>(pFar, pLowFar), turned + HalfTile);
        return new(next, nextLow, sums);
    }

    /// <summary>Stores o and the log Σ exp of each row, by way of this warp's shared memory.</summary>
    public void Store(HeadsAt heads, int head, HeadPlace place, int row, int shared, int lane)
    {
        Float2 sums = up.Sums, inverse = new(1 / sums.X, 1 / sums.Y), inverseLow = default;
        StoreLogs(heads, up.LogSums(sums, heads.Scale), head, row, lane);
        if (TBlocks.Count == 2)
        {
            sums = low.Sums;
            inverseLow = new(1 / sums.X, 1 / sums.Y);
            StoreLogs(heads, low.LogSums(sums, heads.Scale), head, row + 16, lane);
        }
        o.Scale(inverse, inverseLow).Store(heads.O(place), row, heads.Queries, heads.Size, shared, lane);
    }

    // One lane of a group stores; predicated, so that the warp stays together.
    static void StoreLogs(HeadsAt heads, Float2 logs, int head, int row, int lane)
    {
        int query = row + FragmentLayout.SumRow(lane, 0), queryBelow = row + FragmentLayout.SumRow(lane, 2);
        int rows = FragmentLayout.Member(lane) == 0 ? heads.Queries : 0;
        Ptx.Store(heads.Lse(head, query), logs.X, query, rows);
        Ptx.Store(heads.Lse(head, queryBelow), logs.Y, queryBelow, rows);
    }

    static ScoreRows<TBlocks> Mask(ScoreRows<TBlocks> s, int left, int lane) => new(
        RunningSoftmax.Mask(s.Upper, left, lane), TBlocks.Count == 2 ? RunningSoftmax.Mask(s.Lower, left, lane) : s.Lower);

    static Float2 Peaks(SumsRow near, SumsRow far) =>
        Wide ? RunningSoftmax.Peaks(RunningSoftmax.Peaks(near), RunningSoftmax.Peaks(far)) : RunningSoftmax.Peaks(near);

    static Float2 Sums(SumsRow near, SumsRow far)
    {
        Float2 sums = RunningSoftmax.SumsOf(near);
        if (!Wide) return sums;
        Float2 more = RunningSoftmax.SumsOf(far);
        return new(sums.X + more.X, sums.Y + more.Y);
    }
}
