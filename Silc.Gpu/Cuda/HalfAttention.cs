using ILGPU;

namespace Silc;

/// <summary>
/// Attention of stored bf16, as <see cref="TensorAttention{TMma,TSize,TReads,TValues}"/>: of two stages of keys and values one is used while
/// the other is on its way, past the registers; queries stay in registers.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct HalfAttention<TSize, TBlocks, TFit>(HeadsAt heads, int blocks) : IKernel
    where TSize : struct, IHeadSize where TBlocks : struct, IRowBlocks where TFit : struct, IFit
{
    /// <summary>Queries of a group.</summary>
    public static int Rows => HeadLines<TSize>.Threads / 2 * TBlocks.Count;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5, row = warp * 16 * TBlocks.Count;
        var group = GroupPlace.Of(Grid.IdxX, blocks, Rows);
        var place = heads.PlaceOf(group.Head);
        int tile = Ptx.Shared(2 * HeadLines<TSize>.StageBytes), free = tile + HeadLines<TSize>.StageBytes;
        HeadFetch<TSize>.At(heads.Q(place), default, group.First, heads.Queries, heads.Size, thread).BeginFirst(free, Rows);
        Ptx.EndBatch();
        var kv = HeadFetch<TSize>.At(heads.K(place), heads.V(place), 0, heads.Keys, heads.Size, thread);
        kv.Begin(tile, HeadLines<TSize>.Passing);
        Ptx.EndBatch();
        float factor = Ptx.Hold(heads.Scale * Scores.Log2E);
        int right = Ptx.Hold(HeadLines<TSize>.Right(lane)), turned = Ptx.Hold(HeadLines<TSize>.Turned(lane) + HeadLines<TSize>.TileBytes);
        Ptx.AwaitBatches(1);
        Ptx.Barrier();
        int left = free + row * HeadLines<TSize>.Stride + HeadLines<TSize>.Left(lane);
        HeadWords<TSize> up = HeadWords<TSize>.Load(left);
        HeadWords<TSize> low = TBlocks.Count == 2 ? HeadWords<TSize>.Load(left + 16 * HeadLines<TSize>.Stride) : default;

        var sums = AttentionSums<TSize, TBlocks>.Empty;
        int keys = heads.Keys;
        for (; keys > HeadLines<TSize>.Passing; keys -= HeadLines<TSize>.Passing)
        {
            // This tile has come, for all; and all are done with the one before, whose place the next one takes.
            Ptx.AwaitBatches(0);
            Ptx.Barrier();
            kv = kv.Next();
            kv.Begin(free, HeadLines<TSize>.Passing);
            Ptx.EndBatch();
            sums = sums.Add(up, low, tile + right, tile + turned, factor);
            (tile, free) = (free, tile);
        }
        Ptx.AwaitBatches(0);
        Ptx.Barrier();
        // Warps behind the last query only copied.
        if (group.First + row >= heads.Queries) return;
        sums = sums.AddLast(up, low, tile + right, tile + turned, factor, keys, lane);
        // By way of the stage that was not used last: nobody reads it any more.
        sums.Store(heads, group.Head, place, group.First + row, free + warp * RowSums<TSize, TBlocks>.SharedBytes, lane);
    }
}
