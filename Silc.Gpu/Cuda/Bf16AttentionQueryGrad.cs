using ILGPU;

namespace Silc;

/// <summary>
/// dQ of attention of stored bf16, as <see cref="TensorCoreAttentionQueryGrad{TMma,TSize,TReads,TValues}"/>. Queries and dO are in registers, so
/// that delta = Σ dO·o is found on the way; <see cref="SavedRows"/> hands it on.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16AttentionQueryGrad<TSize>(HeadLayout heads, MatrixPointer dQ, SavedRows kept, int blocks) : IKernel where TSize : struct, IHeadSize
{
    /// <summary>Queries of a group: as many as lines of a tile, so that two such tiles fit into a stage.</summary>
    public static int Rows => Bf16HeadTile<TSize>.Threads / 2;

    static int HalfTile => 32 * Bf16HeadTile<TSize>.Stride;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5;
        var group = BlockIndex.Of(Grid.IdxX, blocks, Rows);
        var place = heads.PlaceOf(group.Head);
        int row = group.First + warp * 16, head = group.Head;
        int tile = Ptx.Shared(2 * Bf16HeadTile<TSize>.StageBytes), free = tile + Bf16HeadTile<TSize>.StageBytes;
        HeadCpAsync<TSize>.At(heads.Q(place), heads.GradO(place), group.First, heads.Queries, heads.Size, thread).Begin(free, Rows);
        Ptx.CpAsyncCommit();
        var kv = HeadCpAsync<TSize>.At(heads.K(place), heads.V(place), 0, heads.Keys, heads.Size, thread);
        kv.Begin(tile, Bf16HeadTile<TSize>.Passing);
        Ptx.CpAsyncCommit();
        float factor = Ptx.Hold(heads.Scale * ScoreMath.Log2E);
        int right = Ptx.Hold(Bf16HeadTile<TSize>.Right(lane)), turned = Ptx.Hold(Bf16HeadTile<TSize>.Transposed(lane));
        int query = row + FragmentLayout.SumRow(lane, 0), queryBelow = row + FragmentLayout.SumRow(lane, 2);
        Float2 exponents = new(Ptx.Hold(heads.LoadLse(head, query) * ScoreMath.Log2E), Ptx.Hold(heads.LoadLse(head, queryBelow) * ScoreMath.Log2E));
        var o = HeadFragments<TSize>.Read(heads.O(place), row, heads.Queries, heads.Size, lane);
        Ptx.CpAsyncWait(1);
        Ptx.Barrier();
        int left = free + warp * 16 * Bf16HeadTile<TSize>.Stride + Bf16HeadTile<TSize>.Left(lane);
        HeadFragments<TSize> q = HeadFragments<TSize>.Load(left), dO = HeadFragments<TSize>.Load(left + Bf16HeadTile<TSize>.TileBytes);
        Float2 delta = dO.Dots(o);
        float less = Ptx.Hold(-ScoreMath.SumAcrossGroup(delta.X)), lessBelow = Ptx.Hold(-ScoreMath.SumAcrossGroup(delta.Y));
        kept.Store(head, query, exponents.X, less, lane);
        kept.Store(head, queryBelow, exponents.Y, lessBelow, lane);
        Float4 lessDelta = new(less, less, lessBelow, lessBelow);

        QueryGradAccumulators<TSize> sums = default;
        bool busy = row < heads.Queries;
        int keys = heads.Keys;
        for (; keys > Bf16HeadTile<TSize>.Passing; keys -= Bf16HeadTile<TSize>.Passing)
        {
            Ptx.CpAsyncWait(0);
            Ptx.Barrier();
            kv = kv.Next();
            kv.Begin(free, Bf16HeadTile<TSize>.Passing);
            Ptx.CpAsyncCommit();
            if (busy)
            {
                sums = sums.Add(q, dO, tile, right, turned, factor, exponents, lessDelta);
                sums = sums.Add(q, dO, tile + HalfTile, right, turned, factor, exponents, lessDelta);
            }
            (tile, free) = (free, tile);
        }
        Ptx.CpAsyncWait(0);
        Ptx.Barrier();
        // Warps behind the last query only copied.
        if (!busy) return;
        sums = sums.Add(q, dO, tile, right, turned, factor, exponents, lessDelta, last: true, keys, lane);
        if (keys > 32) sums = sums.Add(q, dO, tile + HalfTile, right, turned, factor, exponents, lessDelta, last: true, keys - 32, lane);
        sums.Q.Scale(new Float2(heads.Scale, heads.Scale), default).Store(heads.Of(dQ, place, heads.Queries), row, heads.Queries, heads.Size,
            free + warp * RowAccumulators<TSize, OneRowTile>.SharedBytes, lane);
    }
}

/// <summary>Sums of a warp of <see cref="Bf16AttentionQueryGrad{TSize}"/>: dQ of 16 queries, but for the scale.</summary>
readonly struct QueryGradAccumulators<TSize>(RowAccumulators<TSize, OneRowTile> q) where TSize : struct, IHeadSize
{
    public readonly RowAccumulators<TSize, OneRowTile> Q = q;

    /// <summary>Adds 32 keys, or the last of them; their values are a tile further on.</summary>
    public QueryGradAccumulators<TSize> Add(HeadFragments<TSize> q, HeadFragments<TSize> dO, int tile, int right, int turned,
        float factor, Float2 exponents, Float4 lessDelta, bool last = false, int keys = 0, int lane = 0)
    {
        var s = q.Products(default, default(ScoreRows<OneRowTile>), tile + right).Upper;
        // Products of dO and v begin with -delta.
        var begun = new ScoreRows<OneRowTile>(new AccumulatorRow(lessDelta, lessDelta, lessDelta, lessDelta), default);
        var dp = dO.Products(default, begun, tile + right + Bf16HeadTile<TSize>.TileBytes).Upper;
        if (last) s = OnlineSoftmax.Mask(s, keys, lane);
        var p = OnlineSoftmax.Exp2(s, factor, exponents);
        var ds = new AccumulatorRow(p.N0 * dp.N0, p.N1 * dp.N1, p.N2 * dp.N2, p.N3 * dp.N3);
        return new(Q.Add(new ScoreRows<OneRowTile>(ds, default), tile + turned));
    }
}
