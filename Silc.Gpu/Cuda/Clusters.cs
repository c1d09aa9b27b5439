namespace Silc;

/// <summary>
/// Blocks that multiply neighbouring tiles of C at the same time, <see cref="Down"/> x <see cref="Across"/> of them: each fetches a part of what
/// several need and the copy engine hands it to all, so that less comes from the second-level cache, whose 6 TB/s bound the product otherwise.
/// </summary>
interface ICluster
{
    static abstract int Down { get; }
    static abstract int Across { get; }
}

[KernelBounds(WarpgroupTile.Threads, 2, Target = "sm_90a")]
readonly struct Cluster1x1 : ICluster
{
    public static int Down => 1;
    public static int Across => 1;
}

[KernelBounds(WarpgroupTile.Threads, 2, Target = "sm_90a", Cluster = 2)]
readonly struct Cluster2x1 : ICluster
{
    public static int Down => 2;
    public static int Across => 1;
}

[KernelBounds(WarpgroupTile.Threads, 2, Target = "sm_90a", Cluster = 2)]
readonly struct Cluster1x2 : ICluster
{
    public static int Down => 1;
    public static int Across => 2;
}

[KernelBounds(WarpgroupTile.Threads, 2, Target = "sm_90a", Cluster = 4)]
readonly struct Cluster2x2 : ICluster
{
    public static int Down => 2;
    public static int Across => 2;
}

/// <summary>Sizes of <see cref="WarpgroupMatMul{TLeft,TRight,TCluster,TEpilogue}"/>: two blocks fit on a multiprocessor.</summary>
static class WarpgroupTile
{
    /// <summary>Rows and columns of C that a block makes, and terms of the sum that are a tile.</summary>
    public const int Side = 128, Depth = TensorMap.Box;

    /// <summary>A warpgroup that multiplies, and a warp that fetches.</summary>
    public const int Consumers = 128, Threads = Consumers + 32;

    /// <summary>A box, which is 64 lines of 128 bytes; two are an operand's tile.</summary>
    public const int BoxBytes = 2 * TensorMap.Box * TensorMap.Box, OperandBytes = 2 * BoxBytes, StageBytes = 2 * OperandBytes;

    /// <summary>Tiles of both operands: one is multiplied, the others are on their way.</summary>
    public const int Stages = 3;

    /// <summary>Behind the tiles: where warps exchange their sums, then the barriers. The tiles begin at a multiple of 1,024.</summary>
    public const int Staging = Stages * StageBytes, Barriers = Staging + 4 * SumsRow.SharedBytes, SharedBytes = Barriers + 16 * Stages + 1024;
}
