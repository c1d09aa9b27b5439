using ILGPU;

namespace Silc;

/// <summary>The size of a product, into how many parts C is cut, and how many terms of the sums are taken at a time.</summary>
readonly struct ClGemmProblem(int m, int n, int k, int down, int across, int depth)
{
    public readonly int M = m, N = n, K = k, Down = down, Across = across, Depth = depth;

    public int Parts => Down * Across;
}

/// <summary>
/// C = op(A)·op(B) on a processor behind OpenCL. A group is one thread and makes a part of C: it packs a panel of B as wide
/// as a tile, which then stays in its caches, and multiplies all its rows of A by it, a tile of sums in registers.
/// </summary>
[Kernel(DeviceKind.OpenCL)]
readonly struct ClGemm<TTile>(
    FloatPointer a, Layout la, FloatPointer b, Layout lb, FloatPointer c, int rowC, ClGemmProblem shape, ClEpilogue tail, FloatPointer scratch, int scratchEach)
    : IKernel where TTile : struct, IClTile
{
    public void Execute()
    {
        int last = BlockShare.Last(shape.Parts), memory = Grid.IdxX * scratchEach;
        for (int part = BlockShare.First(shape.Parts); part < last; part++) Part(part, memory);
    }

    /// <summary>Floats that a group keeps: a tile of sums, a panel of B, rows of A.</summary>
    public static int Scratch(int depth, int rows) =>
        TTile.Rows * TTile.Columns + (depth + Pack16.Width) * TTile.Columns + depth * rows + Pack16.Width;

    void Part(int part, int memory)
    {
        int height = PerPart(shape.M, TTile.Rows, shape.Down), width = PerPart(shape.N, TTile.Columns, shape.Across);
        int row = part / shape.Across * height, column = part % shape.Across * width;
        int rowEnd = Least(row + height, shape.M), columnEnd = Least(column + width, shape.N);
        if (row >= rowEnd || column >= columnEnd) return;
        int panel = memory + TTile.Rows * TTile.Columns, left = panel + (shape.Depth + Pack16.Width) * TTile.Columns;
        bool turned = la.Col != 1;
        // Rows of A are read where they lie, but for a tile that hangs over the edge.
        int packed = turned ? row : row + (rowEnd - row) / TTile.Rows * TTile.Rows;

        for (int k = 0; k < shape.K; k += shape.Depth)
        {
            int depth = Least(shape.Depth, shape.K - k);
            PackLeft(k * la.Col, packed, rowEnd, left, depth, turned);
            for (int j = column; j < columnEnd; j += TTile.Columns)
            {
                int columns = Least(TTile.Columns, columnEnd - j);
                PackRight(k * lb.Row + j * lb.Col, columns, panel, depth);
                if (tail.MakesSums && row == 0) AddSums(panel, columns, j, depth);
                for (int i = row; i < rowEnd; i += TTile.Rows)
                {
                    var source = scratch;
                    int from = left + (i - packed) * depth, line = turned ? 1 : depth, step = turned ? TTile.Rows : 1;
                    if (i < packed) (source, from, line) = (a, i * la.Row + k * la.Col, la.Row);
                    TTile.Multiply(source, from, line, step, scratch, panel, depth, memory, TTile.Columns);
                    Store(memory, i, Least(TTile.Rows, rowEnd - i), j, columns, k == 0, k + depth == shape.K);
                }
            }
        }
    }

    static int PerPart(int size, int unit, int parts) => ((size + unit - 1) / unit + parts - 1) / parts * unit;

    static int Least(int x, int y) => x < y ? x : y;

    // Turned: panels of rows, side by side for each term. Else rows as they are, of the one tile that is not whole.
    void PackLeft(int from, int row, int rowEnd, int to, int depth, bool turned)
    {
        if (turned)
            for (int i = row; i < rowEnd; i += TTile.Rows, to += TTile.Rows * depth)
                ClPanel<TTile>.CopyLeft(a, from + i, la.Col, scratch, to, depth, rowEnd - i);
        else
            for (int i = row; i < rowEnd; i++, to += depth)
                for (int k = 0; k < depth; k += Pack16.Width)
                    Pack16.Store(scratch, to + k, Pack16.Load(a, from + i * la.Row + k, depth - k));
    }

    void PackRight(int from, int columns, int to, int depth)
    {
        if (lb.Col == 1) ClPanel<TTile>.Copy(b, from, lb.Row, scratch, to, depth, columns);
        else ClPanel<TTile>.Turn(b, from, lb.Col, scratch, to, depth, columns);
    }

    void AddSums(int panel, int columns, int column, int depth)
    {
        for (int j = 0; j < columns; j += Pack16.Width)
        {
            var sum = Pack16.Load(tail.Sums, column + j, columns - j);
            for (int k = 0; k < depth; k++) sum += Pack16.Load(scratch, panel + k * TTile.Columns + j);
            Pack16.Store(tail.Sums, column + j, sum, columns - j);
        }
    }

    void Store(int from, int row, int rows, int column, int columns, bool first, bool last)
    {
        for (int i = row; i < row + rows; i++, from += TTile.Columns)
            for (int j = 0; j < columns; j += Pack16.Width)
                tail.Store(c, i * rowC + column + j, i, column + j, columns - j, Pack16.Load(scratch, from + j), first, last);
    }
}
