using ILGPU;

namespace Silc;

/// <summary>
/// Attention's backward for at most 64 queries and 64 keys, one head a block: what <see cref="Bf16AttentionQueryGrad{TSize}"/> and then
/// <see cref="Bf16AttentionKeyGrad{TSize,TOccupancy}"/> do, in one kernel, with Q, dO, K and V all in shared memory.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16AttentionGrad<TSize, TOccupancy>(HeadLayout heads, MatrixPointer dQ, MatrixPointer dK, MatrixPointer dV) : IKernel
    where TSize : struct, IHeadSize where TOccupancy : struct, IMinBlocks
{
    /// <summary>
    /// Most queries, and most keys. Heads of more than 64 channels would not leave shared memory for the tile of results.
    /// </summary>
    public const int MaxRows = 64, MaxChannels = 64;

    static int TileBytes => Bf16HeadTile<TSize>.TileBytes;
    static int HalfTile => 32 * Bf16HeadTile<TSize>.Stride;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, row = (thread >> 5) * 16, head = Grid.IdxX;
        var index = heads.IndexOf(head);
        int rows = Ptx.Shared(5 * TileBytes + MaxRows / 2 * SavedRows.PairBytes), stage = rows + 2 * TileBytes;
        int shared = stage + 2 * TileBytes + row * Bf16HeadTile<TSize>.Stride, saved = stage + 3 * TileBytes;
        HeadCpAsync<TSize>.At(heads.Q(index), heads.GradO(index), 0, heads.Queries, heads.Size, thread).Issue(rows, MaxRows);
        HeadCpAsync<TSize>.At(heads.K(index), heads.V(index), 0, heads.Keys, heads.Size, thread).Issue(stage, MaxRows);
        Ptx.CpAsyncCommit();
        var o = HeadFragments<TSize>.LoadGlobal(heads.O(index), row, heads.Queries, heads.Size, lane);
        int query = row + FragmentLayout.CRow(lane, 0), lowerQuery = row + FragmentLayout.CRow(lane, 2);
        Float2 exponents = new(heads.LoadLse(head, query) * ScoreMath.Log2E, heads.LoadLse(head, lowerQuery) * ScoreMath.Log2E);
        float factor = heads.Scale * ScoreMath.Log2E;
        int addressA = row * Bf16HeadTile<TSize>.Stride + Bf16HeadTile<TSize>.OffsetA(lane);
        int offsetB = Bf16HeadTile<TSize>.OffsetB(lane), offsetBt = Bf16HeadTile<TSize>.OffsetBTransposed(lane);
        Ptx.CpAsyncWait(0);
        Ptx.SyncThreads();

        // dQ: a warp has 16 queries.
        HeadFragments<TSize> q = HeadFragments<TSize>.Load(rows + addressA), dO = HeadFragments<TSize>.Load(rows + addressA + TileBytes);
        Float2 delta = dO.RowDots(o);
        float minusDeltaUpper = -ScoreMath.QuadSum(delta.X), minusDeltaLower = -ScoreMath.QuadSum(delta.Y);
        SavedRows.StoreShared(saved, query, exponents.X, minusDeltaUpper);
        SavedRows.StoreShared(saved, lowerQuery, exponents.Y, minusDeltaLower);
        if (row < heads.Queries)
        {
            Float4 minusDelta = new(minusDeltaUpper, minusDeltaUpper, minusDeltaLower, minusDeltaLower);
            var acc = default(QueryGradAccumulators<TSize>)
                .Add(q, dO, stage, offsetB, offsetBt, factor, exponents, minusDelta, last: true, heads.Keys, lane);
            if (heads.Keys > 32)
                acc = acc.Add(q, dO, stage + HalfTile, offsetB, offsetBt, factor, exponents, minusDelta, last: true, heads.Keys - 32, lane);
            acc.Q.Scale(new Float2(heads.Scale, heads.Scale), default).Store(
                heads.Of(dQ, index, heads.Queries), row, heads.Queries, heads.Size, shared, lane);
        }
        Ptx.SyncThreads();

        // dK and dV: a warp has 16 keys.
        if (row >= heads.Keys) return;
        HeadFragments<TSize> k = HeadFragments<TSize>.Load(stage + addressA), v = HeadFragments<TSize>.Load(stage + addressA + TileBytes);
        int columns = saved + SavedRows.ColumnOffset(lane);
        var grads = default(KeyGradAccumulators<TSize>).Add(k, v, rows + offsetB, rows + offsetBt, columns, factor);
        if (heads.Queries > 32)
            grads = grads.Add(k, v, rows + offsetB + HalfTile, rows + offsetBt + HalfTile, columns + 4 * SavedRows.EightColumns, factor);
        grads.K.Scale(new Float2(heads.Scale, heads.Scale), default).Store(
            heads.Of(dK, index, heads.Keys), row, heads.Keys, heads.Size, shared, lane);
        Ptx.SyncWarp();      // all have read dK
        grads.V.Store(heads.Of(dV, index, heads.Keys), row, heads.Keys, heads.Size, shared, lane);
    }
}
