namespace Silc;

/// <summary>
/// One <see cref="GeluKind"/>, as <see cref="GeluMath{TPack}"/> computes it. A type, not a number: a kernel that holds the code of all three
/// does not fit into the instruction cache.
/// </summary>
interface IEpilogueGelu
{
    /// <summary>gelu(x) / x.</summary>
    static abstract float Cdf(float x);

    /// <summary>The derivative, given cdf = gelu(x) / x.</summary>
    static abstract float Derivative(float x, float cdf);
}

/// <summary>
/// GELU for the epilogues of GEMMs, with the hardware's approximate exponential and reciprocal, both to two units in the last place: eight
/// instructions a value, where IEEE division alone takes ten and a branch.
/// </summary>
static class CudaGelu
{
    public const float Log2E = 1.4426950409f;

    /// <summary>gelu(x) / x.</summary>
    public static Float4 Cdf<TGelu>(Float4 x) where TGelu : struct, IEpilogueGelu =>
        new(TGelu.Cdf(x.X), TGelu.Cdf(x.Y), TGelu.Cdf(x.Z), TGelu.Cdf(x.W));

    /// <summary>The derivative, given cdf = gelu(x) / x.</summary>
    public static Float4 Derivative<TGelu>(Float4 x, Float4 cdf) where TGelu : struct, IEpilogueGelu =>
        new(TGelu.Derivative(x.X, cdf.X), TGelu.Derivative(x.Y, cdf.Y), TGelu.Derivative(x.Z, cdf.Z), TGelu.Derivative(x.W, cdf.W));
}

/// <summary>½ x (1 + tanh u), where ½ (1 + tanh u) = 1 / (1 + exp(-2u)).</summary>
readonly struct TanhGelu : IEpilogueGelu
{
    const float Root2OverPi = 0.7978845608f, Cubic = 0.044715f;

    public static float Cdf(float x) =>
        Ptx.Reciprocal(1 + Ptx.Exp2(x * (-2 * CudaGelu.Log2E * Root2OverPi + -2 * CudaGelu.Log2E * Root2OverPi * Cubic * (x * x))));

    public static float Derivative(float x, float cdf) =>
        cdf + x * cdf * (1 - cdf) * (2 * Root2OverPi + 2 * Root2OverPi * 3 * Cubic * (x * x));
}

/// <summary>x sigmoid(1.702 x).</summary>
readonly struct QuickGelu : IEpilogueGelu
{
    const float Quick = 1.702f;

    public static float Cdf(float x) => Ptx.Reciprocal(1 + Ptx.Exp2(-Quick * CudaGelu.Log2E * x));

    public static float Derivative(float x, float cdf) => cdf + x * cdf * (1 - cdf) * Quick;
}

/// <summary>½ x (1 + erf(x / √2)), as Scalar.Erf and without a branch.</summary>
readonly struct ErfGelu : IEpilogueGelu
{
    const float Root1Over2 = 0.7071067812f, Root1Over2Pi = 0.3989422804f;

    public static float Cdf(float x)
    {
        float u = x * Root1Over2, z = u < 0 ? -u : u, t = Ptx.Reciprocal(1 + 0.5f * z);
        float p = -z * z - 1.26551223f + t * (1.00002368f + t * (0.37409196f + t * (0.09678418f + t * (-0.18628806f
            + t * (0.27886807f + t * (-1.13520398f + t * (1.48851587f + t * (-0.82215223f + t * 0.17087277f))))))));
        float far = 1 - t * Ptx.Exp2(CudaGelu.Log2E * p);
        return 0.5f + 0.5f * Ptx.SelectIfLess(z, Scalar.NearZero, Scalar.ErfNearZero(u), Ptx.SelectIfLess(u, 0, -far, far));
    }

    public static float Derivative(float x, float cdf) => cdf + x * Root1Over2Pi * Ptx.Exp2(-0.5f * CudaGelu.Log2E * (x * x));
}
