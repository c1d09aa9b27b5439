using ILGPU;

namespace Silc;

/// <summary>
/// First stage of <see cref="Ops.SumRows"/>, as <see cref="SumBlocks{TPack}"/>: a thread block takes 128 columns of an item (row block, t),
/// eight a thread. Eight threads share a column, and each has eight rows in flight at once, 128 bytes of bf16, to hide the latency of
/// memory.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaSumBlocks<TLoad>(MatrixPointer x, MatrixPointer partial, int rows, int period, int blockRows, int cols) : IKernel
    where TLoad : struct, IGlobalLoad
{
    const int ThreadsX = 16, ThreadsY = Threads / ThreadsX;

    public const int Threads = 128, Columns = 8 * ThreadsX, RowsPerPass = 8 * ThreadsY;

    public void Execute()
    {
        int chunks = (cols + Columns - 1) / Columns, item = Grid.IdxX / chunks, first = Grid.IdxX % chunks * Columns;
        int thread = Group.IdxX, line = thread / ThreadsX, column = first + 8 * (thread % ThreadsX), shared = Ptx.Shared(4 * Columns * ThreadsY);
        int block = item / period, end = Ptx.Hold((block + 1) * blockRows < rows ? (block + 1) * blockRows : rows);
        int start = block * blockRows + item % period, row = start + line * period, rowStep = Ptx.Hold(ThreadsY * period);
        long at = x.At(row, column), step = Ptx.Hold(x.Bytes * ((long)rowStep * x.Stride));
        Float8 sums = default;
        for (; start < end; start += 8 * rowStep, row += 8 * rowStep, at += 8 * step)
        {
            Float8 r0 = TLoad.Load8(at, row, end, column, cols), r1 = TLoad.Load8(at + step, row + rowStep, end, column, cols);
            Float8 r2 = TLoad.Load8(at + 2 * step, row + 2 * rowStep, end, column, cols),
                r3 = TLoad.Load8(at + 3 * step, row + 3 * rowStep, end, column, cols);
            Float8 r4 = TLoad.Load8(at + 4 * step, row + 4 * rowStep, end, column, cols),
                r5 = TLoad.Load8(at + 5 * step, row + 5 * rowStep, end, column, cols);
            Float8 r6 = TLoad.Load8(at + 6 * step, row + 6 * rowStep, end, column, cols),
                r7 = TLoad.Load8(at + 7 * step, row + 7 * rowStep, end, column, cols);
            sums += r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
        }
        int to = shared + 4 * (line * Columns + 8 * (thread % ThreadsX));
        Ptx.StoreShared4(to, sums.Low);
        Ptx.StoreShared4(to + 16, sums.High);
        Ptx.SyncThreads();
        float sum = 0;
        for (int i = 0; i < ThreadsY; i++) sum += Ptx.LoadShared(shared + 4 * (i * Columns + thread));
        Ptx.Store(partial.At(item, first + thread), sum, first + thread, cols);
    }
}

/// <summary>
/// y[c] += Σ over rows of x[row, c], and z[c] += the same of the columns behind y's; 32 columns a block. Warp w of 16 adds rows w, w + 16,
/// …, eight loads in flight at once, then warp 0 adds the partial sums in their order.
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
            float r2 = Ptx.Load(at + 2 * step, row + 2 * Warps, rows, column, cols),
                r3 = Ptx.Load(at + 3 * step, row + 3 * Warps, rows, column, cols);
            float r4 = Ptx.Load(at + 4 * step, row + 4 * Warps, rows, column, cols),
                r5 = Ptx.Load(at + 5 * step, row + 5 * Warps, rows, column, cols);
            float r6 = Ptx.Load(at + 6 * step, row + 6 * Warps, rows, column, cols),
                r7 = Ptx.Load(at + 7 * step, row + 7 * Warps, rows, column, cols);
            sum += r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
        }
        Ptx.StoreShared(sums + 4 * Group.IdxX, sum);
        Ptx.SyncThreads();
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
        if (!IsVectorized(x) || (IsBf16(x) && x.Cols % ValuesPer16Bytes != 0))
        {
            base.SumRows(x, table);
            return;
        }
        int period = table.Rows, blockRows = RowsPerBlock(x.Rows, period), blocks = DivUp(x.Rows, blockRows);
        var partial = new Tensor(Device.Workspace((long)blocks * table.Count), blocks * period, x.Cols);
        if (IsBf16(x)) SumBlocks<Bf16Load>(x, partial, period, blockRows);
        else SumBlocks<VectorLoad>(x, partial, period, blockRows);
        AddColumns(partial.Reshape(blocks, table.Count), y);
    }

    // At most 128 row blocks, so that the second stage has one pass, each a multiple of the rows of a pass. Depends on the number of rows
    // alone, so the bits are the same on every GPU.
    static int RowsPerBlock(int rows, int period)
    {
        const int Blocks = 128, Round = CudaSumBlocks<VectorLoad>.RowsPerPass;
        return DivUp(DivUp(DivUp(rows, Blocks), Round) * Round, period) * period;
    }

    void SumBlocks<TLoad>(Tensor x, Tensor partial, int period, int blockRows) where TLoad : struct, IGlobalLoad =>
        Device.Launch(partial.Rows * DivUp(x.Cols, CudaSumBlocks<TLoad>.Columns), CudaSumBlocks<TLoad>.Threads,
            new CudaSumBlocks<TLoad>(At(x), At(partial), x.Rows, period, blockRows, x.Cols));

    // y += the sum of the rows of x; z += the same of the columns behind y's.
    void AddColumns(Tensor x, Tensor y, Tensor z = default) =>
        Device.Launch(DivUp(x.Cols, CudaColumnSums.Columns), CudaColumnSums.Threads, new CudaColumnSums(At(x), At(y), At(z), x.Rows, x.Cols, y.Cols));
}
