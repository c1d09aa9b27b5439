using ILGPU;

namespace Silc;

/// <summary>The size of a GEMM, the grid of parts that C is divided into, and the block size along K.</summary>
readonly struct ClGemmProblem(int m, int n, int k, int partsM, int partsN, int kBlock)
{
    public readonly int M = m, N = n, K = k, PartsM = partsM, PartsN = partsN, KBlock = kBlock;

    public int Parts => PartsM * PartsN;
}

/// <summary>
/// C = op(A)·op(B) on an OpenCL processor. A work-group (block) is one thread and computes a part of C: it packs a panel of B as wide as a
/// tile, which stays in its caches, and multiplies all its rows of A by it, with a tile of accumulators in registers.
/// </summary>
[Kernel(DeviceKind.OpenCL)]
readonly struct ClGemm<TTile>(
    FloatPointer a, Layout la, FloatPointer b, Layout lb, FloatPointer c, int rowC, ClGemmProblem problem, ClEpilogue epilogue,
    FloatPointer scratch, int scratchEach)
    : IKernel where TTile : struct, IClTile
{
    public void Execute()
    {
        int last = BlockRange.Last(problem.Parts), memory = Grid.IdxX * scratchEach;
        for (int part = BlockRange.First(problem.Parts); part < last; part++) Part(part, memory);
    }

    /// <summary>Scratch floats of a block: a tile of C, a panel of B, rows of A.</summary>
    public static int Scratch(int kBlock, int rows) =>
        TTile.Rows * TTile.Columns + (kBlock + Pack16.Width) * TTile.Columns + kBlock * rows + Pack16.Width;

    void Part(int part, int memory)
    {
        int partRows = PerPart(problem.M, TTile.Rows, problem.PartsM), partColumns = PerPart(problem.N, TTile.Columns, problem.PartsN);
        int row = part / problem.PartsN * partRows, column = part % problem.PartsN * partColumns;
        int rowEnd = Min(row + partRows, problem.M), columnEnd = Min(column + partColumns, problem.N);
        if (row >= rowEnd || column >= columnEnd) return;
        int panelB = memory + TTile.Rows * TTile.Columns, packedA = panelB + (problem.KBlock + Pack16.Width) * TTile.Columns;
        bool transposed = la.Col != 1;
        // Rows of A are read in place, except for a tile that reaches past the edge.
        int packedFrom = transposed ? row : row + (rowEnd - row) / TTile.Rows * TTile.Rows;

        for (int k = 0; k < problem.K; k += problem.KBlock)
        {
            int kBlock = Min(problem.KBlock, problem.K - k);
            PackA(k * la.Col, packedFrom, rowEnd, packedA, kBlock, transposed);
            for (int j = column; j < columnEnd; j += TTile.Columns)
            {
                int columns = Min(TTile.Columns, columnEnd - j);
                PackB(k * lb.Row + j * lb.Col, columns, panelB, kBlock);
                if (epilogue.HasColumnSums && row == 0) AddColumnSums(panelB, columns, j, kBlock);
                for (int i = row; i < rowEnd; i += TTile.Rows)
                {
                    var source = scratch;
                    int from = packedA + (i - packedFrom) * kBlock, line = transposed ? 1 : kBlock, step = transposed ? TTile.Rows : 1;
                    if (i < packedFrom) (source, from, line) = (a, i * la.Row + k * la.Col, la.Row);
                    TTile.Multiply(source, from, line, step, scratch, panelB, kBlock, memory, TTile.Columns);
                    Store(memory, i, Min(TTile.Rows, rowEnd - i), j, columns, k == 0, k + kBlock == problem.K);
                }
            }
        }
    }

    static int PerPart(int size, int unit, int parts) => ((size + unit - 1) / unit + parts - 1) / parts * unit;

    static int Min(int x, int y) => x < y ? x : y;

    // Transposed A: panels of rows, contiguous for each k. Otherwise the rows of the one partial tile.
    void PackA(int from, int row, int rowEnd, int to, int kBlock, bool transposed)
    {
        if (transposed)
            for (int i = row; i < rowEnd; i += TTile.Rows, to += TTile.Rows * kBlock)
                ClPanel<TTile>.PackA(a, from + i, la.Col, scratch, to, kBlock, rowEnd - i);
        else
            for (int i = row; i < rowEnd; i++, to += kBlock)
                for (int k = 0; k < kBlock; k += Pack16.Width)
                    Pack16.Store(scratch, to + k, Pack16.Load(a, from + i * la.Row + k, kBlock - k));
    }

    void PackB(int from, int columns, int to, int kBlock)
    {
        if (lb.Col == 1) ClPanel<TTile>.Pack(b, from, lb.Row, scratch, to, kBlock, columns);
        else ClPanel<TTile>.PackTransposed(b, from, lb.Col, scratch, to, kBlock, columns);
    }

    void AddColumnSums(int panelB, int columns, int column, int kBlock)
    {
        for (int j = 0; j < columns; j += Pack16.Width)
        {
            var sum = Pack16.Load(epilogue.ColumnSums, column + j, columns - j);
            for (int k = 0; k < kBlock; k++) sum += Pack16.Load(scratch, panelB + k * TTile.Columns + j);
            Pack16.Store(epilogue.ColumnSums, column + j, sum, columns - j);
        }
    }

    void Store(int from, int row, int rows, int column, int columns, bool first, bool last)
    {
        for (int i = row; i < row + rows; i++, from += TTile.Columns)
            for (int j = 0; j < columns; j += Pack16.Width)
                epilogue.Store(c, i * rowC + column + j, i, column + j, columns - j, Pack16.Load(scratch, from + j), first, last);
    }
}
