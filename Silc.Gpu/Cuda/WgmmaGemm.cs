using ILGPU;

namespace Silc;

/// <summary>
/// C = op(A)·op(B) of stored bf16 on tensor cores by <c>wgmma</c>, for GPUs of compute capability 9.0 and for them alone. One thread has the copy
/// engine fetch tiles into shared memory, a warpgroup multiplies 128 x 128 of C from there; two blocks share a multiprocessor, so that one
/// multiplies while the other stores its sums. Split of the sums and epilogue are those of <see cref="Bf16Gemm{TLeft,TRight,TEpilogue}"/>.
/// </summary>
[Kernel(DeviceKind.Cuda)]
[LaunchBounds(WgmmaTile.Threads, 2, Target = "sm_90a")]
readonly struct WgmmaGemm<TLeft, TRight, TEpilogue>(TensorMap a, TensorMap b, GemmProblem product, TEpilogue epilogue) : IKernel
    where TLeft : struct, IBf16OperandTile where TRight : struct, IBf16OperandTile where TEpilogue : struct, IEpilogue
{
    // Read by their address, for which they stand first among the fields.
#pragma warning disable CS0414, IDE0052
    readonly TensorMap a = a, b = b;
#pragma warning restore CS0414, IDE0052

    readonly GemmProblem product = product;
    readonly TEpilogue epilogue = epilogue;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5, group = Grid.IdxX;
        int row = product.Row(group) * WgmmaTile.Side, column = product.Column(group) * WgmmaTile.Side;
        int depth = product.Begin(group), steps = (product.End(group) - depth + WgmmaTile.Depth - 1) / WgmmaTile.Depth;
        int tiles = Ptx.Dynamic(), barriers = tiles + WgmmaTile.Barriers;
        if (thread == 0)
        {
            // The fetching thread says that a stage is full, the four warps that it is free.
            for (int stage = 0; stage < WgmmaTile.Stages; stage++)
            {
                Ptx.InitBarrier(barriers + 8 * stage, 1);
                Ptx.InitBarrier(barriers + 8 * (WgmmaTile.Stages + stage), 4);
            }
            Ptx.FenceBarriers();
        }
        Ptx.Barrier();
        if (thread < WgmmaTile.Consumers)
        {
            var sums = Ptx.Multiply<TLeft, TRight>(tiles, barriers, steps, lane);
            sums.Store(epilogue, row + 16 * warp, column, product.C(group), tiles + WgmmaTile.Staging + warp * AccumulatorRow.SharedBytes, lane);
        }
        else if (lane == 0) Ptx.Fetch<TLeft, TRight>(tiles, barriers, row, column, depth, steps);
    }
}

/// <summary>What a warp holds of a warpgroup's sums: 16 of each 64 rows, 128 columns.</summary>
readonly struct WgmmaAccumulators(WideAccumulatorRow a0, WideAccumulatorRow a1, WideAccumulatorRow b0, WideAccumulatorRow b1)
{
    readonly WideAccumulatorRow a0 = a0, a1 = a1, b0 = b0, b1 = b1;

    public void Store<TEpilogue>(TEpilogue to, int row, int column, long offset, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        a0.Store(to, row, column, offset, shared, lane);
        a1.Store(to, row, column + 64, offset, shared, lane);
        b0.Store(to, row + 64, column, offset, shared, lane);
        b1.Store(to, row + 64, column + 64, offset, shared, lane);
    }
}
