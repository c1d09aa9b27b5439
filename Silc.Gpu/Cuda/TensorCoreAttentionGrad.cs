using ILGPU;

namespace Silc;

/// <summary>Rows of a block of the gradient kernels: four tiles must fit into 48 KiB of shared memory.</summary>
static class AttentionGradTile<TMma, TSize, TLoad> where TMma : struct, IMma where TSize : struct, IHeadSize where TLoad : struct, IGlobalLoad
{
    public static int Rows => HeadTile<TMma, TSize, TLoad>.Words <= 40 ? 64 : 32;
    public static int Threads => Rows * 2;
    public static int Bytes => HeadTile<TMma, TSize, TLoad>.Bytes(2 * Rows + 2 * HeadLayout.TileRows);
}

/// <summary>
/// dQ of attention: recompute P = exp(S - lse), then dS = P ∘ (dO·Vᵀ - delta)·scale and dQ = dS·K. As in <see
/// cref="TensorCoreAttention{TMma,TSize,TLoad,TQuads}"/>, a warp has 16 queries, and K and V are streamed.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct TensorCoreAttentionQueryGrad<TMma, TSize, TLoad, TQuads>(HeadLayout heads, MatrixPointer dQ, EpilogueShape shape,
    int blocksPerHead) : IKernel
    where TMma : struct, IMma where TSize : struct, IHeadSize where TLoad : struct, IGlobalLoad where TQuads : struct, IQuadAccess
{
    public void Execute()
    {
        int rows = AttentionGradTile<TMma, TSize, TLoad>.Rows, threads = AttentionGradTile<TMma, TSize, TLoad>.Threads;
        int thread = Group.IdxX, lane = thread & 31, row = thread / 32 * 16, head = Grid.IdxX / blocksPerHead,
            first = Grid.IdxX % blocksPerHead * rows;
        HeadTile<TMma, TSize, TLoad> q = new(Ptx.Shared(AttentionGradTile<TMma, TSize, TLoad>.Bytes)), dO = q.Next(rows), k = dO.Next(rows);
        var v = k.Next(HeadLayout.TileRows);
        MatrixPointer keys = heads.K(head), values = heads.V(head);
        q.Copy(heads.Q(head), first, rows, heads.Queries, heads.Size, thread, threads);
        dO.Copy(heads.GradO(head), first, rows, heads.Queries, heads.Size, thread, threads);
        int query = first + row + FragmentLayout.CRow(lane, 0), lowerQuery = first + row + FragmentLayout.CRow(lane, 2);
        float lse = heads.LoadLse(head, query) * ScoreMath.Log2E, lowerLse = heads.LoadLse(head, lowerQuery) * ScoreMath.Log2E;
        float minusDeltaUpper = -heads.LoadDelta(head, query), minusDeltaLower = -heads.LoadDelta(head, lowerQuery);
        var minusDelta = new Float4(minusDeltaUpper, minusDeltaUpper, minusDeltaLower, minusDeltaLower);

        HeadAccumulators<TMma, TSize, TLoad> acc = default;
        for (int key = 0; key < heads.Keys; key += HeadLayout.TileRows)
        {
            k.Copy(keys, key, HeadLayout.TileRows, heads.Keys, heads.Size, thread, threads);
            v.Copy(values, key, HeadLayout.TileRows, heads.Keys, heads.Size, thread, threads);
            Ptx.SyncThreads();
            var s = ScoreMath.Scaled(q.MulTransposed(row, k, lane), heads.Scale * ScoreMath.Log2E, key, heads.Keys, lane);
            var p = ScoreMath.Exp2(s, lse, lowerLse);
            var dp = dO.MulTransposed(row, v, lane);
            var ds = new AccumulatorRow(
                Grad(p.N0, dp.N0, minusDelta), Grad(p.N1, dp.N1, minusDelta), Grad(p.N2, dp.N2, minusDelta), Grad(p.N3, dp.N3, minusDelta));
            acc = acc.MulAdd(ds, k, lane);
            Ptx.SyncThreads();
        }
        acc.Store(new BiasEpilogue<TQuads>(heads.Of(dQ, head, heads.Queries), default, default, shape), first + row, q.Address, thread);
    }

    Float4 Grad(Float4 p, Float4 dp, Float4 minusDelta) => p * (dp + minusDelta) * heads.Scale;
}

/// <summary>
/// dK and dV of attention: a warp has 16 keys, and Q and dO are streamed. Scores are computed transposed, keys by queries, so that dV =
/// Pᵀ·dO and dK = dSᵀ·Q take their A fragments from the accumulators.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct TensorCoreAttentionKeyGrad<TMma, TSize, TLoad, TQuads>(HeadLayout heads, MatrixPointer dK, MatrixPointer dV,
    EpilogueShape shapeK, EpilogueShape shapeV, int blocksPerHead) : IKernel
    where TMma : struct, IMma where TSize : struct, IHeadSize where TLoad : struct, IGlobalLoad where TQuads : struct, IQuadAccess
{
    public void Execute()
    {
        int rows = AttentionGradTile<TMma, TSize, TLoad>.Rows, threads = AttentionGradTile<TMma, TSize, TLoad>.Threads;
        int thread = Group.IdxX, lane = thread & 31, row = thread / 32 * 16, head = Grid.IdxX / blocksPerHead,
            first = Grid.IdxX % blocksPerHead * rows;
        HeadTile<TMma, TSize, TLoad> k = new(Ptx.Shared(AttentionGradTile<TMma, TSize, TLoad>.Bytes + 8 * HeadLayout.TileRows)), v = k.Next(rows);
        HeadTile<TMma, TSize, TLoad> q = v.Next(rows), dO = q.Next(HeadLayout.TileRows);
        int lse = dO.Next(HeadLayout.TileRows).Address, minusDelta = lse + 4 * HeadLayout.TileRows;
        MatrixPointer queries = heads.Q(head), grads = heads.GradO(head);
        k.Copy(heads.K(head), first, rows, heads.Keys, heads.Size, thread, threads);
        v.Copy(heads.V(head), first, rows, heads.Keys, heads.Size, thread, threads);

        HeadAccumulators<TMma, TSize, TLoad> accK = default, accV = default;
        for (int query = 0; query < heads.Queries; query += HeadLayout.TileRows)
        {
            q.Copy(queries, query, HeadLayout.TileRows, heads.Queries, heads.Size, thread, threads);
            dO.Copy(grads, query, HeadLayout.TileRows, heads.Queries, heads.Size, thread, threads);
            if (thread < HeadLayout.TileRows)
            {
                Ptx.StoreShared(lse + 4 * thread, heads.LoadLse(head, query + thread) * ScoreMath.Log2E);
                Ptx.StoreShared(minusDelta + 4 * thread, -heads.LoadDelta(head, query + thread));
            }
            Ptx.SyncThreads();
            var s = ScoreMath.Scaled(k.MulTransposed(row, q, lane), heads.Scale * ScoreMath.Log2E, query, heads.Queries, lane);
            var p = new AccumulatorRow(Exp2(s.N0, lse, 0, lane), Exp2(s.N1, lse, 8, lane), Exp2(s.N2, lse, 16, lane), Exp2(s.N3, lse, 24, lane));
            accV = accV.MulAdd(p, dO, lane);
            var dp = v.MulTransposed(row, dO, lane);
            var ds = new AccumulatorRow(Grad(p.N0, dp.N0, OfColumns(minusDelta, 0, lane)), Grad(p.N1, dp.N1, OfColumns(minusDelta, 8, lane)),
                Grad(p.N2, dp.N2, OfColumns(minusDelta, 16, lane)), Grad(p.N3, dp.N3, OfColumns(minusDelta, 24, lane)));
            accK = accK.MulAdd(ds, q, lane);
            Ptx.SyncThreads();
        }
        accK.Store(new BiasEpilogue<TQuads>(heads.Of(dK, head, heads.Keys), default, default, shapeK), first + row, k.Address, thread);
        accV.Store(new BiasEpilogue<TQuads>(heads.Of(dV, head, heads.Keys), default, default, shapeV), first + row, k.Address, thread);
    }

    static Float4 Exp2(Float4 s, int saved, int column, int lane)
    {
        var lse = OfColumns(saved, column, lane);
        return new(Ptx.Exp2(s.X - lse.X), Ptx.Exp2(s.Y - lse.Y), Ptx.Exp2(s.Z - lse.X), Ptx.Exp2(s.W - lse.Y));
    }

    Float4 Grad(Float4 p, Float4 dp, Float4 minusDelta) => p * (dp + minusDelta) * heads.Scale;

    // A value for each query, in the columns of this lane's 16 x 8 accumulator fragment.
    static Float4 OfColumns(int saved, int column, int lane)
    {
        int address = saved + 4 * (column + FragmentLayout.CColumn(lane, 0));
        float first = Ptx.LoadShared(address), second = Ptx.LoadShared(address + 4);
        return new(first, second, first, second);
    }
}
