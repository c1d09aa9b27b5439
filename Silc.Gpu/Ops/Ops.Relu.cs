using ILGPU;

namespace Silc;

/// <summary>x ← max(x, 0).</summary>
readonly struct ReluKernel<TPack>(FloatPointer x, int count) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width)
            TPack.Store(x, i, TPack.Max(TPack.Load(x, i), TPack.Splat(0)));
        for (int i = vectorEnd + thread; i < last; i += threads) x[i] = x[i] > 0 ? x[i] : 0;
    }
}

/// <summary>dy ← dy where y > 0, else 0.</summary>
readonly struct ReluGrad(FloatPointer y, FloatPointer dy, int count) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        for (int i = BlockRange.FirstElement(count) + thread; i < last; i += threads) dy[i] = y[i] > 0 ? dy[i] : 0;
    }
}

partial class Ops<TPack>
{
    public override void Relu(Tensor x) => Device.ForElements(x.Count, new ReluKernel<TPack>(Dense(x), x.Count));

    public override void ReluBackward(Tensor y, Tensor dy)
    {
        Same(y, dy);
        Device.ForElements(y.Count, new ReluGrad(Dense(y), Dense(dy), y.Count));
    }
}
