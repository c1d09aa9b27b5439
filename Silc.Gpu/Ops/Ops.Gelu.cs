using ILGPU;

namespace Silc;

/// <summary>gelu(x) and its derivative, from one exponential.</summary>
static class GeluMath<TPack> where TPack : struct, IPack<TPack>
{
    const float Root2OverPi = 0.7978845608f, Cubic = 0.044715f;
    const float Root1Over2 = 0.7071067812f, Root1Over2Pi = 0.3989422804f;
    const float Quick = 1.702f;

    // ½ (1 + tanh u) = 1 / (1 + exp(-2u)), the sigmoid of 2u.
    static TPack Sigmoid(TPack x)
    {
        var u = TPack.Splat(-2 * Root2OverPi) * (x + TPack.Splat(Cubic) * x * x * x);
        return TPack.Splat(1) / (TPack.Splat(1) + TPack.Exp(u));
    }

    static TPack QuickSigmoid(TPack x) => TPack.Splat(1) / (TPack.Splat(1) + TPack.Exp(TPack.Splat(-Quick) * x));

    static TPack Cumulative(TPack x) => TPack.Splat(0.5f) * (TPack.Splat(1) + TPack.Erf(x * TPack.Splat(Root1Over2)));

    /// <summary>gelu(x) / x: the probability that a standard normal variable is below x, or an approximation of it.</summary>
    public static TPack Cdf(TPack x, int kind)
    {
        if (kind == (int)GeluKind.Tanh) return Sigmoid(x);
        if (kind == (int)GeluKind.Quick) return QuickSigmoid(x);
        return Cumulative(x);
    }

    /// <summary>Derivative, given cdf = gelu(x) / x.</summary>
    public static TPack Derivative(TPack x, TPack cdf, int kind)
    {
        if (kind == (int)GeluKind.Tanh)
        {
            var du = TPack.Splat(2 * Root2OverPi) * (TPack.Splat(1) + TPack.Splat(3 * Cubic) * x * x);
            return cdf + x * cdf * (TPack.Splat(1) - cdf) * du;
        }
        if (kind == (int)GeluKind.Quick) return cdf + x * cdf * (TPack.Splat(1) - cdf) * TPack.Splat(Quick);
        return cdf + x * TPack.Splat(Root1Over2Pi) * TPack.Exp(TPack.Splat(-0.5f) * x * x);
    }

}

readonly struct GeluForward<TPack>(FloatPointer x, FloatPointer y, int count, int kind) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width) At<TPack>(i);
        for (int i = vectorEnd + thread; i < last; i += threads) At<Pack1>(i);
    }

    void At<P>(int i) where P : struct, IPack<P>
    {
        var value = P.Load(x, i);
        P.Store(y, i, value * GeluMath<P>.Cdf(value, kind));
    }
}

readonly struct GeluInputGrad<TPack>(FloatPointer x, FloatPointer dx, FloatPointer y, int count, int kind) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width) At<TPack>(i);
        for (int i = vectorEnd + thread; i < last; i += threads) At<Pack1>(i);
    }

    void At<P>(int i) where P : struct, IPack<P>
    {
        var value = P.Load(x, i);
        var cdf = GeluMath<P>.Cdf(value, kind);
        P.Store(y, i, value * cdf);
        P.Store(dx, i, P.Load(dx, i) * GeluMath<P>.Derivative(value, cdf, kind));
    }
}

partial class Ops<TPack>
{
    public override void Gelu(Tensor x, Tensor y, GeluKind kind)
    {
        Same(x, y);
        Device.ForElements(x.Count, new GeluForward<TPack>(Dense(x), Dense(y), x.Count, (int)kind));
    }

    public override void GeluBackward(Tensor x, Tensor dx, Tensor y, GeluKind kind)
    {
        Same(x, dx);
        Device.ForElements(x.Count, new GeluInputGrad<TPack>(Dense(x), Dense(dx), Dense(y), x.Count, (int)kind));
    }
}
