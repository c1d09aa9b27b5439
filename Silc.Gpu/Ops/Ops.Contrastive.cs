using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>Log-sum-exp of s·x over each row, or over each column: element (i, j) is at i·strideI + j·strideJ.</summary>
readonly struct LogSumExp(FloatPointer x, FloatPointer t, FloatPointer y, int offset, int count, int strideI, int strideJ) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(count), thread = Group.IdxX, threads = Group.DimX;
        float s = XMath.Exp(t[0]);
        for (int i = BlockRange.First(count); i < last; i++)
        {
            float max = float.MinValue, sum = 0;
            for (int j = thread; j < count; j += threads) max = XMath.Max(max, x[i * strideI + j * strideJ]);
            max = BlockReduce.Max(max, thread, threads) * s;
            for (int j = thread; j < count; j += threads) sum += XMath.Exp(x[i * strideI + j * strideJ] * s - max);
            sum = BlockReduce.Sum(sum, thread, threads);
            if (thread == 0) y[offset + i] = max + XMath.Log(sum);
        }
    }
}

/// <summary>
/// InfoNCE both ways on logits l = exp(t)·x: loss of row i is (lse of row i + lse of column i - 2·l_ii) / 2B; x becomes dLoss/dx.
/// Row i's part of dLoss/dt = Σ dl·l goes to rowT.
/// </summary>
readonly struct InfoNceKernel(FloatPointer x, FloatPointer t, FloatPointer lse, FloatPointer rowT, FloatPointer rowLoss,
    int count, float weight) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(count), thread = Group.IdxX, threads = Group.DimX;
        float s = XMath.Exp(t[0]), factor = weight / (2 * count);
        for (int i = BlockRange.First(count); i < last; i++)
        {
            float dT = 0, row = lse[i];
            if (thread == 0) rowLoss[i] = factor * (row + lse[count + i] - 2 * s * x[i * count + i]);
            if (threads > 1) Group.Barrier();     // thread 0 reads the diagonal before another thread overwrites it
            for (int j = thread; j < count; j += threads)
            {
                float l = s * x[i * count + j];
                float dl = factor * (XMath.Exp(l - row) + XMath.Exp(l - lse[count + j]) - (i == j ? 2 : 0));
                x[i * count + j] = s * dl;
                dT += dl * l;
            }
            dT = BlockReduce.Sum(dT, thread, threads);
            if (thread == 0) rowT[i] = dT;
        }
    }
}

/// <summary>
/// Sigmoid loss on l = exp(t)·x + b: row i's loss is Σ softplus(-m·l) / B, m = +1 on the diagonal and -1 off it; x becomes dLoss/dx.
/// </summary>
readonly struct SigLipKernel(FloatPointer x, FloatPointer t, FloatPointer b, FloatPointer rowT, FloatPointer rowLoss,
    int count, float weight) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(count), thread = Group.IdxX, threads = Group.DimX;
        float s = XMath.Exp(t[0]), bias = b[0], factor = weight / count;
        for (int i = BlockRange.First(count); i < last; i++)
        {
            float loss = 0, dT = 0, dB = 0;
            for (int j = thread; j < count; j += threads)
            {
                float scaled = s * x[i * count + j], l = scaled + bias, m = i == j ? 1 : -1;
                float dl = -factor * m * Scalar.Sigmoid(-m * l);
                loss += factor * Scalar.Softplus(-m * l);
                x[i * count + j] = s * dl;
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
                rowT[count + i] = dB;
            }
        }
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
        var rowT = scratch.IsValid ? scratch.SubView(2 * n, n) : scratch;
        Device.ForRows(n, new LogSumExp(Dense(cosines), t.View, scratch, 0, n, n, 1));
        Device.ForRows(n, new LogSumExp(Dense(cosines), t.View, scratch, n, n, 1, n));
        Device.ForRows(n, new InfoNceKernel(Dense(cosines), t.View, scratch, rowT, Dense(rowLoss), n, weight));
        Device.Single(new AddSumKernel(scratch, dT.View, 2 * n, n, 0, 1));
    }

    public override void SigLip(Tensor cosines, Tensor t, Tensor b, Tensor dT, Tensor dB, Tensor rowLoss, float weight)
    {
        int n = Square(cosines);
        var scratch = Device.Workspace(2L * n);     // dT and dB of each row
        Device.ForRows(n, new SigLipKernel(Dense(cosines), t.View, b.View, scratch, Dense(rowLoss), n, weight));
        Device.Single(new AddSumKernel(scratch, dT.View, 0, n, 0, 1));
        Device.Single(new AddSumKernel(scratch, dB.View, n, n, 0, 1));
    }

    public override void AddSum(Tensor x, Tensor y, int index, float factor = 1) =>
        Device.Single(new AddSumKernel(Dense(x), y.View, 0, x.Count, index, factor));

    static int Square(Tensor x) => x.Rows == x.Cols ? x.Rows : throw new ArgumentException($"{x.Rows} images do not pair with {x.Cols} captions");
}
