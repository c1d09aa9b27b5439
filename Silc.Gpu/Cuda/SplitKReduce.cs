using ILGPU;

namespace Silc;

/// <summary>
/// The reduction after a split-K GEMM: C = Σ of the partial results, in a fixed order, + bias + addend. Deterministic: the same bits every
/// run. Four loads are in flight at once. Of several results that lie side by side in the partials, (m, n) each, C has one below the other.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct SplitKReduce<TLoad>(MatrixPointer partials, int splits, BiasEpilogue<Float32Quads> epilogue, int m, int n, int results) : IKernel
    where TLoad : struct, IGlobalLoad
{
    public void Execute() => Run(Grid.IdxX * Group.DimX + Group.IdxX);

    /// <summary>Four columns of a row of C a thread.</summary>
    public void Run(int thread)
    {
        int vectors = (n + 3) / 4, row = thread / vectors, column = thread % vectors * 4;
        if (row >= m * results) return;
        long at = partials.At(row % m, row / m * n + column);
        long step = Ptx.Hold(4L * m * partials.Stride), two = Ptx.Hold(2 * step), three = Ptx.Hold(3 * step);
        Float4 total = default;
        for (int split = 0; split < splits; split += 4, at += 2 * two)
        {
            Float4 p0 = TLoad.Load4(at, split, splits, column, n), p1 = TLoad.Load4(at + step, split + 1, splits, column, n);
            Float4 p2 = TLoad.Load4(at + two, split + 2, splits, column, n), p3 = TLoad.Load4(at + three, split + 3, splits, column, n);
            total += p0 + p1 + (p2 + p3);
        }
        epilogue.Store(row, column, 0, total);
    }
}
