using ILGPU;

namespace Silc;

/// <summary>
/// First stage of <see cref="Ops.SumRows"/>, as <see cref="SumBlocks{TPack}"/>: 512 columns of an item (block, t) a group, four a thread.
/// </summary>
readonly struct SumBlocksOf<TValues>(MatrixAt x, MatrixAt partial, int rows, int period, int blockRows, int cols) : IKernel
    where TValues : struct, IValues
{
    public const int Threads = 128, Columns = 4 * Threads;

    public void Execute()
    {
        int chunks = (cols + Columns - 1) / Columns, item = Grid.IdxX / chunks, column = Grid.IdxX % chunks * Columns + 4 * Group.IdxX;
        if (column >= cols) return;
        int block = item / period, end = (block + 1) * blockRows < rows ? (block + 1) * blockRows : rows;
        Float4 sums = default;
        for (int row = block * blockRows + item % period; row < end; row += period) sums += TValues.Load(x.At(row, column));
        Ptx.Store4(partial.At(item, column), sums);
    }
}

/// <summary>
/// y[c] += Σ over rows of x[row, c], then z[c] += the same of the columns behind y's, 32 columns a group: each of 16 warps adds every
/// sixteenth row, then one adds what they found, in their order.
/// </summary>
readonly struct ColumnSums(MatrixAt x, MatrixAt y, MatrixAt z, int rows, int cols, int colsOfY) : IKernel
{
    const int Warps = 16;

    public const int Columns = 32, Threads = Columns * Warps;

    public void Execute()
    {
        int lane = Group.IdxX % Columns, warp = Group.IdxX / Columns, column = Grid.IdxX * Columns + lane, sums = Ptx.Shared(4 * Threads);
        float sum = 0;
        for (int row = warp; row < rows; row += Warps) sum += Ptx.Load(x.At(row, column), 0, 1, column, cols);
        Ptx.StoreShared(sums + 4 * Group.IdxX, sum);
        Ptx.Barrier();
        if (warp > 0) return;
        long target = column < colsOfY ? y.At(0, column) : z.At(0, column - colsOfY);
        sum = Ptx.Load(target, 0, 1, column, cols);
        for (int i = 0; i < Warps; i++) sum += Ptx.LoadShared(sums + 4 * (i * Columns + lane));
        Ptx.Store(target, sum, column, cols);
    }
}

partial class CudaOps
{
    public override void SumRows(Tensor x, Tensor table)
    {
        var y = new Tensor(Dense(table), 1, table.Count);
        if (table.Rows > 1 && !IsHalf(x) && x.IsDense && x.Rows % table.Rows == 0)
        {
            AddColumns(x.Reshape(x.Rows / table.Rows, table.Count), y);
            return;
        }
        if (!IsOfFours(x))
        {
            base.SumRows(x, table);
            return;
        }
        int period = table.Rows, blockRows = RowsOfBlock(x.Rows, period), blocks = Pieces(x.Rows, blockRows);
        var partial = new Tensor(Device.Workspace((long)blocks * table.Count), blocks * period, x.Cols);
        if (IsHalf(x)) SumBlocks<HalfValues>(x, partial, period, blockRows);
        else SumBlocks<FloatValues>(x, partial, period, blockRows);
        AddColumns(partial.Reshape(blocks, table.Count), y);
    }

    // Short enough for many groups, long enough that few partial sums are left; by the number of rows alone, as the bits are.
    static int RowsOfBlock(int rows, int period) => Pieces(Math.Max(64, rows / 256), period) * period;

    void SumBlocks<TValues>(Tensor x, Tensor partial, int period, int blockRows) where TValues : struct, IValues =>
        Device.Launch(partial.Rows * Pieces(x.Cols, SumBlocksOf<TValues>.Columns), SumBlocksOf<TValues>.Threads,
            new SumBlocksOf<TValues>(At(x), At(partial), x.Rows, period, blockRows, x.Cols));

    // y += the sum of the rows of x; z += the same of the columns behind y's.
    void AddColumns(Tensor x, Tensor y, Tensor z = default) =>
        Device.Launch(Pieces(x.Cols, ColumnSums.Columns), ColumnSums.Threads, new ColumnSums(At(x), At(y), At(z), x.Rows, x.Cols, y.Cols));
}
