using ILGPU;

namespace Silc;

/// <summary>C = the parts of split sums, added in their order, + bias row + addend: the same bits every run.</summary>
readonly struct SumParts(MatrixAt parts, int splits, Sums<FloatValues> sums, int m, int n) : IKernel
{
    public void Execute()
    {
        int fours = (n + 3) / 4, thread = Grid.IdxX * Group.DimX + Group.IdxX, row = thread / fours, column = thread % fours * 4;
        if (row >= m) return;
        Float4 total = default;
        for (int part = 0; part < splits; part++)
            total += Unaligned.Four(parts.From((long)part * m * parts.Stride).At(row, column), row, m, column, n);
        sums.Store(row, column, 0, total);
    }
}
