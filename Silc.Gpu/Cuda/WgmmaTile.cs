namespace Silc;

/// <summary>Sizes of <see cref="WgmmaGemm{TLeft,TRight,TEpilogue}"/>: two blocks fit on a multiprocessor.</summary>
static class WgmmaTile
{
    /// <summary>Rows and columns of C that a block makes, and terms of the sum that are a tile.</summary>
    public const int Side = GemmTile.Side, Depth = TensorMap.Box;

    /// <summary>A warpgroup that multiplies, and a warp that fetches.</summary>
    public const int Consumers = 128, Threads = Consumers + 32;

    /// <summary>A box, which is 64 lines of 128 bytes; two are an operand's tile.</summary>
    public const int BoxBytes = 2 * TensorMap.Box * TensorMap.Box, OperandBytes = 2 * BoxBytes, StageBytes = 2 * OperandBytes;

    /// <summary>Tiles of both operands: one is multiplied, the others are on their way.</summary>
    public const int Stages = 3;

    /// <summary>Behind the tiles: where warps exchange their sums, then the barriers. The tiles begin at a multiple of 1,024.</summary>
    public const int Staging = Stages * StageBytes, Barriers = Staging + 4 * AccumulatorRow.SharedBytes, SharedBytes = Barriers + 16 * Stages + 1024;
}
