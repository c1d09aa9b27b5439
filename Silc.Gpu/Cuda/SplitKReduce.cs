using ILGPU;

namespace Silc;

/// <summary>
/// C = the parts of split sums, added in one order, + bias row + addend: the same bits every run. Four parts are on their way at once.
/// Several results that lie side by side in the parts, (m, n) each, lie one below the other in C.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct SplitKReduce<TReads>(MatrixPointer parts, int splits, BiasEpilogue<Float32Quads> sums, int m, int n, int results) : IKernel
    where TReads : struct, IGlobalLoad
{
    public void Execute()
    {
        int fours = (n + 3) / 4, thread = Grid.IdxX * Group.DimX + Group.IdxX, row = thread / fours, column = thread % fours * 4;
        if (row >= m * results) return;
        long at = parts.At(row % m, row / m * n + column);
        long step = Ptx.Hold(4L * m * parts.Stride), two = Ptx.Hold(2 * step), three = Ptx.Hold(3 * step);
        Float4 total = default;
        for (int part = 0; part < splits; part += 4, at += 2 * two)
        {
            Float4 p0 = TReads.Four(at, part, splits, column, n), p1 = TReads.Four(at + step, part + 1, splits, column, n);
            Float4 p2 = TReads.Four(at + two, part + 2, splits, column, n), p3 = TReads.Four(at + three, part + 3, splits, column, n);
            total += p0 + p1 + (p2 + p3);
        }
        sums.Store(row, column, 0, total);
    }
}
