using ILGPU;

namespace Silc;

/// <summary>y = x · factors[c] + shifts[c] of pixels, whose three channels are neighbours.</summary>
readonly struct ScaleChannelsKernel(FloatPointer x, FloatPointer factors, FloatPointer shifts, FloatPointer y, int count) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        for (int i = BlockRange.FirstElement(count) + thread; i < last; i += threads) y[i] = x[i] * factors[i % 3] + shifts[i % 3];
    }
}

partial class Ops<TPack>
{
    public override void ScaleChannels(Tensor x, Tensor factors, Tensor shifts, Tensor y)
    {
        Same(x, y);
        if (x.Cols % 3 != 0 || factors.Count != 3 || shifts.Count != 3)
            throw new ArgumentException($"{x.Rows} x {x.Cols} pixels have no three channels, "
                + $"or {factors.Count} factors and {shifts.Count} shifts not one for each");
        Device.ForElements(x.Count, new ScaleChannelsKernel(Dense(x), Dense(factors), Dense(shifts), Dense(y), x.Count));
    }
}
