using ILGPU;

namespace Silc;

/// <summary>
/// First stage of <see cref="Ops.SumRows"/>, as <see cref="SumBlocks{TPack}"/>: an item (block, t) a group, four columns a thread.
/// </summary>
readonly struct SumBlocksOf<TValues>(MatrixAt x, MatrixAt partial, int rows, int period, int blockRows, int cols) : IKernel
    where TValues : struct, IValues
{
    public const int Threads = 128;

    public void Execute()
    {
        int item = Grid.IdxX, block = item / period, from = block * blockRows + item % period;
        int end = (block + 1) * blockRows < rows ? (block + 1) * blockRows : rows;
        for (int column = Group.IdxX * 4; column < cols; column += Threads * 4)
        {
            Float4 sums = default;
            for (int row = from; row < end; row += period) sums += TValues.Load(x.At(row, column));
            Ptx.Store4(partial.At(item, column), sums);
        }
    }
}

/// <summary>
/// y[c] += Σ over rows of x[row, c], 32 columns a group: each of 16 warps adds every sixteenth row, then one adds what they found, in
/// their order.
/// </summary>
readonly struct ColumnSums(MatrixAt x, MatrixAt y, int rows, int cols) : IKernel
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
        sum = Ptx.Load(y.At(0, column), 0, 1, column, cols);
        for (int i = 0; i < Warps; i++) sum += Ptx.LoadShared(sums + 4 * (i * Columns + lane));
        Ptx.Store(y.At(0, column), sum, column, cols);
    }
}

partial class CudaOps
{
    const int RowsOfSumBlock = 64;

    public override void SumRows(Tensor x, Tensor table)
    {
        if (!IsOfFours(x))
        {
            base.SumRows(x, table);
            return;
        }
        int period = table.Rows, blockRows = Pieces(RowsOfSumBlock, period) * period, blocks = Pieces(x.Rows, blockRows);
        var partial = new Tensor(Device.Workspace((long)blocks * table.Count), blocks * period, x.Cols);
        if (IsHalf(x)) SumBlocks<HalfValues>(x, partial, period, blockRows);
        else SumBlocks<FloatValues>(x, partial, period, blockRows);
        AddColumns(partial.Reshape(blocks, table.Count), new(Dense(table), 1, table.Count));
    }

    void SumBlocks<TValues>(Tensor x, Tensor partial, int period, int blockRows) where TValues : struct, IValues =>
        Device.Launch(partial.Rows, SumBlocksOf<TValues>.Threads, new SumBlocksOf<TValues>(At(x), At(partial), x.Rows, period, blockRows, x.Cols));

    // y += the sum of the rows of x.
    void AddColumns(Tensor x, Tensor y) =>
        Device.Launch(Pieces(x.Cols, ColumnSums.Columns), ColumnSums.Threads, new ColumnSums(At(x), At(y), x.Rows, x.Cols));
}
