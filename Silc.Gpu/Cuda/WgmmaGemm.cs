using ILGPU;

namespace Silc;

/// <summary>
/// C = op(A)·op(B) of bf16 operands by <c>wgmma</c>, for compute capability 9.0 alone. Warp-specialized: one producer thread loads tiles by
/// TMA, a consumer warpgroup multiplies 128 x 128 of C from shared memory. Two blocks share a multiprocessor, so that one multiplies while
/// the other runs its epilogue. Split-K and epilogues are those of <see cref="Bf16Gemm{TA,TB,TEpilogue}"/>.
/// </summary>
[Kernel(DeviceKind.Cuda)]
[LaunchBounds(WgmmaTile.Threads, 2, Target = "sm_90a")]
readonly struct WgmmaGemm<TA, TB, TEpilogue>(TensorMap a, TensorMap b, GemmProblem problem, TEpilogue epilogue) : IKernel
    where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile where TEpilogue : struct, IEpilogue
{
    // TMA reads the descriptors by their address in the kernel's parameters, so they are the first fields.
#pragma warning disable CS0414, IDE0052
    readonly TensorMap a = a, b = b;
#pragma warning restore CS0414, IDE0052

    readonly GemmProblem problem = problem;
    readonly TEpilogue epilogue = epilogue;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5, block = Grid.IdxX;
        int row = problem.TileRow(block) * WgmmaTile.Side, column = problem.TileColumn(block) * WgmmaTile.Side;
        int k = problem.KBegin(block), steps = (problem.KEnd(block) - k + WgmmaTile.TileK - 1) / WgmmaTile.TileK;
        int tiles = Ptx.DynamicShared(), barriers = tiles + WgmmaTile.BarriersOffset;
        if (thread == 0)
        {
            // "Full": one arrival, of the producer. "Empty": four arrivals, one of each consumer warp.
            for (int stage = 0; stage < WgmmaTile.Stages; stage++)
            {
                Ptx.MbarrierInit(barriers + 8 * stage, 1);
                Ptx.MbarrierInit(barriers + 8 * (WgmmaTile.Stages + stage), 4);
            }
            Ptx.FenceMbarrierInit();
        }
        Ptx.SyncThreads();
        if (thread < WgmmaTile.ConsumerThreads)
        {
            var acc = Ptx.WgmmaConsumer<TA, TB>(tiles, barriers, steps, lane);
            acc.Store(epilogue, row + 16 * warp, column, problem.C(block),
                tiles + WgmmaTile.EpilogueOffset + warp * AccumulatorRow.SharedBytes, lane);
        }
        else if (lane == 0) Ptx.TmaProducer<TA, TB>(tiles, barriers, row, column, k, steps);
    }
}

/// <summary>A warp's share of the warpgroup's accumulators: 16 of each 64 rows, 128 columns.</summary>
readonly struct WgmmaAccumulators(WideAccumulatorRow a0, WideAccumulatorRow a1, WideAccumulatorRow b0, WideAccumulatorRow b1)
{
    readonly WideAccumulatorRow a0 = a0, a1 = a1, b0 = b0, b1 = b1;

    public void Store<TEpilogue>(TEpilogue epilogue, int row, int column, long offset, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        a0.Store(epilogue, row, column, offset, shared, lane);
        a1.Store(epilogue, row, column + 64, offset, shared, lane);
        b0.Store(epilogue, row + 64, column, offset, shared, lane);
        b1.Store(epilogue, row + 64, column + 64, offset, shared, lane);
    }
}
