using ILGPU;

namespace Silc;

/// <summary>
/// Attention of stored bf16, as <see cref="TensorAttention{TMma,TSize,TReads,TValues}"/>: of two stages of keys and values one is used while the
/// other is on its way, past the registers; queries stay in registers.
/// </summary>
readonly struct HalfAttention<TSize, TBlocks>(HeadsAt heads, int blocks) : IKernel where TSize : struct, IHeadSize where TBlocks : struct, IRowBlocks
{
    const int Warps = HeadLines<TSize>.Threads / 32;

    static bool Wide => HeadLines<TSize>.Passing == 64;
    static int HalfTile => 32 * HeadLines<TSize>.Stride;

    /// <summary>Queries of a group.</summary>
    public static int Rows => 16 * Warps * TBlocks.Count;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5, head = Grid.IdxX / blocks, first = Grid.IdxX % blocks * Rows;
        int row = warp * 16 * TBlocks.Count, tile = Ptx.Shared(2 * HeadLines<TSize>.StageBytes), free = tile + HeadLines<TSize>.StageBytes;
        HeadFetch<TSize>.At(heads.Q(head), first, heads.Queries, heads.Size, thread).Begin(free, Rows);
        Ptx.EndBatch();
        var k = HeadFetch<TSize>.At(heads.K(head), 0, heads.Keys, heads.Size, thread);
        var v = HeadFetch<TSize>.At(heads.V(head), 0, heads.Keys, heads.Size, thread);
        Begin(k, v, tile);
        float factor = Ptx.Hold(heads.Scale * Scores.Log2E);
        int right = Ptx.Hold(HeadLines<TSize>.Right(lane)), turned = Ptx.Hold(HeadLines<TSize>.Turned(lane) + HeadLines<TSize>.TileBytes);
        Ptx.AwaitBatches(1);
        Ptx.Barrier();
        int left = free + row * HeadLines<TSize>.Stride + HeadLines<TSize>.Left(lane);
        HeadWords<TSize> up = HeadWords<TSize>.Load(left), low = TBlocks.Count == 2 ? HeadWords<TSize>.Load(left + HalfTile / 2) : default;

        RunningSoftmax softmax = RunningSoftmax.Empty, softmaxLow = RunningSoftmax.Empty;
        RowSums<TSize, TBlocks> o = default;
        for (int keys = heads.Keys; keys > 0; keys -= HeadLines<TSize>.Passing)
        {
            // This tile has come, for all; and all are done with the one before, whose place the next one takes.
            Ptx.AwaitBatches(0);
            Ptx.Barrier();
            if (keys > HeadLines<TSize>.Passing)
            {
                k = k.Next();
                v = v.Next();
                Begin(k, v, free);
            }
            var near = up.Products(low, default(ScoreRows<TBlocks>), tile + right);
            var far = Wide ? up.Products(low, default(ScoreRows<TBlocks>), tile + right + HalfTile) : default;
            if (keys < HeadLines<TSize>.Passing)
            {
                near = Mask(near, keys, lane);
                if (Wide) far = Mask(far, keys - 32, lane);
            }
            Float2 higher = softmax.Higher(Peaks(near.Upper, far.Upper)), fade = softmax.Fade(higher, factor), less = new(higher.X * factor, higher.Y * factor);
            SumsRow p = RunningSoftmax.Exp2(near.Upper, factor, less), pFar = Wide ? RunningSoftmax.Exp2(far.Upper, factor, less) : default;
            softmax = softmax.Add(higher, fade, Sums(p, pFar));
            Float2 fadeLow = default;
            SumsRow pLow = default, pLowFar = default;
            if (TBlocks.Count == 2)
            {
                higher = softmaxLow.Higher(Peaks(near.Lower, far.Lower));
                fadeLow = softmaxLow.Fade(higher, factor);
                less = new(higher.X * factor, higher.Y * factor);
                pLow = RunningSoftmax.Exp2(near.Lower, factor, less);
                if (Wide) pLowFar = RunningSoftmax.Exp2(far.Lower, factor, less);
                softmaxLow = softmaxLow.Add(higher, fadeLow, Sums(pLow, pLowFar));
            }
            o = o.Scale(fade, fadeLow).Add(new ScoreRows<TBlocks>(p, pLow), tile + turned);
            if (Wide) o = o.Add(new ScoreRows<TBlocks>(pFar, pLowFar), tile + turned + HalfTile);
            (tile, free) = (free, tile);
        }

        Float2 sums = softmax.Sums, inverse = new(1 / sums.X, 1 / sums.Y), inverseLow = default;
        StoreLogs(softmax.LogSums(sums, heads.Scale), head, first + row, lane);
        if (TBlocks.Count == 2)
        {
            sums = softmaxLow.Sums;
            inverseLow = new(1 / sums.X, 1 / sums.Y);
            StoreLogs(softmaxLow.LogSums(sums, heads.Scale), head, first + row + 16, lane);
        }
        // The stage that was not used last: nobody reads it any more.
        o.Scale(inverse, inverseLow).Store(heads.O(head), first + row, heads.Queries, heads.Size, tile + warp * RowSums<TSize, TBlocks>.SharedBytes, lane);
    }

    static void Begin(HeadFetch<TSize> k, HeadFetch<TSize> v, int stage)
    {
        k.Begin(stage, HeadLines<TSize>.Passing);
        v.Begin(stage + HeadLines<TSize>.TileBytes, HeadLines<TSize>.Passing);
        Ptx.EndBatch();
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

    // One lane of a group stores; predicated, so that the warp stays together.
    void StoreLogs(Float2 logs, int head, int row, int lane)
    {
        int query = row + FragmentLayout.SumRow(lane, 0), queryBelow = row + FragmentLayout.SumRow(lane, 2);
        int rows = FragmentLayout.Member(lane) == 0 ? heads.Queries : 0;
        Ptx.Store(heads.Lse(head, query), logs.X, query, rows);
        Ptx.Store(heads.Lse(head, queryBelow), logs.Y, queryBelow, rows);
    }
}
