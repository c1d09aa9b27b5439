namespace Silc;

/// <summary>How many warpgroups of 128 threads share a tile of C; each makes 128 x 128 of it.</summary>
interface IWarpgroups
{
    static abstract int Count { get; }

    /// <summary>Tiles of both operands in shared memory: one is multiplied, one may still be read, the others are on their way.</summary>
    static abstract int Stages { get; }
}

/// <summary>128 x 128 a block, two blocks a multiprocessor: one multiplies while the other stores its sums.</summary>
[KernelBounds(128, 2, Target = "sm_90a")]
readonly struct OneWarpgroup : IWarpgroups
{
    public static int Count => 1;
    public static int Stages => 3;
}

/// <summary>256 x 128 a block, one block a multiprocessor: a quarter less traffic from the second-level cache.</summary>
[KernelBounds(256, 1, Target = "sm_90a")]
readonly struct TwoWarpgroups : IWarpgroups
{
    public static int Count => 2;
    public static int Stages => 4;
}

/// <summary>Sizes of the tiles of <see cref="WarpgroupMatMul{TLeft,TRight,TShape,TEpilogue}"/>.</summary>
static class WarpgroupTile<TShape> where TShape : struct, IWarpgroups
{
    /// <summary>Terms of the sum in a tile: lines of 128 bytes.</summary>
    public const int Depth = 64;

    public const int Columns = 128, WarpgroupRows = 128, LineBytes = 128;

    public static int Rows => WarpgroupRows * TShape.Count;
    public static int Threads => 128 * TShape.Count;
    public static int LeftBytes => LineBytes * Rows;
    public static int StageBytes => LeftBytes + LineBytes * Columns;

    /// <summary>What a launch asks for: room to begin at a multiple of 1,024, as the swizzle wants.</summary>
    public static int SharedBytes => TShape.Stages * StageBytes + 1024;
}
