using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>Log-sum-exp of s·x over each of count rows, or columns, of so many terms: element (i, j) is at i·strideI + j·strideJ.</summary>
readonly struct LogSumExp(FloatPointer x, FloatPointer t, FloatPointer y, int offset, int count, int terms, int strideI, int strideJ) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(count), thread = Group.IdxX, threads = Group.DimX;
        float s = XMath.Exp(t[0]);
        for (int i = BlockRange.First(count); i < last; i++)
        {
            float max = float.MinValue, sum = 0;
            for (int j = thread; j < terms; j += threads) max = XMath.Max(max, x[i * strideI + j * strideJ]);
            max = BlockReduce.Max(max, thread, threads) * s;
            for (int j = thread; j < terms; j += threads) sum += XMath.Exp(x[i * strideI + j * strideJ] * s - max);
            sum = BlockReduce.Sum(sum, thread, threads);
            if (thread == 0) y[offset + i] = max + XMath.Log(sum);
        }
    }
}

/// <summary>
/// InfoNCE both ways on logits l = exp(t)·x of some rows of (B, B), the first of which is row <c>diagonal</c>: loss of row i is
/// (lse of row i + lse of its column - 2·l_ii) / 2B; x becomes dLoss/dx. Row i's part of dLoss/dt = Σ dl·l goes to rowT. In a chunk of the columns
/// a row without its pair has no loss.
/// </summary>
readonly struct InfoNceKernel(FloatPointer x, FloatPointer t, FloatPointer rowLse, FloatPointer colLse, FloatPointer rowT, FloatPointer rowLoss,
    int rows, int cols, int diagonal, int whole, float weight) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        float s = XMath.Exp(t[0]), factor = weight / (2 * whole);
        for (int i = BlockRange.First(rows); i < last; i++)
        {
            float dT = 0, row = rowLse[i];
            int pair = diagonal + i, within = pair < 0 || pair >= cols ? 0 : pair;
            if (thread == 0) rowLoss[i] = within != pair ? 0 : factor * (row + colLse[within] - 2 * s * x[i * cols + within]);
            if (threads > 1) Group.Barrier();     // thread 0 reads the diagonal before another thread overwrites it
            for (int j = thread; j < cols; j += threads)
            {
                float l = s * x[i * cols + j];
                float dl = factor * (XMath.Exp(l - row) + XMath.Exp(l - colLse[j]) - (pair == j ? 2 : 0));
                x[i * cols + j] = s * dl;
                dT += dl * l;
            }
            dT = BlockReduce.Sum(dT, thread, threads);
            if (thread == 0) rowT[i] = dT;
        }
    }
}

/// <summary>
/// Sigmoid loss on l = exp(t)·x + b, on some rows of (B, B), the first of which is row <c>diagonal</c>: row i's loss is
/// Σ softplus(-m·l) / B, m = +1 on the diagonal and -1 off it; x becomes dLoss/dx.
/// </summary>
readonly struct SigLipKernel(FloatPointer x, FloatPointer t, FloatPointer b, FloatPointer rowT, FloatPointer rowLoss,
    int rows, int cols, int diagonal, int whole, float weight) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        float s = XMath.Exp(t[0]), bias = b[0], factor = weight / whole;
        for (int i = BlockRange.First(rows); i < last; i++)
        {
            float loss = 0, dT = 0, dB = 0;
            for (int j = thread; j < cols; j += threads)
            {
                float scaled = s * x[i * cols + j], l = scaled + bias, m = diagonal + i == j ? 1 : -1;
                float dl = -factor * m * Scalar.Sigmoid(-m * l);
                loss += factor * Scalar.Softplus(-m * l);
                x[i * cols + j] = s * dl;
                dT += dl * scaled;
                dB += dl;
            }
            loss = BlockReduce.Sum(loss, thread, threads);
            dT = BlockReduce.Sum(dT, thread, threads);
            dB = BlockReduce.Sum(dB, thread, threads);
            if (thread == 0)
            {
                rowLoss[i] = loss;
                rowT[i] = dT;
                rowT[rows + i] = dB;
            }
        }
    }
}

/// <summary>y = exp(x - peak).</summary>
readonly struct ExpDifferenceKernel(FloatPointer x, FloatPointer peak, FloatPointer y, int count) : IKernel
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        for (int i = first + thread; i < last; i += threads) y[i] = XMath.Exp(x[i] - peak[i]);
    }
}

/// <summary>y += log x.</summary>
readonly struct AddLogKernel(FloatPointer x, FloatPointer y, int count) : IKernel
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        for (int i = first + thread; i < last; i += threads) y[i] += XMath.Log(x[i]);
    }
}

/// <summary>y[index] += factor · Σ x, in one block.</summary>
readonly struct AddSumKernel(FloatPointer x, FloatPointer y, int offset, int count, int index, float factor) : IKernel
{
    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX;
        float sum = 0;
        for (int i = thread; i < count; i += threads) sum += x[offset + i];
        sum = BlockReduce.Sum(sum, thread, threads);
        if (thread == 0) y[index] += factor * sum;
    }
}

partial class Ops<TPack>
{
    public override void InfoNce(Tensor cosines, Tensor t, Tensor dT, Tensor rowLoss, float weight)
    {
        int n = Square(cosines);
        var scratch = Device.Workspace(3L * n);     // log-sum-exp of rows, of columns; dT of each row
        Device.ForRows(n, new LogSumExp(Dense(cosines), t.View, scratch, n, n, n, 1, n));
        InfoNce(cosines, t, Part(scratch, n, n), scratch, dT, rowLoss, 0, weight);
    }

    public override void InfoNceRows(Tensor cosines, Tensor t, Tensor columns, Tensor dT, Tensor rowLoss, int diagonal, float weight)
    {
        RequireRows(cosines, diagonal);
        InfoNce(cosines, t, Dense(columns), Device.Workspace(3L * cosines.Rows), dT, rowLoss, diagonal, weight);
    }

    // Of three times as many values as rows, the first are log-sum-exp, the last dT.
    void InfoNce(Tensor cosines, Tensor t, FloatPointer columns, ArrayView<float> scratch, Tensor dT, Tensor rowLoss, int diagonal, float weight)
    {
        var (rows, cols) = (cosines.Rows, cosines.Cols);
        Device.ForRows(rows, new LogSumExp(Dense(cosines), t.View, scratch, 0, rows, cols, cols, 1));
        Device.ForRows(rows, new InfoNceKernel(Dense(cosines), t.View, scratch, columns, Part(scratch, 2 * rows, rows), Dense(rowLoss),
            rows, cols, diagonal, cols, weight));
        Device.Single(new AddSumKernel(scratch, dT.View, 2 * rows, rows, 0, 1));
    }

    public override void InfoNceChunk(Tensor cosines, Tensor t, Tensor rows, Tensor columns, Tensor dT, Tensor rowLoss, int diagonal, int whole,
        float weight)
    {
        int n = cosines.Rows;
        var scratch = Device.Workspace(n);      // dT of each row
        Device.ForRows(n, new InfoNceKernel(Dense(cosines), t.View, Dense(rows), Dense(columns), scratch, Dense(rowLoss), n, cosines.Cols, diagonal,
            whole, weight));
        Device.Single(new AddSumKernel(scratch, dT.View, 0, n, 0, 1));
    }

    public override void RowLogSumExp(Tensor cosines, Tensor t, Tensor rows) =>
        Device.ForRows(cosines.Rows, new LogSumExp(Dense(cosines), t.View, Dense(rows), 0, cosines.Rows, cosines.Cols, cosines.Cols, 1));

    public override void ColumnLogSumExp(Tensor cosines, Tensor t, Tensor columns) =>
        Device.ForRows(cosines.Cols, new LogSumExp(Dense(cosines), t.View, Dense(columns), 0, cosines.Cols, cosines.Rows, 1, cosines.Cols));

    public override void ExpDifference(Tensor x, Tensor peak, Tensor y) =>
        Device.ForElements(x.Count, new ExpDifferenceKernel(Dense(x), Dense(peak), Dense(y), x.Count));

    public override void AddLog(Tensor x, Tensor y) => Device.ForElements(x.Count, new AddLogKernel(Dense(x), Dense(y), x.Count));

    public override void SigLip(Tensor cosines, Tensor t, Tensor b, Tensor dT, Tensor dB, Tensor rowLoss, float weight, int diagonal = 0,
        int whole = 0)
    {
        if (whole == 0) RequireRows(cosines, diagonal);
        int n = cosines.Rows;
        var scratch = Device.Workspace(2L * n);     // dT and dB of each row
        Device.ForRows(n, new SigLipKernel(Dense(cosines), t.View, b.View, scratch, Dense(rowLoss), n, cosines.Cols, diagonal,
            whole == 0 ? cosines.Cols : whole, weight));
        Device.Single(new AddSumKernel(scratch, dT.View, 0, n, 0, 1));
        Device.Single(new AddSumKernel(scratch, dB.View, n, n, 0, 1));
    }

    public override void AddSum(Tensor x, Tensor y, int index, float factor = 1) =>
        Device.Single(new AddSumKernel(Dense(x), y.View, 0, x.Count, index, factor));

    // A dry run has no memory.
    static ArrayView<float> Part(ArrayView<float> scratch, int start, int count) => scratch.IsValid ? scratch.SubView(start, count) : scratch;

    static void RequireRows(Tensor x, int first)
    {
        if (first < 0 || first + x.Rows > x.Cols) throw new ArgumentException($"rows {first} to {first + x.Rows} are not in a batch of {x.Cols}");
    }

    static int Square(Tensor x) => x.Rows == x.Cols ? x.Rows : throw new ArgumentException($"{x.Rows} images do not pair with {x.Cols} captions");
}
