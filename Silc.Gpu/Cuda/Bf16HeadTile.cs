namespace Silc;

/// <summary>
/// Rows of one head as they are stored, bf16, in shared memory: a line a row. Lines are an odd number of 16-byte units apart, so that
/// eight neighbouring lines have any one unit in different banks, and what a lane reads is found once and moved by constants.
/// </summary>
static class Bf16HeadTile<TSize> where TSize : struct, IHeadSize
{
    public const int Threads = 128;

    public static int Units => TSize.Size / 8;
    public static int Stride => 2 * TSize.Size + 16;

    /// <summary>Rows of both operands that pass by in each round: two stages of them fit into 48 KiB.</summary>
    public static int Passing => TSize.Size <= 80 ? 64 : 32;

    public static int TileBytes => Passing * Stride;
    public static int StageBytes => 2 * TileBytes;

    /// <summary>Where a lane reads a left operand: 16 lines, 16 channels.</summary>
    public static int Left(int lane) => FragmentLayout.LeftMatrixRow(lane) * Stride + 4 * FragmentLayout.LeftMatrixWord(lane);

    /// <summary>Two right operands whose sum runs over channels: 16 lines as columns, 16 channels.</summary>
    public static int Right(int lane) => FragmentLayout.RightMatrixColumn(lane) * Stride + 4 * FragmentLayout.RightMatrixWord(lane);

    /// <summary>Two right operands whose sum runs over lines: 16 lines, 16 channels as columns.</summary>
    public static int Transposed(int lane) => FragmentLayout.TransposedRightLine(lane) * Stride + 2 * FragmentLayout.TransposedRightColumn(lane);
}

/// <summary>How many blocks of 16 rows a warp works on: two of them share what it reads of the other operand.</summary>
interface IRowTiles
{
    static abstract int Count { get; }
}

readonly struct OneRowTile : IRowTiles
{
    public static int Count => 1;
}

readonly struct TwoRowTiles : IRowTiles
{
    public static int Count => 2;
}

/// <summary>How many groups are to fit on a multiprocessor, which bounds the registers of a thread.</summary>
interface IMinBlocks;

/// <summary>The assembler chooses.</summary>
readonly struct MinBlocksAny : IMinBlocks;

/// <summary>255 registers.</summary>
[LaunchBounds(128, 2)]
readonly struct MinBlocks2 : IMinBlocks;

/// <summary>168 registers.</summary>
[LaunchBounds(128, 3)]
readonly struct MinBlocks3 : IMinBlocks;

/// <summary>128 registers.</summary>
[LaunchBounds(128, 4)]
readonly struct MinBlocks4 : IMinBlocks;
