namespace Silc;

/// <summary>
/// <see cref="GeluMath{TPack}"/> for the epilogues of GEMMs, with the hardware's approximate exponential and reciprocal, both to two units
/// in the last place: eight instructions a value, where IEEE division alone takes ten and a branch.
/// </summary>
static class CudaGelu
{
    const float Log2E = 1.4426950409f, Root2OverPi = 0.7978845608f, Cubic = 0.044715f;
    const float Root1Over2 = 0.7071067812f, Root1Over2Pi = 0.3989422804f, Quick = 1.702f;

    /// <summary>gelu(x) / x.</summary>
    public static Float4 Cdf(Float4 x, int kind) => kind == (int)GeluKind.Tanh
        ? new(Sigmoid(x.X), Sigmoid(x.Y), Sigmoid(x.Z), Sigmoid(x.W))
        : kind == (int)GeluKind.Quick ? new(QuickSigmoid(x.X), QuickSigmoid(x.Y), QuickSigmoid(x.Z), QuickSigmoid(x.W))
        : new(Cumulative(x.X), Cumulative(x.Y), Cumulative(x.Z), Cumulative(x.W));

    /// <summary>The derivative, given cdf = gelu(x) / x.</summary>
    public static Float4 Derivative(Float4 x, Float4 cdf, int kind) => kind == (int)GeluKind.Tanh
        ? new(TanhDerivative(x.X, cdf.X), TanhDerivative(x.Y, cdf.Y), TanhDerivative(x.Z, cdf.Z), TanhDerivative(x.W, cdf.W))
        : kind == (int)GeluKind.Quick
        ? new(QuickDerivative(x.X, cdf.X), QuickDerivative(x.Y, cdf.Y), QuickDerivative(x.Z, cdf.Z), QuickDerivative(x.W, cdf.W))
        : new(ErfDerivative(x.X, cdf.X), ErfDerivative(x.Y, cdf.Y), ErfDerivative(x.Z, cdf.Z), ErfDerivative(x.W, cdf.W));

    // ½ (1 + tanh u) = 1 / (1 + exp(-2u)).
    static float Sigmoid(float x) =>
        Ptx.Reciprocal(1 + Ptx.Exp2(x * (-2 * Log2E * Root2OverPi + -2 * Log2E * Root2OverPi * Cubic * (x * x))));

    static float TanhDerivative(float x, float cdf) => cdf + x * cdf * (1 - cdf) * (2 * Root2OverPi + 2 * Root2OverPi * 3 * Cubic * (x * x));

    static float QuickSigmoid(float x) => Ptx.Reciprocal(1 + Ptx.Exp2(-Quick * Log2E * x));

    static float QuickDerivative(float x, float cdf) => cdf + x * cdf * (1 - cdf) * Quick;

    static float ErfDerivative(float x, float cdf) => cdf + x * Root1Over2Pi * Ptx.Exp2(-0.5f * Log2E * (x * x));

    // ½ (1 + erf(x / √2)), as Scalar.Erf and without a branch.
    static float Cumulative(float x)
    {
        float u = x * Root1Over2, z = u < 0 ? -u : u, t = Ptx.Reciprocal(1 + 0.5f * z);
        float p = -z * z - 1.26551223f + t * (1.00002368f + t * (0.37409196f + t * (0.09678418f + t * (-0.18628806f
            + t * (0.27886807f + t * (-1.13520398f + t * (1.48851587f + t * (-0.82215223f + t * 0.17087277f))))))));
        float far = 1 - t * Ptx.Exp2(Log2E * p);
        return 0.5f + 0.5f * Ptx.SelectIfLess(z, Scalar.NearZero, Scalar.ErfNearZero(u), Ptx.SelectIfLess(u, 0, -far, far));
    }
}
