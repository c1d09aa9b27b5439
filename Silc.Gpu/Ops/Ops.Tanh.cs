using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>x ← tanh x.</summary>
readonly struct TanhKernel(FloatPointer x, int count) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        for (int i = BlockRange.FirstElement(count) + thread; i < last; i += threads)
        {
            // From exp(-2|x|), which does not overflow.
            float value = x[i], size = value < 0 ? -value : value, e = XMath.Exp(-2 * size), tanh = (1 - e) / (1 + e);
            // Near zero 1 - e has lost its digits: x - x³/3 + 2x⁵/15.
            if (size < 0.1f) tanh = size - size * size * size * (1 / 3f - size * size * (2 / 15f));
            x[i] = value < 0 ? -tanh : tanh;
        }
    }
}

/// <summary>dy ← dy · (1 - y²).</summary>
readonly struct TanhGrad(FloatPointer y, FloatPointer dy, int count) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        for (int i = BlockRange.FirstElement(count) + thread; i < last; i += threads) dy[i] *= 1 - y[i] * y[i];
    }
}

partial class Ops<TPack>
{
    public override void Tanh(Tensor x) => Device.ForElements(x.Count, new TanhKernel(Dense(x), x.Count));

    public override void TanhBackward(Tensor y, Tensor dy)
    {
        Same(y, dy);
        Device.ForElements(y.Count, new TanhGrad(Dense(y), Dense(dy), y.Count));
    }
}
