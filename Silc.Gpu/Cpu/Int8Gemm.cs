using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>Products of the rows of one matrix with one to three kernels in 8 bits of one size, their results side by side in C.</summary>
unsafe struct Int8Product
{
    public int M;
    public float* A;
    public int Lda;

    /// <summary>How many kernels, and which.</summary>
    public int Count;
    public Int8Kernel Kernel0, Kernel1, Kernel2;

    /// <summary>A row of N biases for each kernel, or null.</summary>
    public float* Bias0, Bias1, Bias2;

    /// <summary>Of one kernel alone: a matrix that is added, which may be C; or null.</summary>
    public float* Addend;
    public int AddendStride;

    public float* C;
    public int Ldc;

    /// <summary>Where gelu(C) goes, tanh's approximation; or null.</summary>
    public float* Gelu;
    public int LdGelu;

    public readonly (Int8Kernel Kernel, nint Bias) this[int i] => i switch
    {
        0 => (Kernel0, (nint)Bias0),
        1 => (Kernel1, (nint)Bias1),
        _ => (Kernel2, (nint)Bias2),
    };
}

/// <summary>A part of C.</summary>
readonly struct CpuInt8MatMul(Int8Product product, GemmPlan plan) : ICpuWork
{
    public void Run(int item) => Int8Gemm.Compute(product, plan, item);
}

/// <summary>The loops around <see cref="Int8Tile"/>.</summary>
static unsafe class Int8Gemm
{
    // Rows that are rounded at a time stay in a part of the L2 cache while all panels pass by.
    const int BlockBytes = 192 << 10;

    /// <summary>Computes one work item's part of C.</summary>
    public static void Compute(in Int8Product p, in GemmPlan plan, int item)
    {
        var (begin, end) = CpuGemm.Part(p.M, Int8Tile.Rows, plan.RowCuts, item / plan.ColumnCuts);
        var (columnBegin, columnEnd) = CpuGemm.Part(p.Kernel0.Columns, Int8Tile.Columns, plan.ColumnCuts, item % plan.ColumnCuts);
        if (begin == end || columnBegin == columnEnd) return;
        int k = p.Kernel0.Rows, steps = p.Kernel0.Steps;
        int most = Math.Max(1, BlockBytes / (steps * Int8Kernel.Group) / Int8Tile.Rows) * Int8Tile.Rows;
        most = Math.Min(most, (end - begin + Int8Tile.Rows - 1) / Int8Tile.Rows * Int8Tile.Rows);
        var rows = new Int8Rows(ThreadScratch.Packing(Int8Rows.Floats(most, steps)), most, steps);
        for (int row = begin; row < end; row += most)
        {
            int height = Math.Min(most, end - row);
            for (int i = 0; i < height; i++) rows.Round(i, p.A + (nint)(row + i) * p.Lda, k);
            for (int kernel = 0; kernel < p.Count; kernel++) MultiplyBlock(p, kernel, rows, row, height, columnBegin, columnEnd);
            if (p.Gelu == null) continue;
            for (int i = row; i < row + height; i++)
                SimdMath.Gelu(p.C + (nint)i * p.Ldc + columnBegin, p.Gelu + (nint)i * p.LdGelu + columnBegin, columnEnd - columnBegin);
        }
    }

    static void MultiplyBlock(in Int8Product p, int index, in Int8Rows rows, int row, int height, int columnBegin, int columnEnd)
    {
        var (kernel, address) = p[index];
        var bias = (float*)address;
        // What lies past an edge is computed and left there; all of a tile is added up in one order, so that a row has the same bits wherever it is.
        float* edge = stackalloc float[Int8Tile.Rows * Int8Tile.Columns], edgeBias = stackalloc float[Int8Tile.Columns];
        for (int column = columnBegin; column < columnEnd; column += Int8Tile.Columns)
        {
            int width = Math.Min(Int8Tile.Columns, columnEnd - column);
            var panel = kernel.Panel(column / Int8Tile.Columns);
            float* scales = kernel.Scales + column, sums = kernel.Sums + column, biases = bias == null ? null : bias + column;
            for (int i = 0; i < height; i += Int8Tile.Rows)
            {
                var c = p.C + (nint)(row + i) * p.Ldc + index * kernel.Columns + column;
                var add = p.Addend == null ? null : p.Addend + (nint)(row + i) * p.AddendStride + column;
                if (width == Int8Tile.Columns && height - i >= Int8Tile.Rows)
                {
                    Int8Tile.Multiply(kernel.Steps, rows, i, panel, scales, sums, biases, add, p.AddendStride, c, p.Ldc);
                    continue;
                }
                int tileHeight = Math.Min(Int8Tile.Rows, height - i);
                if (biases != null) new Span<float>(biases, width).CopyTo(new(edgeBias, width));
                for (int r = 0; add != null && r < tileHeight; r++)
                    new Span<float>(add + (nint)r * p.AddendStride, width).CopyTo(new(edge + r * Int8Tile.Columns, width));
                Int8Tile.Multiply(kernel.Steps, rows, i, panel, scales, sums, biases == null ? null : edgeBias, add == null ? null : edge,
                    Int8Tile.Columns, edge, Int8Tile.Columns);
                for (int r = 0; r < tileHeight; r++)
                    new Span<float>(edge + r * Int8Tile.Columns, width).CopyTo(new(c + (nint)r * p.Ldc, width));
            }
        }
        for (int i = 0; i < height; i++)
            for (int apart = 0; apart < rows.Apart(i); apart++)
            {
                var (place, rest) = rows.Apart(i, apart);
                AddScaled(rest, kernel.Weights(place) + columnBegin, p.C + (nint)(row + i) * p.Ldc + index * kernel.Columns + columnBegin,
                    columnEnd - columnBegin);
            }
    }

    // y += scale · x.
    static void AddScaled(float scale, float* x, float* y, int count)
    {
        int i = 0;
        var factor = Vector256.Create(scale);
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
            Vector256.MultiplyAddEstimate(factor, Vector256.Load(x + i), Vector256.Load(y + i)).Store(y + i);
        for (; i < count; i++) y[i] = float.MultiplyAddEstimate(scale, x[i], y[i]);
    }
}
