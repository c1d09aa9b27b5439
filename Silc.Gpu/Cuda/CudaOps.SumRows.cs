using ILGPU;

namespace Silc;

/// <summary>
/// y[t, c] += Σ over the rows of x with row mod T = t, in one launch; the work of the blocks of a kernel, 128 columns each. A block adds the rows
/// of its row block into the partial sums, and the last to come of those that share columns adds the partial sums, in their order: which one that
/// is changes no bit.
/// </summary>
readonly struct ColumnSums<TLoad>(
    MatrixPointer x, MatrixPointer partial, MatrixPointer y, long counters, int rows, int period, int blockRows, int cols)
    where TLoad : struct, IGlobalLoad
{
    const int ThreadsX = 16, ThreadsY = Threads / ThreadsX, SumBytes = 4 * Columns * ThreadsY;

    public const int Threads = 128, Columns = 8 * ThreadsX, RowsPerPass = 8 * ThreadsY, SharedBytes = SumBytes + Arrival.SharedBytes;

    public void Run(int index, int thread, int shared)
    {
        int chunks = (cols + Columns - 1) / Columns, item = index / chunks, first = index % chunks * Columns, column = first + thread;
        int block = item / period, t = item % period, blocks = (rows + blockRows - 1) / blockRows;
        float sum = Sum<TLoad>(x, block * blockRows + t, (block + 1) * blockRows < rows ? (block + 1) * blockRows : rows, first, thread, shared);
        Ptx.Store(partial.At(item, column), sum, column, cols);
        if (Arrival.IsLast(counters + 4L * (t * chunks + index % chunks), blocks, thread, shared + SumBytes))
        {
            sum = Sum<VectorLoad>(partial, t, blocks * period, first, thread, shared);
            long to = y.At(t, column);
            Ptx.Store(to, Ptx.Load(to, 0, 1, column, cols) + sum, column, cols);
        }
    }

    // The sum of a thread's column over every period-th row. Eight threads share eight columns, and each has eight rows in flight at once, 128
    // bytes of bf16, to hide the latency of memory.
    float Sum<TOf>(MatrixPointer of, int start, int end, int first, int thread, int shared) where TOf : struct, IGlobalLoad
    {
        int line = thread / ThreadsX, column = first + 8 * (thread % ThreadsX), row = start + line * period;
        int rowStep = Ptx.Hold(ThreadsY * period), last = Ptx.Hold(end);
        long at = of.At(row, column), step = Ptx.Hold(of.Bytes * ((long)rowStep * of.Stride));
        Float8 sums = default;
        for (; start < last; start += 8 * rowStep, row += 8 * rowStep, at += 8 * step)
        {
            Float8 r0 = TOf.Load8(at, row, last, column, cols), r1 = TOf.Load8(at + step, row + rowStep, last, column, cols);
            Float8 r2 = TOf.Load8(at + 2 * step, row + 2 * rowStep, last, column, cols),
                r3 = TOf.Load8(at + 3 * step, row + 3 * rowStep, last, column, cols);
            Float8 r4 = TOf.Load8(at + 4 * step, row + 4 * rowStep, last, column, cols),
                r5 = TOf.Load8(at + 5 * step, row + 5 * rowStep, last, column, cols);
            Float8 r6 = TOf.Load8(at + 6 * step, row + 6 * rowStep, last, column, cols),
                r7 = TOf.Load8(at + 7 * step, row + 7 * rowStep, last, column, cols);
            sums += r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
        }
        int to = shared + 4 * (line * Columns + 8 * (thread % ThreadsX));
        Ptx.SyncThreads();      // all have read what was there before
        Ptx.StoreShared4(to, sums.Low);
        Ptx.StoreShared4(to + 16, sums.High);
        Ptx.SyncThreads();
        float sum = 0;
        for (int i = 0; i < ThreadsY; i++) sum += Ptx.LoadShared(shared + 4 * (i * Columns + thread));
        return sum;
    }
}

/// <summary>As <see cref="Ops.SumRows"/>: 2 bytes a value of bf16.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaSumRows<TLoad>(ColumnSums<TLoad> sums) : IKernel where TLoad : struct, IGlobalLoad
{
    public const int Threads = ColumnSums<TLoad>.Threads;

    public void Execute() => sums.Run(Grid.IdxX, Group.IdxX, Ptx.Shared(ColumnSums<TLoad>.SharedBytes));
}

partial class CudaOps
{
    public override void SumRows(Tensor x, Tensor table)
    {
        var y = new Tensor(Dense(table), table.Rows, table.Cols);
        // Images side by side: their rows are summed as the columns of one.
        if (table.Rows > 1 && !IsBf16(x) && x.IsDense && x.Rows % table.Rows == 0)
            (x, y) = (x.Reshape(x.Rows / table.Rows, table.Count), y.Reshape(1, table.Count));
        if (!CanSumColumns(x)) base.SumRows(x, table);
        else if (IsBf16(x)) SumRows<Bf16Load>(x, y);
        else SumRows<VectorLoad>(x, y);
    }

    void SumRows<TLoad>(Tensor x, Tensor y) where TLoad : struct, IGlobalLoad
    {
        var plan = new SumPlan(x.Rows, y.Rows, x.Cols);
        var sums = SumsOf<TLoad>(plan, x, y, Device.Workspace(plan.PartialFloats), Address(Device.Counters(plan.Counters)));
        Device.Launch(plan.Blocks, CudaSumRows<TLoad>.Threads, new CudaSumRows<TLoad>(sums));
    }

    static bool CanSumColumns(Tensor x) => IsVectorized(x) && (!IsBf16(x) || x.Cols % ValuesPer16Bytes == 0);

    static ColumnSums<TLoad> SumsOf<TLoad>(SumPlan plan, Tensor x, Tensor y, ArrayView<float> partial, long counters)
        where TLoad : struct, IGlobalLoad =>
        new(At(x), new(Address(partial), x.Cols), At(y), counters, plan.Rows, plan.Period, plan.BlockRows, plan.Cols);

    /// <summary>How the rows of a column sum are shared: at most 128 row blocks, so that the last of them adds their sums in two passes.</summary>
    readonly record struct SumPlan(int Rows, int Period, int Cols)
    {
        const int MaxRowBlocks = 128, Round = ColumnSums<VectorLoad>.RowsPerPass;

        // A multiple of the rows of a pass. Depends on the number of rows alone, so the bits are the same on every GPU.
        public int BlockRows { get; } = DivUp(DivUp(DivUp(Rows, MaxRowBlocks), Round) * Round, Period) * Period;

        public int Counters => Period * DivUp(Cols, ColumnSums<VectorLoad>.Columns);
        public int Blocks => DivUp(Rows, BlockRows) * Counters;
        public long PartialFloats => (long)DivUp(Rows, BlockRows) * Period * Cols;
    }
}
