using ILGPU;

namespace Silc;

/// <summary>
/// All gradients of attention of stored bf16 where no more than 64 tokens ask and none but 64 answer, a head a group: what <see
/// cref="Bf16AttentionQueryGrad{TSize}"/> and then <see cref="Bf16AttentionKeyGrad{TSize,TFit}"/> do, with queries, dO, keys and values in shared
/// memory for both.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16AttentionGrad<TSize, TFit>(HeadLayout heads, MatrixPointer dQ, MatrixPointer dK, MatrixPointer dV) : IKernel
    where TSize : struct, IHeadSize where TFit : struct, IMinBlocks
{
    /// <summary>The most queries, and keys. Larger heads than 64 would not leave a tile of shared memory for the results.</summary>
    public const int MostRows = 64, MostChannels = 64;

    static int TileBytes => Bf16HeadTile<TSize>.TileBytes;
    static int HalfTile => 32 * Bf16HeadTile<TSize>.Stride;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, row = (thread >> 5) * 16, head = Grid.IdxX;
        var place = heads.PlaceOf(head);
        int rows = Ptx.Shared(5 * TileBytes + MostRows / 2 * SavedRows.PairBytes), tile = rows + 2 * TileBytes;
        int shared = tile + 2 * TileBytes + row * Bf16HeadTile<TSize>.Stride, kept = tile + 3 * TileBytes;
        HeadCpAsync<TSize>.At(heads.Q(place), heads.GradO(place), 0, heads.Queries, heads.Size, thread).Begin(rows, MostRows);
        HeadCpAsync<TSize>.At(heads.K(place), heads.V(place), 0, heads.Keys, heads.Size, thread).Begin(tile, MostRows);
        Ptx.CpAsyncCommit();
        var o = HeadFragments<TSize>.Read(heads.O(place), row, heads.Queries, heads.Size, lane);
        int query = row + FragmentLayout.SumRow(lane, 0), queryBelow = row + FragmentLayout.SumRow(lane, 2);
        Float2 exponents = new(heads.LoadLse(head, query) * ScoreMath.Log2E, heads.LoadLse(head, queryBelow) * ScoreMath.Log2E);
        float factor = heads.Scale * ScoreMath.Log2E;
        int left = row * Bf16HeadTile<TSize>.Stride + Bf16HeadTile<TSize>.Left(lane);
        int right = Bf16HeadTile<TSize>.Right(lane), turned = Bf16HeadTile<TSize>.Transposed(lane);
        Ptx.CpAsyncWait(0);
        Ptx.Barrier();

        // A warp has 16 queries.
        HeadFragments<TSize> q = HeadFragments<TSize>.Load(rows + left), dO = HeadFragments<TSize>.Load(rows + left + TileBytes);
        Float2 delta = dO.Dots(o);
        float less = -ScoreMath.SumAcrossGroup(delta.X), lessBelow = -ScoreMath.SumAcrossGroup(delta.Y);
        SavedRows.Put(kept, query, exponents.X, less);
        SavedRows.Put(kept, queryBelow, exponents.Y, lessBelow);
        if (row < heads.Queries)
        {
            Float4 lessDelta = new(less, less, lessBelow, lessBelow);
            var sums = default(QueryGradAccumulators<TSize>).Add(q, dO, tile, right, turned, factor, exponents, lessDelta, last: true, heads.Keys, lane);
            if (heads.Keys > 32)
                sums = sums.Add(q, dO, tile + HalfTile, right, turned, factor, exponents, lessDelta, last: true, heads.Keys - 32, lane);
            sums.Q.Scale(new Float2(heads.Scale, heads.Scale), default).Store(
                heads.Of(dQ, place, heads.Queries), row, heads.Queries, heads.Size, shared, lane);
        }
        Ptx.Barrier();

        // A warp has 16 keys.
        if (row >= heads.Keys) return;
        HeadFragments<TSize> k = HeadFragments<TSize>.Load(tile + left), v = HeadFragments<TSize>.Load(tile + left + TileBytes);
        int columns = kept + SavedRows.ColumnsOf(lane);
        var grads = default(KeyGradAccumulators<TSize>).Add(k, v, rows + right, rows + turned, columns, factor);
        if (heads.Queries > 32)
            grads = grads.Add(k, v, rows + right + HalfTile, rows + turned + HalfTile, columns + 4 * SavedRows.EightColumns, factor);
        grads.K.Scale(new Float2(heads.Scale, heads.Scale), default).Store(
            heads.Of(dK, place, heads.Keys), row, heads.Keys, heads.Size, shared, lane);
        Ptx.WarpBarrier();      // all have read dK
        grads.V.Store(heads.Of(dV, place, heads.Keys), row, heads.Keys, heads.Size, shared, lane);
    }
}
