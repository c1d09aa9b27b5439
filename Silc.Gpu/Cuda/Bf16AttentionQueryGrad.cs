using ILGPU;

namespace Silc;

/// <summary>
/// dQ of attention of bf16 tensors, as <see cref="TensorCoreAttentionQueryGrad{TMma,TSize,TLoad,TQuads}"/>. Q and dO stay in registers, so
/// delta = rowsum(dO ∘ O) is computed on the way, and <see cref="SavedRows"/> passes it to the gradient of the keys.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16AttentionQueryGrad<TSize>(HeadLayout heads, MatrixPointer dQ, SavedRows saved, int blocksPerHead) : IKernel
    where TSize : struct, IHeadSize
{
    /// <summary>Queries of a block: as many as rows of a tile, so that Q and dO fit into one stage at the start.</summary>
    public static int Rows => Bf16HeadTile<TSize>.Threads / 2;

    static int HalfTile => 32 * Bf16HeadTile<TSize>.Stride;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5;
        var block = BlockIndex.Of(Grid.IdxX, blocksPerHead, Rows);
        var index = heads.IndexOf(block.Head);
        int row = block.FirstRow + warp * 16, head = block.Head;
        int stage = Ptx.Shared(2 * Bf16HeadTile<TSize>.StageBytes), freeStage = stage + Bf16HeadTile<TSize>.StageBytes;
        HeadCpAsync<TSize>.At(heads.Q(index), heads.GradO(index), block.FirstRow, heads.Queries, heads.Size, thread).Issue(freeStage, Rows);
        Ptx.CpAsyncCommit();
        var kv = HeadCpAsync<TSize>.At(heads.K(index), heads.V(index), 0, heads.Keys, heads.Size, thread);
        kv.Issue(stage, Bf16HeadTile<TSize>.TileRows);
        Ptx.CpAsyncCommit();
        float factor = Ptx.Hold(heads.Scale * ScoreMath.Log2E);
        int offsetB = Ptx.Hold(Bf16HeadTile<TSize>.OffsetB(lane)), offsetBt = Ptx.Hold(Bf16HeadTile<TSize>.OffsetBTransposed(lane));
        int query = row + FragmentLayout.CRow(lane, 0), lowerQuery = row + FragmentLayout.CRow(lane, 2);
        Float2 exponents = new(Ptx.Hold(heads.LoadLse(head, query) * ScoreMath.Log2E), Ptx.Hold(heads.LoadLse(head, lowerQuery) * ScoreMath.Log2E));
        var o = HeadFragments<TSize>.LoadGlobal(heads.O(index), row, heads.Queries, heads.Size, lane);
        Ptx.CpAsyncWait(1);
        Ptx.SyncThreads();
        int addressA = freeStage + warp * 16 * Bf16HeadTile<TSize>.Stride + Bf16HeadTile<TSize>.OffsetA(lane);
        HeadFragments<TSize> q = HeadFragments<TSize>.Load(addressA), dO = HeadFragments<TSize>.Load(addressA + Bf16HeadTile<TSize>.TileBytes);
        Float2 delta = dO.RowDots(o);
        float minusDeltaUpper = Ptx.Hold(-ScoreMath.QuadSum(delta.X)), minusDeltaLower = Ptx.Hold(-ScoreMath.QuadSum(delta.Y));
        saved.Store(head, query, exponents.X, minusDeltaUpper, lane);
        saved.Store(head, lowerQuery, exponents.Y, minusDeltaLower, lane);
        Float4 minusDelta = new(minusDeltaUpper, minusDeltaUpper, minusDeltaLower, minusDeltaLower);

        QueryGradAccumulators<TSize> acc = default;
        bool hasRows = row < heads.Queries;
        int keys = heads.Keys;
        for (; keys > Bf16HeadTile<TSize>.TileRows; keys -= Bf16HeadTile<TSize>.TileRows)
        {
            Ptx.CpAsyncWait(0);
            Ptx.SyncThreads();
            kv = kv.Next();
            kv.Issue(freeStage, Bf16HeadTile<TSize>.TileRows);
            Ptx.CpAsyncCommit();
            if (hasRows)
            {
                acc = acc.Add(q, dO, stage, offsetB, offsetBt, factor, exponents, minusDelta);
                acc = acc.Add(q, dO, stage + HalfTile, offsetB, offsetBt, factor, exponents, minusDelta);
            }
            (stage, freeStage) = (freeStage, stage);
        }
        Ptx.CpAsyncWait(0);
        Ptx.SyncThreads();
        // Warps past the last query only helped to load.
        if (!hasRows) return;
        acc = acc.Add(q, dO, stage, offsetB, offsetBt, factor, exponents, minusDelta, last: true, keys, lane);
        if (keys > 32) acc = acc.Add(q, dO, stage + HalfTile, offsetB, offsetBt, factor, exponents, minusDelta, last: true, keys - 32, lane);
        acc.Q.Scale(new Float2(heads.Scale, heads.Scale), default).Store(heads.Of(dQ, index, heads.Queries), row, heads.Queries, heads.Size,
            freeStage + warp * RowAccumulators<TSize, OneRowTile>.SharedBytes, lane);
    }
}

/// <summary>Accumulators of a warp of <see cref="Bf16AttentionQueryGrad{TSize}"/>: dQ / scale of 16 queries.</summary>
readonly struct QueryGradAccumulators<TSize>(RowAccumulators<TSize, OneRowTile> q) where TSize : struct, IHeadSize
{
    public readonly RowAccumulators<TSize, OneRowTile> Q = q;

    /// <summary>Adds 32 keys, or the last of them, masked; their values are a tile further on.</summary>
    public QueryGradAccumulators<TSize> Add(HeadFragments<TSize> q, HeadFragments<TSize> dO, int stage, int offsetB, int offsetBt,
        float factor, Float2 exponents, Float4 minusDelta, bool last = false, int keys = 0, int lane = 0)
    {
        var s = q.MulTransposed(default, default(ScoreRows<OneRowTile>), stage + offsetB).Upper;
        // Start the accumulators of dP = dO·Vᵀ at -delta, which saves a subtraction.
        var acc0 = new ScoreRows<OneRowTile>(new AccumulatorRow(minusDelta, minusDelta, minusDelta, minusDelta), default);
        var dp = dO.MulTransposed(default, acc0, stage + offsetB + Bf16HeadTile<TSize>.TileBytes).Upper;
        if (last) s = OnlineSoftmax.Mask(s, keys, lane);
        var p = OnlineSoftmax.Exp2(s, factor, exponents);
        var ds = new AccumulatorRow(p.N0 * dp.N0, p.N1 * dp.N1, p.N2 * dp.N2, p.N3 * dp.N3);
        return new(Q.MulAdd(new ScoreRows<OneRowTile>(ds, default), stage + offsetBt));
    }
}
