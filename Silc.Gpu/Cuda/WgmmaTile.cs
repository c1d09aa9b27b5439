namespace Silc;

/// <summary>Tile sizes of <see cref="WgmmaGemm{TA,TB,TEpilogue}"/>: two blocks fit on a multiprocessor.</summary>
static class WgmmaTile
{
    /// <summary>Tile M = tile N, and tile K.</summary>
    public const int Side = GemmTile.Side, TileK = TensorMap.Box;

    /// <summary>A consumer warpgroup and a producer warp.</summary>
    public const int ConsumerThreads = 128, Threads = ConsumerThreads + 32;

    /// <summary>A TMA box is 64 lines of 128 bytes; two are an operand's tile.</summary>
    public const int BoxBytes = 2 * TensorMap.Box * TensorMap.Box, OperandBytes = 2 * BoxBytes, StageBytes = 2 * OperandBytes;

    /// <summary>Stages of the pipeline: one is multiplied, the others are being loaded.</summary>
    public const int Stages = 3;

    /// <summary>
    /// Dynamic shared memory: the stages, aligned to 1,024 bytes for the swizzle, then the epilogue's staging buffers, then the mbarriers.
    /// </summary>
    public const int EpilogueOffset = Stages * StageBytes, BarriersOffset = EpilogueOffset + 4 * AccumulatorRow.SharedBytes,
        SharedBytes = BarriersOffset + 16 * Stages + 1024;
}
