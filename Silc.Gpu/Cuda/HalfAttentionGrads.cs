using ILGPU;

namespace Silc;

/// <summary>
/// All gradients of attention of stored bf16 where no more than 64 tokens ask and none but 64 answer, a head a group: what <see
/// cref="HalfAttentionQueryGrad{TSize}"/> and then <see cref="HalfAttentionKeyGrad{TSize,TFit}"/> do, with queries, dO, keys and values in shared
/// memory for both.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct HalfAttentionGrads<TSize, TFit>(HeadsAt heads, MatrixAt dQ, MatrixAt dK, MatrixAt dV) : IKernel
    where TSize : struct, IHeadSize where TFit : struct, IFit
{
    /// <summary>The most queries, and keys. Larger heads than 64 would not leave a tile of shared memory for the results.</summary>
    public const int MostRows = 64, MostChannels = 64;

    static int TileBytes => HeadLines<TSize>.TileBytes;
    static int HalfTile => 32 * HeadLines<TSize>.Stride;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, row = (thread >> 5) * 16, head = Grid.IdxX;
        var place = heads.PlaceOf(head);
        int rows = Ptx.Shared(5 * TileBytes + MostRows / 2 * KeptRows.PairBytes), tile = rows + 2 * TileBytes;
        int shared = tile + 2 * TileBytes + row * HeadLines<TSize>.Stride, kept = tile + 3 * TileBytes;
        HeadFetch<TSize>.At(heads.Q(place), heads.GradO(place), 0, heads.Queries, heads.Size, thread).Begin(rows, MostRows);
        HeadFetch<TSize>.At(heads.K(place), heads.V(place), 0, heads.Keys, heads.Size, thread).Begin(tile, MostRows);
        Ptx.EndBatch();
        var o = HeadWords<TSize>.Read(heads.O(place), row, heads.Queries, heads.Size, lane);
        int query = row + FragmentLayout.SumRow(lane, 0), queryBelow = row + FragmentLayout.SumRow(lane, 2);
        Float2 exponents = new(heads.LoadLse(head, query) * Scores.Log2E, heads.LoadLse(head, queryBelow) * Scores.Log2E);
        float factor = heads.Scale * Scores.Log2E;
        int left = row * HeadLines<TSize>.Stride + HeadLines<TSize>.Left(lane);
        int right = HeadLines<TSize>.Right(lane), turned = HeadLines<TSize>.Turned(lane);
        Ptx.AwaitBatches(0);
        Ptx.Barrier();

        // A warp has 16 queries.
        HeadWords<TSize> q = HeadWords<TSize>.Load(rows + left), dO = HeadWords<TSize>.Load(rows + left + TileBytes);
        Float2 delta = dO.Dots(o);
        float less = -Scores.SumAcrossGroup(delta.X), lessBelow = -Scores.SumAcrossGroup(delta.Y);
        KeptRows.Put(kept, query, exponents.X, less);
        KeptRows.Put(kept, queryBelow, exponents.Y, lessBelow);
        if (row < heads.Queries)
        {
            Float4 lessDelta = new(less, less, lessBelow, lessBelow);
            var sums = default(QueryGradSums<TSize>).Add(q, dO, tile, right, turned, factor, exponents, lessDelta, last: true, heads.Keys, lane);
            if (heads.Keys > 32)
                sums = sums.Add(q, dO, tile + HalfTile, right, turned, factor, exponents, lessDelta, last: true, heads.Keys - 32, lane);
            sums.Q.Scale(new Float2(heads.Scale, heads.Scale), default).Store(
                heads.Of(dQ, place, heads.Queries), row, heads.Queries, heads.Size, shared, lane);
        }
        Ptx.Barrier();

        // A warp has 16 keys.
        if (row >= heads.Keys) return;
        HeadWords<TSize> k = HeadWords<TSize>.Load(tile + left), v = HeadWords<TSize>.Load(tile + left + TileBytes);
        int columns = kept + KeptRows.ColumnsOf(lane);
        var grads = default(KeyGradSums<TSize>).Add(k, v, rows + right, rows + turned, columns, factor);
        if (heads.Queries > 32)
            grads = grads.Add(k, v, rows + right + HalfTile, rows + turned + HalfTile, columns + 4 * KeptRows.EightColumns, factor);
        grads.K.Scale(new Float2(heads.Scale, heads.Scale), default).Store(
            heads.Of(dK, place, heads.Keys), row, heads.Keys, heads.Size, shared, lane);
        Ptx.WarpBarrier();      // all have read dK
        grads.V.Store(heads.Of(dV, place, heads.Keys), row, heads.Keys, heads.Size, shared, lane);
    }
}
