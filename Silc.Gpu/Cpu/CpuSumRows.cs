using System.Numerics;

namespace Silc;

/// <summary>
/// partial[block] = sum of a block of rows of x. An item is a block; four rows at a time stream through the cache side by side, while the
/// sums stay in it. Blocks have a fixed number of rows, so that the order of additions does not depend on the number of threads.
/// </summary>
unsafe readonly struct CpuSumRows(float* x, int stride, float* partial, int rows, int cols, int blockRows) : ICpuWork
{
    public void Run(int block)
    {
        int row = block * blockRows, end = Math.Min(rows, row + blockRows), width = Vector<float>.Count;
        var sums = partial + (nint)block * cols;
        new Span<float>(sums, cols).Clear();
        for (; row <= end - 4; row += 4)
        {
            float* r0 = x + (nint)row * stride, r1 = r0 + stride, r2 = r1 + stride, r3 = r2 + stride;
            int c = 0;
            for (; c <= cols - width; c += width)
                (Vector.Load(sums + c) + ((Vector.Load(r0 + c) + Vector.Load(r1 + c)) + (Vector.Load(r2 + c) + Vector.Load(r3 + c)))).Store(sums + c);
            for (; c < cols; c++) sums[c] += (r0[c] + r1[c]) + (r2[c] + r3[c]);
        }
        for (; row < end; row++) SimdMath.Add(x + (nint)row * stride, sums, cols);
    }
}

unsafe partial class CpuOps
{
    public override void SumRows(Tensor x, Tensor table)
    {
        if (table.Rows > 1)
        {
            base.SumRows(x, table);
            return;
        }
        int blocks = (x.Rows + SumBlockRows - 1) / SumBlockRows;
        var partial = new Tensor(Device.Workspace((long)blocks * x.Cols), blocks, x.Cols);
        if (Device.DryRun) return;
        Device.Queue!.Add(blocks, new CpuSumRows(Address(x), x.Stride, Address(partial), x.Rows, x.Cols, SumBlockRows));
        Device.ForElements(x.Cols, new AddColumns<Simd>(partial.View, table.View, blocks, x.Cols, x.Cols, 0));
    }
}
