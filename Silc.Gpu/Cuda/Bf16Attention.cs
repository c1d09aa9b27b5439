using ILGPU;

namespace Silc;

/// <summary>
/// Attention of stored bf16, as <see cref="TensorCoreAttention{TMma,TSize,TReads,TValues}"/>: of two stages of keys and values one is used while
/// the other is on its way, past the registers; queries stay in registers.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16Attention<TSize, TBlocks, TFit>(HeadLayout heads, int blocks) : IKernel
    where TSize : struct, IHeadSize where TBlocks : struct, IRowTiles where TFit : struct, IMinBlocks
{
    /// <summary>Queries of a group.</summary>
    public static int Rows => Bf16HeadTile<TSize>.Threads / 2 * TBlocks.Count;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5, row = warp * 16 * TBlocks.Count;
        var group = BlockIndex.Of(Grid.IdxX, blocks, Rows);
        var place = heads.PlaceOf(group.Head);
        int tile = Ptx.Shared(2 * Bf16HeadTile<TSize>.StageBytes), free = tile + Bf16HeadTile<TSize>.StageBytes;
        HeadCpAsync<TSize>.At(heads.Q(place), default, group.First, heads.Queries, heads.Size, thread).BeginFirst(free, Rows);
        Ptx.CpAsyncCommit();
        var kv = HeadCpAsync<TSize>.At(heads.K(place), heads.V(place), 0, heads.Keys, heads.Size, thread);
        kv.Begin(tile, Bf16HeadTile<TSize>.Passing);
        Ptx.CpAsyncCommit();
        float factor = Ptx.Hold(heads.Scale * ScoreMath.Log2E);
        int right = Ptx.Hold(Bf16HeadTile<TSize>.Right(lane)), turned = Ptx.Hold(Bf16HeadTile<TSize>.Transposed(lane) + Bf16HeadTile<TSize>.TileBytes);
        Ptx.CpAsyncWait(1);
        Ptx.Barrier();
        int left = free + row * Bf16HeadTile<TSize>.Stride + Bf16HeadTile<TSize>.Left(lane);
        HeadFragments<TSize> up = HeadFragments<TSize>.Load(left);
        HeadFragments<TSize> low = TBlocks.Count == 2 ? HeadFragments<TSize>.Load(left + 16 * Bf16HeadTile<TSize>.Stride) : default;

        var sums = AttentionAccumulators<TSize, TBlocks>.Empty;
        int keys = heads.Keys;
        for (; keys > Bf16HeadTile<TSize>.Passing; keys -= Bf16HeadTile<TSize>.Passing)
        {
            // This tile has come, for all; and all are done with the one before, whose place the next one takes.
            Ptx.CpAsyncWait(0);
            Ptx.Barrier();
            kv = kv.Next();
            kv.Begin(free, Bf16HeadTile<TSize>.Passing);
            Ptx.CpAsyncCommit();
            sums = sums.Add(up, low, tile + right, tile + turned, factor);
            (tile, free) = (free, tile);
        }
        Ptx.CpAsyncWait(0);
        Ptx.Barrier();
        // Warps behind the last query only copied.
        if (group.First + row >= heads.Queries) return;
        sums = sums.AddLast(up, low, tile + right, tile + turned, factor, keys, lane);
        // By way of the stage that was not used last: nobody reads it any more.
        sums.Store(heads, group.Head, place, group.First + row, free + warp * RowAccumulators<TSize, TBlocks>.SharedBytes, lane);
    }
}
