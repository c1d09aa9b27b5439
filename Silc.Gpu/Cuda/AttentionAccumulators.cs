namespace Silc;

/// <summary>What a warp of <see cref="Bf16Attention{TSize,TBlocks,TFit}"/> has of its rows so far: their softmax, and values weighed by it.</summary>
readonly struct AttentionAccumulators<TSize, TBlocks>(OnlineSoftmax up, OnlineSoftmax low, RowAccumulators<TSize, TBlocks> o)
    where TSize : struct, IHeadSize where TBlocks : struct, IRowTiles
{
    static bool Wide => Bf16HeadTile<TSize>.Passing == 64;
    static int HalfTile => 32 * Bf16HeadTile<TSize>.Stride;

    readonly OnlineSoftmax up = up, low = low;
    readonly RowAccumulators<TSize, TBlocks> o = o;

    public static AttentionAccumulators<TSize, TBlocks> Empty => new(OnlineSoftmax.Empty, OnlineSoftmax.Empty, default);

    /// <summary>Adds a tile of keys, at a lane's address, and one of values.</summary>
    public AttentionAccumulators<TSize, TBlocks> Add(HeadFragments<TSize> q, HeadFragments<TSize> qLow, int right, int turned, float factor)
    {
        var near = q.Products(qLow, default(ScoreRows<TBlocks>), right);
        var far = Wide ? q.Products(qLow, default(ScoreRows<TBlocks>), right + HalfTile) : default;
        return Add(near, far, turned, factor, Wide);
    }

    /// <summary>The same of a tile that has <paramref name="keys"/> keys, perhaps fewer than lines.</summary>
    public AttentionAccumulators<TSize, TBlocks> AddLast(HeadFragments<TSize> q, HeadFragments<TSize> qLow, int right, int turned, float factor, int keys, int lane)
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

    AttentionAccumulators<TSize, TBlocks> Add(ScoreRows<TBlocks> near, ScoreRows<TBlocks> far, int turned, float factor, bool both)
    {
        Float2 higher = up.Higher(Peaks(near.Upper, far.Upper)), fade = up.Fade(higher, factor), less = new(higher.X * factor, higher.Y * factor);
        AccumulatorRow p = OnlineSoftmax.Exp2(near.Upper, factor, less), pFar = Wide ? OnlineSoftmax.Exp2(far.Upper, factor, less) : default;
        var next = up.Add(higher, fade, Sums(p, pFar));
        OnlineSoftmax nextLow = low;
        Float2 fadeLow = default;
        AccumulatorRow pLow = default, pLowFar = default;
        if (TBlocks.Count == 2)
        {
            higher = low.Higher(Peaks(near.Lower, far.Lower));
            fadeLow = low.Fade(higher, factor);
            less = new(higher.X * factor, higher.Y * factor);
            pLow = OnlineSoftmax.Exp2(near.Lower, factor, less);
            if (Wide) pLowFar = OnlineSoftmax.Exp2(far.Lower, factor, less);
            nextLow = low.Add(higher, fadeLow, Sums(pLow, pLowFar));
        }
        var sums = o.Scale(fade, fadeLow).Add(new ScoreRows<TBlocks>(p, pLow), turned);
        if (both) sums = sums.Add(new ScoreRows<TBlocks>(pFar, pLowFar), turned + HalfTile);
        return new(next, nextLow, sums);
    }

    /// <summary>Stores o and the log Σ exp of each row, by way of this warp's shared memory.</summary>
    public void Store(HeadLayout heads, int head, HeadIndex place, int row, int shared, int lane)
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
    static void StoreLogs(HeadLayout heads, Float2 logs, int head, int row, int lane)
    {
        int query = row + FragmentLayout.SumRow(lane, 0), queryBelow = row + FragmentLayout.SumRow(lane, 2);
        int rows = FragmentLayout.Member(lane) == 0 ? heads.Queries : 0;
        Ptx.Store(heads.Lse(head, query), logs.X, query, rows);
        Ptx.Store(heads.Lse(head, queryBelow), logs.Y, queryBelow, rows);
    }

    static ScoreRows<TBlocks> Mask(ScoreRows<TBlocks> s, int left, int lane) => new(
        OnlineSoftmax.Mask(s.Upper, left, lane), TBlocks.Count == 2 ? OnlineSoftmax.Mask(s.Lower, left, lane) : s.Lower);

    static Float2 Peaks(AccumulatorRow near, AccumulatorRow far) =>
        Wide ? OnlineSoftmax.Peaks(OnlineSoftmax.Peaks(near), OnlineSoftmax.Peaks(far)) : OnlineSoftmax.Peaks(near);

    static Float2 Sums(AccumulatorRow near, AccumulatorRow far)
    {
        Float2 sums = OnlineSoftmax.SumsOf(near);
        if (!Wide) return sums;
        Float2 more = OnlineSoftmax.SumsOf(far);
        return new(sums.X + more.X, sums.Y + more.Y);
    }
}
