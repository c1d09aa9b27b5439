using ILGPU;

namespace Silc;

/// <summary>x[r] = row where the flag of r is not 0.</summary>
readonly struct ReplaceRowsKernel<TPack>(FloatPointer flags, FloatPointer row, FloatPointer x, int rows, int cols) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = cols / TPack.Width * TPack.Width;
        for (int r = BlockRange.First(rows); r < last; r++)
        {
            if (flags[r] == 0) continue;
            int start = r * cols;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) TPack.Store(x, start + c, TPack.Load(row, c));
            for (int c = vectorEnd + thread; c < cols; c += threads) x[start + c] = row[c];
        }
    }
}

/// <summary>First stage of its gradient: partial[block] = Σ of dx over the rows of a block of fixed size whose flag is 1.</summary>
readonly struct SumFlaggedRows<TPack>(FloatPointer flags, FloatPointer dx, FloatPointer partial, int rows, int blockRows, int cols) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int blocks = (rows + blockRows - 1) / blockRows, last = BlockRange.Last(blocks), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = cols / TPack.Width * TPack.Width;
        for (int block = BlockRange.First(blocks); block < last; block++)
        {
            int from = block * blockRows, end = (block + 1) * blockRows < rows ? (block + 1) * blockRows : rows;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) At<TPack>(c, from, end, block * cols + c);
            for (int c = vectorEnd + thread; c < cols; c += threads) At<Pack1>(c, from, end, block * cols + c);
        }
    }

    void At<P>(int c, int from, int end, int to) where P : struct, IPack<P>
    {
        var sum = P.Splat(0);
        for (int row = from; row < end; row++) sum += P.Load(dx, row * cols + c) * P.Splat(flags[row]);
        P.Store(partial, to, sum);
    }
}

/// <summary>x[r] = 0 where the flag of r is not 0.</summary>
readonly struct ClearRowsKernel<TPack>(FloatPointer flags, FloatPointer x, int rows, int cols) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = cols / TPack.Width * TPack.Width;
        for (int r = BlockRange.First(rows); r < last; r++)
        {
            if (flags[r] == 0) continue;
            int start = r * cols;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) TPack.Store(x, start + c, TPack.Splat(0));
            for (int c = vectorEnd + thread; c < cols; c += threads) x[start + c] = 0;
        }
    }
}

/// <summary>y[i] = x[rows[i] - first], where x has that row.</summary>
readonly struct TakeRowsKernel<TPack>(FloatPointer x, int first, int count, ArrayView<int> rows, FloatPointer y, int taken, int cols) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(taken), thread = Group.IdxX, threads = Group.DimX, vectorEnd = cols / TPack.Width * TPack.Width;
        for (int i = BlockRange.First(taken); i < last; i++)
        {
            int row = rows[i] - first;
            if (row < 0 || row >= count) continue;
            int from = row * cols, to = i * cols;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) TPack.Store(y, to + c, TPack.Load(x, from + c));
            for (int c = vectorEnd + thread; c < cols; c += threads) y[to + c] = x[from + c];
        }
    }
}

partial class Ops<TPack>
{
    public override void ReplaceRows(Tensor flags, Tensor row, Tensor x) =>
        Device.ForRows(x.Rows, new ReplaceRowsKernel<TPack>(Dense(flags), Dense(row), Dense(x), x.Rows, x.Cols));

    public override void ReplaceRowsBackward(Tensor flags, Tensor dx, Tensor dRow)
    {
        int blocks = (dx.Rows + SumBlockRows - 1) / SumBlockRows;
        var partial = Device.Workspace((long)blocks * dx.Cols);
        Device.ForRows(blocks, new SumFlaggedRows<TPack>(Dense(flags), Dense(dx), partial, dx.Rows, SumBlockRows, dx.Cols));
        Device.ForElements(dx.Cols, new AddColumns<TPack>(partial, Dense(dRow), blocks, dx.Cols, dx.Cols, 0));
        Device.ForRows(dx.Rows, new ClearRowsKernel<TPack>(Dense(flags), Dense(dx), dx.Rows, dx.Cols));
    }

    public override void TakeRows(Tensor x, int first, ArrayView<int> rows, Tensor y) =>
        Device.ForRows(y.Rows, new TakeRowsKernel<TPack>(Dense(x), first, x.Rows, rows, Dense(y), y.Rows, y.Cols));
}
