using ILGPU.IR.Intrinsics;

namespace Silc;

// Products by whole warpgroups: compute capability 9.0.
static partial class Ptx
{
    /// <summary>Address of the shared memory that the launch sets aside, at a multiple of 1,024.</summary>
    public static int Dynamic() => DynamicStart() + 1023 & ~1023;

    [Instruction("mov.u32 $0, " + CudaText.Dynamic + ";"), IntrinsicImplementation]
    public static int DynamicStart() => throw OnlyOnCuda;

    /// <summary>
    /// A tile of a product from its first term to its last: a block's threads copy, its warpgroups multiply; see <see cref="WarpgroupText"/>.
    /// All of them come here, and leave together when the tiles in shared memory are free.
    /// </summary>
    /// <param name="tiles">Shared memory for the shape's stages, at a multiple of 1,024.</param>
    /// <param name="offset">Where this thread's first unit of 16 bytes lies in an operand's tile.</param>
    /// <param name="a">Its address in A.</param>
    /// <param name="stepA">Bytes from it to the thread's next line.</param>
    /// <param name="advanceA">Bytes to the same place of the next tile.</param>
    /// <param name="outerA">Rows (of a transposed A: columns in memory) from the unit's first to the end of A.</param>
    /// <param name="depthA">Terms of the sum from the unit's first on.</param>
    /// <param name="b">The same of B.</param>
    /// <param name="stepB">Bytes to the thread's next line of B.</param>
    /// <param name="advanceB">Bytes to the next tile of B.</param>
    /// <param name="outerB">Columns of B from the unit's first on.</param>
    /// <param name="depthB">Terms of the sum from the unit's first of B on.</param>
    /// <param name="steps">Tiles of the sum, at least one.</param>
    /// <param name="rows">Where the warpgroup's rows begin in a tile of A, in bytes.</param>
    [Instruction(typeof(WarpgroupText)), IntrinsicImplementation]
    public static WarpgroupSums WarpgroupProduct<TLeft, TRight, TShape>(int tiles, int offset, long a, long stepA, long advanceA, int outerA, int depthA,
        long b, long stepB, long advanceB, int outerB, int depthB, int steps, int rows)
        where TLeft : struct, IHalfOperand where TRight : struct, IHalfOperand where TShape : struct, IWarpgroups => throw OnlyOnCuda;
}
