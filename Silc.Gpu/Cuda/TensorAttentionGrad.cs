using ILGPU;

namespace Silc;

/// <summary>delta = Σ dO·o over the channels of a head, one thread a query and head: what a softmax's gradient subtracts.</summary>
readonly struct AttentionDelta(HeadsAt heads, int rows) : IKernel
{
    public void Execute()
    {
        int i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i >= rows) return;
        int head = i / heads.Queries, query = i % heads.Queries;
        long o = heads.O(head).At(query, 0), dO = heads.GradO(head).At(query, 0);
        float sum = 0;
        for (int channel = 0; channel < heads.Size; channel++) sum += Ptx.Load(o + 4 * channel) * Ptx.Load(dO + 4 * channel);
        Ptx.Store(heads.Delta(head, query), sum);
    }
}

/// <summary>How many rows a group of the gradients' kernels takes: four tiles must fit into 48 KiB of shared memory.</summary>
static class GradTile<TMma, TSize, TReads> where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IReads
{
    public static int Rows => HeadTile<TMma, TSize, TReads>.Words <= 40 ? 64 : 32;
    public static int Threads => Rows * 2;
}

/// <summary>
/// dQ of attention: p = exp(s - lse) again, ds = p·(dO·vᵀ - delta)·scale, dQ = ds·k. As <see cref="TensorAttention{TMma,TSize,TReads}"/>, a warp has
/// 16 queries, and keys and values pass by.
/// </summary>
readonly struct TensorAttentionQueryGrad<TMma, TSize, TReads>(HeadsAt heads, MatrixAt dQ, Cells cells, int blocks) : IKernel
    where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IReads
{
    public void Execute()
    {
        int rows = GradTile<TMma, TSize, TReads>.Rows, threads = GradTile<TMma, TSize, TReads>.Threads, passing = HeadTile<TMma, TSize, TReads>.Passing;
        int thread = Group.IdxX, group = Grid.IdxX, lane = thread & 31, row = thread / 32 * 16, head = group / blocks, first = group % blocks * rows;
        int q = Ptx.Shared(HeadTile<TMma, TSize, TReads>.Bytes(2 * rows + 2 * passing)), dO = q + HeadTile<TMma, TSize, TReads>.Bytes(rows);
        int k = dO + HeadTile<TMma, TSize, TReads>.Bytes(rows), v = k + HeadTile<TMma, TSize, TReads>.Bytes(passing);
        MatrixAt keys = heads.K(head), values = heads.V(head);
        HeadTile<TMma, TSize, TReads>.Copy(heads.Q(head), first, rows, heads.Queries, heads.Size, q, thread, threads);
        HeadTile<TMma, TSize, TReads>.Copy(heads.GradO(head), first, rows, heads.Queries, heads.Size, dO, thread, threads);
        int query = first + row + FragmentLayout.SumRow(lane, 0), queryBelow = first + row + FragmentLayout.SumRow(lane, 2);
        float lse = Ptx.Load(heads.Lse(head, query), query, heads.Queries, 0, 1) * Scores.Log2E, delta = Ptx.Load(heads.Delta(head, query), query, heads.Queries, 0, 1);
        float lseBelow = Ptx.Load(heads.Lse(head, queryBelow), queryBelow, heads.Queries, 0, 1) * Scores.Log2E;
        float deltaBelow = Ptx.Load(heads.Delta(head, queryBelow), queryBelow, heads.Queries, 0, 1);

        HeadSums<TMma, TSize, TReads> sums = default;
        for (int key = 0; key < heads.Keys; key += passing)
        {
            HeadTile<TMma, TSize, TReads>.Copy(keys, key, passing, heads.Keys, heads.Size, k, thread, threads);
            HeadTile<TMma, TSize, TReads>.Copy(values, key, passing, heads.Keys, heads.Size, v, thread, threads);
            Ptx.Barrier();
            var s = Scores.Scaled(HeadTile<TMma, TSize, TReads>.Products(q, row, k, lane), heads.Scale * Scores.Log2E, key, heads.Keys, lane);
            var p = Scores.Exp2(s, lse, lseBelow);
            var dp = HeadTile<TMma, TSize, TReads>.Products(dO, row, v, lane);
            var below = new Float4(delta, delta, deltaBelow, deltaBelow);
            var ds = new SumsRow(Grad(p.N0, dp.N0, below), Grad(p.N1, dp.N1, below), Grad(p.N2, dp.N2, below), Grad(p.N3, dp.N3, below));
            sums = sums.Add(ds, k, lane);
            Ptx.Barrier();
        }
        sums.Store(new Sums(heads.Of(dQ, head, heads.Queries), default, default, cells), first + row, q + thread / 32 * SumsBlock.SharedBytes, lane);
    }

    Float4 Grad(Float4 p, Float4 dp, Float4 delta) => p * (dp + delta * -1) * heads.Scale;
}

/// <summary>
/// dK and dV of attention: a warp has 16 keys, and queries with their dO pass by. Scores are made turned, keys down and queries across, so that
/// dV = pᵀ·dO and dK = dsᵀ·q again take their weights from registers.
/// </summary>
readonly struct TensorAttentionKeyGrad<TMma, TSize, TReads>(HeadsAt heads, MatrixAt dK, MatrixAt dV, Cells cellsOfK, Cells cellsOfV, int blocks) : IKernel
    where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IReads
{
    public void Execute()
    {
        int rows = GradTile<TMma, TSize, TReads>.Rows, threads = GradTile<TMma, TSize, TReads>.Threads, passing = HeadTile<TMma, TSize, TReads>.Passing;
        int thread = Group.IdxX, group = Grid.IdxX, lane = thread & 31, row = thread / 32 * 16, head = group / blocks, first = group % blocks * rows;
        int k = Ptx.Shared(HeadTile<TMma, TSize, TReads>.Bytes(2 * rows + 2 * passing) + 8 * passing), v = k + HeadTile<TMma, TSize, TReads>.Bytes(rows);
        int q = v + HeadTile<TMma, TSize, TReads>.Bytes(rows), dO = q + HeadTile<TMma, TSize, TReads>.Bytes(passing), kept = dO + HeadTile<TMma, TSize, TReads>.Bytes(passing);
        MatrixAt queries = heads.Q(head), grads = heads.GradO(head);
        HeadTile<TMma, TSize, TReads>.Copy(heads.K(head), first, rows, heads.Keys, heads.Size, k, thread, threads);
        HeadTile<TMma, TSize, TReads>.Copy(heads.V(head), first, rows, heads.Keys, heads.Size, v, thread, threads);

        HeadSums<TMma, TSize, TReads> sumsOfK = default, sumsOfV = default;
        for (int query = 0; query < heads.Queries; query += passing)
        {
            HeadTile<TMma, TSize, TReads>.Copy(queries, query, passing, heads.Queries, heads.Size, q, thread, threads);
            HeadTile<TMma, TSize, TReads>.Copy(grads, query, passing, heads.Queries, heads.Size, dO, thread, threads);
            if (thread < passing)
            {
                Ptx.StoreShared(kept + 4 * thread, Ptx.Load(heads.Lse(head, query + thread), query + thread, heads.Queries, 0, 1) * Scores.Log2E);
                Ptx.StoreShared(kept + 4 * (passing + thread), Ptx.Load(heads.Delta(head, query + thread), query + thread, heads.Queries, 0, 1));
            }
            Ptx.Barrier();
            var s = Scores.Scaled(HeadTile<TMma, TSize, TReads>.Products(k, row, q, lane), heads.Scale * Scores.Log2E, query, heads.Queries, lane);
            var p = new SumsRow(Exp2(s.N0, kept, 0, lane), Exp2(s.N1, kept, 8, lane), Exp2(s.N2, kept, 16, lane), Exp2(s.N3, kept, 24, lane));
            sumsOfV = sumsOfV.Add(p, dO, lane);
            var dp = HeadTile<TMma, TSize, TReads>.Products(v, row, dO, lane);
            kept += 4 * passing;
            var ds = new SumsRow(Grad(p.N0, dp.N0, kept, 0, lane), Grad(p.N1, dp.N1, kept, 8, lane), Grad(p.N2, dp.N2, kept, 16, lane), Grad(p.N3, dp.N3, kept, 24, lane));
            kept -= 4 * passing;
            sumsOfK = sumsOfK.Add(ds, q, lane);
            Ptx.Barrier();
        }
        sumsOfK.Store(new Sums(heads.Of(dK, head, heads.Keys), default, default, cellsOfK), first + row, k + thread / 32 * SumsBlock.SharedBytes, lane);
        sumsOfV.Store(new Sums(heads.Of(dV, head, heads.Keys), default, default, cellsOfV), first + row, k + thread / 32 * SumsBlock.SharedBytes, lane);
    }

    static Float4 Exp2(Float4 s, int kept, int column, int lane)
    {
        var lse = OfColumns(kept, column, lane);
        return new(Ptx.Exp2(s.X - lse.X), Ptx.Exp2(s.Y - lse.Y), Ptx.Exp2(s.Z - lse.X), Ptx.Exp2(s.W - lse.Y));
    }

    Float4 Grad(Float4 p, Float4 dp, int kept, int column, int lane) => p * (dp + OfColumns(kept, column, lane) * -1) * heads.Scale;

    // What is kept for each query, at this lane's places of 16 x 8 sums.
    static Float4 OfColumns(int kept, int column, int lane)
    {
        int address = kept + 4 * (column + FragmentLayout.SumColumn(lane, 0));
        float first = Ptx.LoadShared(address), second = Ptx.LoadShared(address + 4);
        return new(first, second, first, second);
    }
}
