using ILGPU;

namespace Silc;

/// <summary>
/// First stage of <see cref="Ops.SumRows"/>, as <see cref="SumBlocks{TPack}"/>: 128 columns of an item (block, t) a group, eight a thread.
/// Eight threads share a column, and each has eight rows on their way at once, 128 bytes of bf16: one row at a time waits for memory each time.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaSumBlocks<TReads>(MatrixPointer x, MatrixPointer partial, int rows, int period, int blockRows, int cols) : IKernel
    where TReads : struct, IGlobalLoad
{
    const int Across = 16, Down = Threads / Across;

    public const int Threads = 128, Columns = 8 * Across, RowsAtOnce = 8 * Down;

    public void Execute()
    {
        int chunks = (cols + Columns - 1) / Columns, item = Grid.IdxX / chunks, first = Grid.IdxX % chunks * Columns;
        int thread = Group.IdxX, line = thread / Across, column = first + 8 * (thread % Across), shared = Ptx.Shared(4 * Columns * Down);
        int block = item / period, end = Ptx.Hold((block + 1) * blockRows < rows ? (block + 1) * blockRows : rows);
        int start = block * blockRows + item % period, row = start + line * period, apart = Ptx.Hold(Down * period);
        long at = x.At(row, column), step = Ptx.Hold(x.Bytes * ((long)apart * x.Stride));
        Float8 sums = default;
        for (; start < end; start += 8 * apart, row += 8 * apart, at += 8 * step)
        {
            Float8 r0 = TReads.Eight(at, row, end, column, cols), r1 = TReads.Eight(at + step, row + apart, end, column, cols);
            Float8 r2 = TReads.Eight(at + 2 * step, row + 2 * apart, end, column, cols), r3 = TReads.Eight(at + 3 * step, row + 3 * apart, end, column, cols);
            Float8 r4 = TReads.Eight(at + 4 * step, row + 4 * apart, end, column, cols), r5 = TReads.Eight(at + 5 * step, row + 5 * apart, end, column, cols);
            Float8 r6 = TReads.Eight(at + 6 * step, row + 6 * apart, end, column, cols), r7 = TReads.Eight(at + 7 * step, row + 7 * apart, end, column, cols);
            sums += r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
        }
        int to = shared + 4 * (line * Columns + 8 * (thread % Across));
        Ptx.StoreShared4(to, sums.Low);
        Ptx.StoreShared4(to + 16, sums.High);
        Ptx.Barrier();
        float sum = 0;
        for (int i = 0; i < Down; i++) sum += Ptx.LoadShared(shared + 4 * (i * Columns + thread));
        Ptx.Store(partial.At(item, first + thread), sum, first + thread, cols);
    }
}

/// <summary>
/// y[c] += Σ over rows of x[row, c], then z[c] += the same of the columns behind y's, 32 columns a group: each of 16 warps adds every
/// sixteenth row, eight of them on their way at once, then one adds what they found, in their order.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaColumnSums(MatrixPointer x, MatrixPointer y, MatrixPointer z, int rows, int cols, int colsOfY) : IKernel
{
    const int Warps = 16;

    public const int Columns = 32, Threads = Columns * Warps;

    public void Execute()
    {
        int lane = Group.IdxX % Columns, warp = Group.IdxX / Columns, column = Grid.IdxX * Columns + lane, sums = Ptx.Shared(4 * Threads);
        long at = x.At(warp, column), step = Ptx.Hold(4L * Warps * x.Stride);
        float sum = 0;
        for (int row = warp; row < rows; row += 8 * Warps, at += 8 * step)
        {
            float r0 = Ptx.Load(at, row, rows, column, cols), r1 = Ptx.Load(at + step, row + Warps, rows, column, cols);
            float r2 = Ptx.Load(at + 2 * step, row + 2 * Warps, rows, column, cols), r3 = Ptx.Load(at + 3 * step, row + 3 * Warps, rows, column, cols);
            float r4 = Ptx.Load(at + 4 * step, row + 4 * Warps, rows, column, cols), r5 = Ptx.Load(at + 5 * step, row + 5 * Warps, rows, column, cols);
            float r6 = Ptx.Load(at + 6 * step, row + 6 * Warps, rows, column, cols), r7 = Ptx.Load(at + 7 * step, row + 7 * Warps, rows, column, cols);
            sum += r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
        }
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
        if (table.Rows > 1 && !IsBf16(x) && x.IsDense && x.Rows % table.Rows == 0)
        {
            AddColumns(x.Reshape(x.Rows / table.Rows, table.Count), y);
            return;
        }
        if (!IsOfFours(x) || (IsBf16(x) && x.Cols % UnitValues != 0))
        {
            base.SumRows(x, table);
            return;
        }
        int period = table.Rows, blockRows = RowsOfBlock(x.Rows, period), blocks = DivUp(x.Rows, blockRows);
        var partial = new Tensor(Device.Workspace((long)blocks * table.Count), blocks * period, x.Cols);
        if (IsBf16(x)) SumBlocks<Bf16Load>(x, partial, period, blockRows);
        else SumBlocks<VectorLoad>(x, partial, period, blockRows);
        AddColumns(partial.Reshape(blocks, table.Count), y);
    }

    // At most 128 blocks, so that the second stage reads its sums at once, of whole rounds of a group's rows; by the number of rows alone, as
    // the bits are.
    static int RowsOfBlock(int rows, int period)
    {
        const int Blocks = 128, Round = CudaSumBlocks<VectorLoad>.RowsAtOnce;
        return DivUp(DivUp(DivUp(rows, Blocks), Round) * Round, period) * period;
    }

    void SumBlocks<TReads>(Tensor x, Tensor partial, int period, int blockRows) where TReads : struct, IGlobalLoad =>
        Device.Launch(partial.Rows * DivUp(x.Cols, CudaSumBlocks<TReads>.Columns), CudaSumBlocks<TReads>.Threads,
            new CudaSumBlocks<TReads>(At(x), At(partial), x.Rows, period, blockRows, x.Cols));

    // y += the sum of the rows of x; z += the same of the columns behind y's.
    void AddColumns(Tensor x, Tensor y, Tensor z = default) =>
        Device.Launch(DivUp(x.Cols, CudaColumnSums.Columns), CudaColumnSums.Threads, new CudaColumnSums(At(x), At(y), At(z), x.Rows, x.Cols, y.Cols));
}
