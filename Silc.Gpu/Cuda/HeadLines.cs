namespace Silc;

/// <summary>
/// Rows of one head as they are stored, bf16, in shared memory: a line a row. Lines are an odd number of 16-byte units apart, so that
/// eight neighbouring lines have any one unit in different banks, and what a lane reads is found once and moved by constants.
/// </summary>
static class HeadLines<TSize> where TSize : struct, IHeadSize
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
    public static int Turned(int lane) => FragmentLayout.TurnedRightLine(lane) * Stride + 2 * FragmentLayout.TurnedRightColumn(lane);
}

/// <summary>How many blocks of 16 rows a warp works on: two of them share what it reads of the other operand.</summary>
interface IRowBlocks
{
    static abstract int Count { get; }
}

readonly struct OneBlock : IRowBlocks
{
    public static int Count => 1;
}

readonly struct TwoBlocks : IRowBlocks
{
    public static int Count => 2;
}

/// <summary>How many groups are to fit on a multiprocessor, which bounds the registers of a thread.</summary>
interface IFit;

/// <summary>The assembler chooses.</summary>
readonly struct FitAny : IFit;

/// <summary>255 registers.</summary>
[KernelBounds(128, 2)]
readonly struct FitTwo : IFit;

/// <summary>168 registers.</summary>
[KernelBounds(128, 3)]
readonly struct FitThree : IFit;

/// <summary>128 registers.</summary>
[KernelBounds(128, 4)]
readonly struct FitFour : IFit;
