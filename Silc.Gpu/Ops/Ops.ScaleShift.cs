using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>y = exp(t) · x + b.</summary>
readonly struct ScaleShiftKernel<TPack>(FloatPointer x, FloatPointer t, FloatPointer b, FloatPointer y, int count) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        float factor = XMath.Exp(t[0]), shift = b[0];
        TPack factors = TPack.Splat(factor), shifts = TPack.Splat(shift);
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width)
            TPack.Store(y, i, TPack.Load(x, i) * factors + shifts);
        for (int i = vectorEnd + thread; i < last; i += threads) y[i] = x[i] * factor + shift;
    }
}

/// <summary>
/// dy ← exp(t) · dy, and for each block of elements of fixed length the sums of dy · exp(t) · x and of dy, so that the order of additions does
/// not depend on the number of threads.
/// </summary>
readonly struct ScaleShiftGrad<TPack>(FloatPointer dy, FloatPointer x, FloatPointer t, FloatPointer partial, int count, int blocks) : IKernel
    where TPack : struct, IPack<TPack>
{
    public const int Length = 4096;

    public void Execute()
    {
        int last = BlockRange.Last(blocks), thread = Group.IdxX, threads = Group.DimX;
        float factor = XMath.Exp(t[0]);
        for (int block = BlockRange.First(blocks); block < last; block++)
        {
            int first = block * Length, end = first + Length < count ? first + Length : count;
            int vectorEnd = first + (end - first) / TPack.Width * TPack.Width;
            TPack scaled = TPack.Splat(0), plain = TPack.Splat(0);
            float tailScaled = 0, tailPlain = 0;
            for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width)
            {
                TPack d = TPack.Load(dy, i), dx = d * TPack.Splat(factor);
                plain += d;
                scaled += dx * TPack.Load(x, i);
                TPack.Store(dy, i, dx);
            }
            for (int i = vectorEnd + thread; i < end; i += threads)
            {
                float d = dy[i], dx = d * factor;
                tailPlain += d;
                tailScaled += dx * x[i];
                dy[i] = dx;
            }
            float dT = BlockReduce.Sum(TPack.Sum(scaled) + tailScaled, thread, threads);
            float dB = BlockReduce.Sum(TPack.Sum(plain) + tailPlain, thread, threads);
            if (thread == 0)
            {
                partial[block] = dT;
                partial[blocks + block] = dB;
            }
        }
    }
}

partial class Ops<TPack>
{
    public override void ScaleShift(Tensor x, Tensor t, Tensor b, Tensor y)
    {
        Same(x, y);
        Device.ForElements(x.Count, new ScaleShiftKernel<TPack>(Dense(x), Dense(t), Dense(b), Dense(y), x.Count));
    }

    public override void ScaleShiftBackward(Tensor dy, Tensor x, Tensor t, Tensor dT, Tensor dB)
    {
        Same(dy, x);
        int blocks = (x.Count + ScaleShiftGrad<TPack>.Length - 1) / ScaleShiftGrad<TPack>.Length;
        var partial = Device.Workspace(2L * blocks);
        Device.ForRows(blocks, new ScaleShiftGrad<TPack>(Dense(dy), Dense(x), Dense(t), partial, x.Count, blocks));
        Device.Single(new AddSumKernel(partial, dT.View, 0, blocks, 0, 1));
        Device.Single(new AddSumKernel(partial, dB.View, blocks, blocks, 0, 1));
    }
}
