using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// peaks[k] = max over the rows b of s · x[b, k] + shifts[b], and sums[k] = Σ exp(s · x[b, k] + shifts[b] - peaks[k]), a pack of columns a thread.
/// </summary>
readonly struct SinkhornColumnsKernel<TPack>(FloatPointer x, FloatPointer sharpness, FloatPointer shifts, FloatPointer peaks, FloatPointer sums,
    int rows, int cols) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(cols), last = BlockRange.LastElement(cols), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        float s = sharpness[0];
        for (int c = first + thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) At<TPack>(c, s);
        for (int c = vectorEnd + thread; c < last; c += threads) At<Pack1>(c, s);
    }

    void At<P>(int c, float s) where P : struct, IPack<P>
    {
        P max = P.Splat(float.MinValue), sum = P.Splat(0);
        for (int row = 0; row < rows; row++) max = P.Max(max, P.Splat(s) * P.Load(x, row * cols + c) + P.Splat(shifts[row]));
        for (int row = 0; row < rows; row++) sum += P.Exp(P.Splat(s) * P.Load(x, row * cols + c) + P.Splat(shifts[row]) - max);
        P.Store(peaks, c, max);
        P.Store(sums, c, sum);
    }
}

/// <summary>
/// shifts[b] = -log Σ over k of exp(s · x[b, k] - columns[k]); a row whose weight is 0 has none, which takes it out of the sums over rows.
/// </summary>
readonly struct SinkhornRowsKernel(FloatPointer x, FloatPointer sharpness, FloatPointer columns, FloatPointer weights, FloatPointer shifts,
    int rows, int cols, int isWeighted) : IKernel
{
    // exp of it is 0 beside that of any row that counts.
    public const float Nothing = -1e30f;

    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        float s = sharpness[0];
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * cols;
            float max = float.MinValue, sum = 0;
            for (int c = thread; c < cols; c += threads) max = XMath.Max(max, s * x[start + c] - columns[c]);
            max = BlockReduce.Max(max, thread, threads);
            for (int c = thread; c < cols; c += threads) sum += XMath.Exp(s * x[start + c] - columns[c] - max);
            sum = BlockReduce.Sum(sum, thread, threads);
            bool counts = isWeighted == 0 || weights[row] > 0;
            if (thread == 0) shifts[row] = counts ? -max - XMath.Log(sum) : Nothing;
        }
    }
}

/// <summary>y = x / divisor.</summary>
readonly struct DivideByKernel<TPack>(FloatPointer x, FloatPointer divisor, FloatPointer y, int count) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        float d = divisor[0];
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width)
            TPack.Store(y, i, TPack.Load(x, i) / TPack.Splat(d));
        for (int i = vectorEnd + thread; i < last; i += threads) y[i] = x[i] / d;
    }
}

partial class Ops<TPack>
{
    public override void SinkhornColumns(Tensor x, Tensor sharpness, Tensor shifts, Tensor columns)
    {
        if (shifts.Rows != x.Rows || columns.Cols != x.Cols)
            throw new ArgumentException($"{x.Rows} x {x.Cols} scores have {shifts.Rows} shifts of rows and {columns.Cols} sums of columns");
        // Packs have no logarithm.
        var sums = Device.Workspace(x.Cols);
        Device.ForElements(x.Cols, new SinkhornColumnsKernel<TPack>(Dense(x), sharpness.View, Dense(shifts), Dense(columns), sums, x.Rows, x.Cols));
        Device.ForElements(x.Cols, new AddLogKernel(sums, Dense(columns), x.Cols));
    }

    public override void SinkhornRows(Tensor x, Tensor sharpness, Tensor columns, Tensor weights, Tensor shifts)
    {
        if (shifts.Rows != x.Rows || columns.Cols != x.Cols || weights.Count > 0 && weights.Rows != x.Rows)
            throw new ArgumentException($"{x.Rows} x {x.Cols} scores have {shifts.Rows} shifts of rows, {columns.Cols} sums of columns "
                + $"and {weights.Rows} weights");
        Device.ForRows(x.Rows, new SinkhornRowsKernel(Dense(x), sharpness.View, Dense(columns), weights.Count > 0 ? Dense(weights) : Dense(columns),
            Dense(shifts), x.Rows, x.Cols, weights.Count > 0 ? 1 : 0));
    }

    public override void DivideBy(Tensor x, Tensor divisor, Tensor y) =>
        Device.ForElements(x.Count, new DivideByKernel<TPack>(Dense(x), divisor.View, Dense(y), x.Count));
}
