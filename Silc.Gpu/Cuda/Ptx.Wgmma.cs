using ILGPU.IR.Intrinsics;

namespace Silc;

// wgmma, TMA and mbarrier: compute capability 9.0.
static partial class Ptx
{
    /// <summary>Address of the dynamic shared memory of the launch, aligned to 1,024 bytes.</summary>
    public static int DynamicShared() => DynamicSharedStart() + 1023 & ~1023;

    [Instruction("mov.u32 $0, " + CudaText.Dynamic + ";"), IntrinsicImplementation]
    public static int DynamicSharedStart() => throw OnlyOnCuda;

    /// <summary>
    /// Initializes an mbarrier in shared memory: a phase completes after so many arrivals and the transaction bytes that they expect.
    /// </summary>
    [Instruction("mbarrier.init.shared::cta.b64 [%0], %1;"), IntrinsicImplementation]
    public static void MbarrierInit(int address, int arrivals) => throw OnlyOnCuda;

    /// <summary>Makes initialized mbarriers visible to TMA.</summary>
    [Instruction("fence.mbarrier_init.release.cluster;"), IntrinsicImplementation]
    public static void FenceMbarrierInit() => throw OnlyOnCuda;

    /// <summary>The producer: one thread loads the tiles of a GEMM by TMA as stages become empty; see <see cref="TmaProducerText"/>.</summary>
    /// <param name="tiles">Shared memory for <see cref="WgmmaTile.Stages"/> stages, at a multiple of 1,024.</param>
    /// <param name="barriers">One "full" mbarrier for each stage, then one "empty" mbarrier for each.</param>
    /// <param name="row">First row of C.</param>
    /// <param name="column">First column of C.</param>
    /// <param name="depth">First k.</param>
    /// <param name="steps">Tiles along K.</param>
    [Instruction(typeof(TmaProducerText)), IntrinsicImplementation]
    public static void TmaProducer<TA, TB>(int tiles, int barriers, int row, int column, int depth, int steps)
        where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile => throw OnlyOnCuda;

    /// <summary>
    /// The consumer: a warpgroup multiplies the stages as they become full, and releases them; see <see cref="WgmmaConsumerText"/>.
    /// </summary>
    [Instruction(typeof(WgmmaConsumerText)), IntrinsicImplementation]
    public static WgmmaAccumulators WgmmaConsumer<TA, TB>(int tiles, int barriers, int steps, int lane)
        where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile => throw OnlyOnCuda;
}
