using ILGPU.IR.Intrinsics;

namespace Silc;

// Products by whole warpgroups, and the copy engine: compute capability 9.0.
static partial class Ptx
{
    /// <summary>Address of the shared memory that the launch sets aside, at a multiple of 1,024.</summary>
    public static int Dynamic() => DynamicStart() + 1023 & ~1023;

    [Instruction("mov.u32 $0, " + CudaText.Dynamic + ";"), IntrinsicImplementation]
    public static int DynamicStart() => throw OnlyOnCuda;

    /// <summary>A barrier in shared memory that so many arrivals complete, and the bytes that they announce.</summary>
    [Instruction("mbarrier.init.shared::cta.b64 [%0], %1;"), IntrinsicImplementation]
    public static void InitBarrier(int address, int arrivals) => throw OnlyOnCuda;

    /// <summary>Shows new barriers to the copy engine.</summary>
    [Instruction("fence.mbarrier_init.release.cluster;"), IntrinsicImplementation]
    public static void FenceBarriers() => throw OnlyOnCuda;

    /// <summary>One thread fetches the tiles of a product, as places for them become free; see <see cref="TmaText"/>.</summary>
    /// <param name="tiles">Shared memory for <see cref="WgmmaTile.Stages"/> stages, at a multiple of 1,024.</param>
    /// <param name="barriers">For each stage one that says it is full, then for each one that says it is free.</param>
    /// <param name="row">First row of C.</param>
    /// <param name="column">First column of C.</param>
    /// <param name="depth">First term of the sum.</param>
    /// <param name="steps">Tiles of the sum.</param>
    [Instruction(typeof(TmaText)), IntrinsicImplementation]
    public static void Fetch<TLeft, TRight>(int tiles, int barriers, int row, int column, int depth, int steps)
        where TLeft : struct, IBf16OperandTile where TRight : struct, IBf16OperandTile => throw OnlyOnCuda;

    /// <summary>A warpgroup multiplies tiles as they come, and says when it is done with each; see <see cref="WgmmaText"/>.</summary>
    [Instruction(typeof(WgmmaText)), IntrinsicImplementation]
    public static WgmmaAccumulators Multiply<TLeft, TRight>(int tiles, int barriers, int steps, int lane)
        where TLeft : struct, IBf16OperandTile where TRight : struct, IBf16OperandTile => throw OnlyOnCuda;
}
