using ILGPU;

namespace Silc;

/// <summary>y[c] += Σ over rows of x[row · stride + offset + c], one pack of columns a thread: the last stage of a column sum.</summary>
readonly struct AddColumns<TPack>(FloatPointer x, FloatPointer y, int rows, int cols, int stride, int offset) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(cols), last = BlockRange.LastElement(cols), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        for (int c = first + thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) At<TPack>(c);
        for (int c = vectorEnd + thread; c < last; c += threads) At<Pack1>(c);
    }

    void At<P>(int c) where P : struct, IPack<P>
    {
        var sum = P.Splat(0);
        for (int row = 0; row < rows; row++) sum += P.Load(x, row * stride + offset + c);
        P.Store(y, c, P.Load(y, c) + sum);
    }
}

/// <summary>
/// First stage of a sum over a batch: partial[block, t, c] = Σ over the images b of a row block of x[b·T + t, c]. Row blocks have a fixed
/// size, so that the order of additions does not depend on the number of threads.
/// </summary>
readonly struct SumBlocks<TPack>(FloatPointer x, FloatPointer partial, int rows, int period, int blockRows, int cols, int stride) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int blocks = (rows + blockRows - 1) / blockRows, last = BlockRange.Last(blocks * period), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = cols / TPack.Width * TPack.Width;
        for (int item = BlockRange.First(blocks * period); item < last; item++)
        {
            int block = item / period, t = item % period, from = block * blockRows + t;
            int end = (block + 1) * blockRows < rows ? (block + 1) * blockRows : rows;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) At<TPack>(c, from, end, item * cols + c);
            for (int c = vectorEnd + thread; c < cols; c += threads) At<Pack1>(c, from, end, item * cols + c);
        }
    }

    void At<P>(int c, int from, int end, int to) where P : struct, IPack<P>
    {
        var sum = P.Splat(0);
        for (int row = from; row < end; row += period) sum += P.Load(x, row * stride + c);
        P.Store(partial, to, sum);
    }
}

/// <summary>x[r] += table[r mod T].</summary>
readonly struct AddBroadcastKernel<TPack>(FloatPointer table, FloatPointer x, int rows, int period, int cols) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = cols / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * cols, from = row % period * cols;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                TPack.Store(x, start + c, TPack.Load(x, start + c) + TPack.Load(table, from + c));
            for (int c = vectorEnd + thread; c < cols; c += threads) x[start + c] += table[from + c];
        }
    }
}

/// <summary>dx[r] = dy[r / T] where r mod T = t, and 0 elsewhere.</summary>
readonly struct ScatterRows<TPack>(FloatPointer dy, FloatPointer dx, int rows, int period, int t, int cols) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = cols / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int to = row * cols, from = row / period * cols;
            bool chosen = row % period == t;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                TPack.Store(dx, to + c, chosen ? TPack.Load(dy, from + c) : TPack.Splat(0));
            for (int c = vectorEnd + thread; c < cols; c += threads) dx[to + c] = chosen ? dy[from + c] : 0;
        }
    }
}

partial class Ops<TPack>
{
    const int SumBlockRows = 256;

    public override void AddBroadcast(Tensor table, Tensor x) =>
        Device.ForRows(x.Rows, new AddBroadcastKernel<TPack>(Dense(table), Dense(x), x.Rows, table.Rows, x.Cols));

    public override void SumRows(Tensor x, Tensor table)
    {
        int period = table.Rows, blockRows = (SumBlockRows + period - 1) / period * period, blocks = (x.Rows + blockRows - 1) / blockRows;
        var partial = Device.Workspace((long)blocks * period * x.Cols);
        Device.ForRows(blocks * period, new SumBlocks<TPack>(Floats(x), partial, x.Rows, period, blockRows, x.Cols, x.Stride));
        Device.ForElements(table.Count, new AddColumns<TPack>(partial, Dense(table), blocks, table.Count, table.Count, 0));
    }

    public override void MeanRows(Tensor x, Tensor mean)
    {
        Fill(mean, 0);
        SumRows(x, mean);
        Device.ForElements(mean.Count, new ScaleKernel<TPack>(Dense(mean), mean.Count, 1f / x.Rows));
    }

    public override void SelectRows(Tensor x, int t, Tensor y) =>
        Copy(new(x.Slice(t, 1).View, y.Rows, x.Cols, x.Rows / y.Rows * x.Stride, x.DType), y);

    public override void SelectRowsBackward(Tensor dy, int t, Tensor dx) =>
        Device.ForRows(dx.Rows, new ScatterRows<TPack>(Dense(dy), Dense(dx), dx.Rows, dx.Rows / dy.Rows, t, dx.Cols));
}
