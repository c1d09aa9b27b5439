using ILGPU;

namespace Silc;

/// <summary>
/// FlashAttention forward of bf16 tensors, as <see cref="TensorCoreAttention{TMma,TSize,TLoad,TQuads}"/>, with K and V double-buffered: one
/// stage is used while cp.async loads the other. Q stays in registers.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16Attention<TSize, TRows, TOccupancy>(HeadLayout heads, int blocksPerHead) : IKernel
    where TSize : struct, IHeadSize where TRows : struct, IRowTiles where TOccupancy : struct, IMinBlocks
{
    /// <summary>Queries of a block.</summary>
    public static int Rows => Bf16HeadTile<TSize>.Threads / 2 * TRows.Count;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5, row = warp * 16 * TRows.Count;
        var block = BlockIndex.Of(Grid.IdxX, blocksPerHead, Rows);
        var index = heads.IndexOf(block.Head);
        int stage = Ptx.Shared(2 * Bf16HeadTile<TSize>.StageBytes), freeStage = stage + Bf16HeadTile<TSize>.StageBytes;
        HeadCpAsync<TSize>.At(heads.Q(index), default, block.FirstRow, heads.Queries, heads.Size, thread).IssueFirst(freeStage, Rows);
        Ptx.CpAsyncCommit();
        var kv = HeadCpAsync<TSize>.At(heads.K(index), heads.V(index), 0, heads.Keys, heads.Size, thread);
        kv.Issue(stage, Bf16HeadTile<TSize>.TileRows);
        Ptx.CpAsyncCommit();
        float factor = Ptx.Hold(heads.Scale * ScoreMath.Log2E);
        int offsetB = Ptx.Hold(Bf16HeadTile<TSize>.OffsetB(lane)),
            offsetBt = Ptx.Hold(Bf16HeadTile<TSize>.OffsetBTransposed(lane) + Bf16HeadTile<TSize>.TileBytes);
        Ptx.CpAsyncWait(1);
        Ptx.SyncThreads();
        int addressA = freeStage + row * Bf16HeadTile<TSize>.Stride + Bf16HeadTile<TSize>.OffsetA(lane);
        HeadFragments<TSize> upper = HeadFragments<TSize>.Load(addressA);
        HeadFragments<TSize> lower = TRows.Count == 2 ? HeadFragments<TSize>.Load(addressA + 16 * Bf16HeadTile<TSize>.Stride) : default;

        var acc = AttentionAccumulators<TSize, TRows>.Empty;
        int keys = heads.Keys;
        for (; keys > Bf16HeadTile<TSize>.TileRows; keys -= Bf16HeadTile<TSize>.TileRows)
        {
            // This stage has arrived for all threads, and all have finished the previous one, whose buffer the next load reuses.
            Ptx.CpAsyncWait(0);
            Ptx.SyncThreads();
            kv = kv.Next();
            kv.Issue(freeStage, Bf16HeadTile<TSize>.TileRows);
            Ptx.CpAsyncCommit();
            acc = acc.Add(upper, lower, stage + offsetB, stage + offsetBt, factor);
            (stage, freeStage) = (freeStage, stage);
        }
        Ptx.CpAsyncWait(0);
        Ptx.SyncThreads();
        // Warps past the last query only helped to load.
        if (block.FirstRow + row >= heads.Queries) return;
        acc = acc.AddLast(upper, lower, stage + offsetB, stage + offsetBt, factor, keys, lane);
        // Through the stage that was not used last: no warp reads it any more.
        acc.Store(heads, block.Head, index, block.FirstRow + row, freeStage + warp * RowAccumulators<TSize, TRows>.SharedBytes, lane);
    }
}
