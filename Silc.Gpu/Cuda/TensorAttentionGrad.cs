using ILGPU;

namespace Silc;

/// <summary>How many rows a group of the gradients' kernels takes: four tiles must fit into 48 KiB of shared memory.</summary>
static class AttentionGradTile<TMma, TSize, TReads> where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IGlobalLoad
{
    public static int Rows => HeadTile<TMma, TSize, TReads>.Words <= 40 ? 64 : 32;
    public static int Threads => Rows * 2;
    public static int Bytes => HeadTile<TMma, TSize, TReads>.Bytes(2 * Rows + 2 * HeadLayout.Passing);
}

/// <summary>
/// dQ of attention: p = exp(s - lse) again, ds = p·(dO·vᵀ - delta)·scale, dQ = ds·k. As <see
/// cref="TensorCoreAttention{TMma,TSize,TReads,TValues}"/>, a warp has 16 queries, and keys and values pass by.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct TensorCoreAttentionQueryGrad<TMma, TSize, TReads, TValues>(HeadLayout heads, MatrixPointer dQ, EpilogueShape cells, int blocks) : IKernel
    where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IGlobalLoad where TValues : struct, IQuadAccess
{
    public void Execute()
    {
        int rows = AttentionGradTile<TMma, TSize, TReads>.Rows, threads = AttentionGradTile<TMma, TSize, TReads>.Threads;
        int thread = Group.IdxX, lane = thread & 31, row = thread / 32 * 16, head = Grid.IdxX / blocks, first = Grid.IdxX % blocks * rows;
        HeadTile<TMma, TSize, TReads> q = new(Ptx.Shared(AttentionGradTile<TMma, TSize, TReads>.Bytes)), dO = q.Behind(rows), k = dO.Behind(rows);
        var v = k.Behind(HeadLayout.Passing);
        MatrixPointer keys = heads.K(head), values = heads.V(head);
        q.Copy(heads.Q(head), first, rows, heads.Queries, heads.Size, thread, threads);
        dO.Copy(heads.GradO(head), first, rows, heads.Queries, heads.Size, thread, threads);
        int query = first + row + FragmentLayout.SumRow(lane, 0), queryBelow = first + row + FragmentLayout.SumRow(lane, 2);
        float lse = heads.LoadLse(head, query) * ScoreMath.Log2E, lseBelow = heads.LoadLse(head, queryBelow) * ScoreMath.Log2E;
        float less = -heads.LoadDelta(head, query), lessBelow = -heads.LoadDelta(head, queryBelow);
        var lessDelta = new Float4(less, less, lessBelow, lessBelow);

        HeadAccumulators<TMma, TSize, TReads> sums = default;
        for (int key = 0; key < heads.Keys; key += HeadLayout.Passing)
        {
            k.Copy(keys, key, HeadLayout.Passing, heads.Keys, heads.Size, thread, threads);
            v.Copy(values, key, HeadLayout.Passing, heads.Keys, heads.Size, thread, threads);
            Ptx.Barrier();
            var s = ScoreMath.Scaled(q.Products(row, k, lane), heads.Scale * ScoreMath.Log2E, key, heads.Keys, lane);
            var p = ScoreMath.Exp2(s, lse, lseBelow);
            var dp = dO.Products(row, v, lane);
            var ds = new AccumulatorRow(
                Grad(p.N0, dp.N0, lessDelta), Grad(p.N1, dp.N1, lessDelta), Grad(p.N2, dp.N2, lessDelta), Grad(p.N3, dp.N3, lessDelta));
            sums = sums.Add(ds, k, lane);
            Ptx.Barrier();
        }
        sums.Store(new BiasEpilogue<TValues>(heads.Of(dQ, head, heads.Queries), default, default, cells), first + row, q.Address, thread);
    }

    Float4 Grad(Float4 p, Float4 dp, Float4 lessDelta) => p * (dp + lessDelta) * heads.Scale;
}

/// <summary>
/// dK and dV of attention: a warp has 16 keys, and queries with their dO pass by. Scores are made turned, keys down and queries
/// across, so that dV = pᵀ·dO and dK = dsᵀ·q again take their weights from registers.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct TensorCoreAttentionKeyGrad<TMma, TSize, TReads, TValues>(HeadLayout heads, MatrixPointer dK, MatrixPointer dV, EpilogueShape ofK, EpilogueShape ofV, int blocks) : IKernel
    where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IGlobalLoad where TValues : struct, IQuadAccess
{
    public void Execute()
    {
        int rows = AttentionGradTile<TMma, TSize, TReads>.Rows, threads = AttentionGradTile<TMma, TSize, TReads>.Threads;
        int thread = Group.IdxX, lane = thread & 31, row = thread / 32 * 16, head = Grid.IdxX / blocks, first = Grid.IdxX % blocks * rows;
        HeadTile<TMma, TSize, TReads> k = new(Ptx.Shared(AttentionGradTile<TMma, TSize, TReads>.Bytes + 8 * HeadLayout.Passing)), v = k.Behind(rows);
        HeadTile<TMma, TSize, TReads> q = v.Behind(rows), dO = q.Behind(HeadLayout.Passing);
        int lse = dO.Behind(HeadLayout.Passing).Address, lessDelta = lse + 4 * HeadLayout.Passing;
        MatrixPointer queries = heads.Q(head), grads = heads.GradO(head);
        k.Copy(heads.K(head), first, rows, heads.Keys, heads.Size, thread, threads);
        v.Copy(heads.V(head), first, rows, heads.Keys, heads.Size, thread, threads);

        HeadAccumulators<TMma, TSize, TReads> sumsOfK = default, sumsOfV = default;
        for (int query = 0; query < heads.Queries; query += HeadLayout.Passing)
        {
            q.Copy(queries, query, HeadLayout.Passing, heads.Queries, heads.Size, thread, threads);
            dO.Copy(grads, query, HeadLayout.Passing, heads.Queries, heads.Size, thread, threads);
            if (thread < HeadLayout.Passing)
            {
                Ptx.StoreShared(lse + 4 * thread, heads.LoadLse(head, query + thread) * ScoreMath.Log2E);
                Ptx.StoreShared(lessDelta + 4 * thread, -heads.LoadDelta(head, query + thread));
            }
            Ptx.Barrier();
            var s = ScoreMath.Scaled(k.Products(row, q, lane), heads.Scale * ScoreMath.Log2E, query, heads.Queries, lane);
            var p = new AccumulatorRow(Exp2(s.N0, lse, 0, lane), Exp2(s.N1, lse, 8, lane), Exp2(s.N2, lse, 16, lane), Exp2(s.N3, lse, 24, lane));
            sumsOfV = sumsOfV.Add(p, dO, lane);
            var dp = v.Products(row, dO, lane);
            var ds = new AccumulatorRow(Grad(p.N0, dp.N0, OfColumns(lessDelta, 0, lane)), Grad(p.N1, dp.N1, OfColumns(lessDelta, 8, lane)),
                Grad(p.N2, dp.N2, OfColumns(lessDelta, 16, lane)), Grad(p.N3, dp.N3, OfColumns(lessDelta, 24, lane)));
            sumsOfK = sumsOfK.Add(ds, q, lane);
            Ptx.Barrier();
        }
        sumsOfK.Store(new BiasEpilogue<TValues>(heads.Of(dK, head, heads.Keys), default, default, ofK), first + row, k.Address, thread);
        sumsOfV.Store(new BiasEpilogue<TValues>(heads.Of(dV, head, heads.Keys), default, default, ofV), first + row, k.Address, thread);
    }

    static Float4 Exp2(Float4 s, int kept, int column, int lane)
    {
        var lse = OfColumns(kept, column, lane);
        return new(Ptx.Exp2(s.X - lse.X), Ptx.Exp2(s.Y - lse.Y), Ptx.Exp2(s.Z - lse.X), Ptx.Exp2(s.W - lse.Y));
    }

    Float4 Grad(Float4 p, Float4 dp, Float4 lessDelta) => p * (dp + lessDelta) * heads.Scale;

    // What is kept for each query, at this lane's places of 16 x 8 sums.
    static Float4 OfColumns(int kept, int column, int lane)
    {
        int address = kept + 4 * (column + FragmentLayout.SumColumn(lane, 0));
        float first = Ptx.LoadShared(address), second = Ptx.LoadShared(address + 4);
        return new(first, second, first, second);
    }
}
