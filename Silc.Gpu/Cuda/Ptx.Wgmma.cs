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

    /// <summary>Asks for registers that other warpgroups have given away, and waits for them; every warp of the warpgroup.</summary>
    /// <param name="a">Registers of a thread from here on, a multiple of 8.</param>
    [Instruction("setmaxnreg.inc.sync.aligned.u32 #0;"), IntrinsicImplementation]
    public static void IncreaseRegisters(int a) => throw OnlyOnCuda;

    /// <summary>Gives registers away; every warp of the warpgroup.</summary>
    /// <param name="a">Registers of a thread from here on, a multiple of 8.</param>
    [Instruction("setmaxnreg.dec.sync.aligned.u32 #0;"), IntrinsicImplementation]
    public static void DecreaseRegisters(int a) => throw OnlyOnCuda;

    /// <summary>Waits until the phase of this parity of an mbarrier has completed.</summary>
    [Instruction("{\n.reg .pred done;\nwait:\nmbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n@!done bra wait;\n}"),
        IntrinsicImplementation]
    public static void MbarrierWait(int address, int parity) => throw OnlyOnCuda;

    /// <summary>One arrival at an mbarrier for the warp, which stays converged.</summary>
    [Instruction("{ .reg .pred first; setp.eq.s32 first, %1, 0; @first mbarrier.arrive.shared::cta.b64 _, [%0]; }"), IntrinsicImplementation]
    public static void MbarrierArriveInLane0(int address, int lane) => throw OnlyOnCuda;

    /// <summary>Orders this thread's ordinary accesses to shared memory before later ones by TMA.</summary>
    [Instruction("fence.proxy.async.shared::cta;"), IntrinsicImplementation]
    public static void FenceProxyAsync() => throw OnlyOnCuda;

    /// <summary>
    /// The producer's part of a tile of C: one thread loads its operands by TMA as stages become empty; see <see cref="TmaProducerText"/>.
    /// </summary>
    /// <param name="stages">Shared memory for the stages of the ring, at a multiple of 1,024.</param>
    /// <param name="barriers">One "full" mbarrier for each stage, then one "empty" mbarrier for each.</param>
    /// <param name="row">First row of C.</param>
    /// <param name="column">First column of C.</param>
    /// <param name="depth">First k.</param>
    /// <param name="steps">Tiles along K.</param>
    /// <param name="stage">The first stage to fill.</param>
    /// <param name="parity">The parity of the phase in which it becomes full.</param>
    [Instruction(typeof(TmaProducerText)), IntrinsicImplementation]
    public static void TmaProducer<TA, TB, TOperand, TStages>(
        int stages, int barriers, int row, int column, int depth, int steps, int stage, int parity)
        where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile where TOperand : struct, IEpilogueOperand
        where TStages : struct, IWgmmaStages => throw OnlyOnCuda;

    /// <summary>
    /// The consumer's part of a tile of C: a warpgroup multiplies the stages as they become full, and releases them; see
    /// <see cref="WgmmaConsumerText"/>.
    /// </summary>
    /// <param name="stages">Shared memory of the ring.</param>
    /// <param name="barriers">As for the producer.</param>
    /// <param name="steps">Tiles along K.</param>
    /// <param name="lane">Lane of the warp.</param>
    /// <param name="stage">The first stage to multiply.</param>
    /// <param name="parity">The parity of the phase in which it becomes full.</param>
    /// <param name="turn">The mbarrier on which the other consumer waits: one lane of each warp arrives behind the last wgmma.</param>
    [Instruction(typeof(WgmmaConsumerText)), IntrinsicImplementation]
    public static WgmmaAccumulators WgmmaConsumer<TA, TB, TOperand, TStages>(
        int stages, int barriers, int steps, int lane, int stage, int parity, int turn)
        where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile where TOperand : struct, IEpilogueOperand
        where TStages : struct, IWgmmaStages => throw OnlyOnCuda;
}
