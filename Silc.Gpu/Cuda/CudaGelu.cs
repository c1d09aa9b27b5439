namespace Silc;

/// <summary>
/// <see cref="GeluMath{TPack}"/> for the tails of products: with the hardware's own exponential and reciprocal, both to two units in the last
/// place, eight instructions a value where IEEE division alone takes ten and a branch.
/// </summary>
static class CudaGelu
{
    const float Log2E = 1.4426950409f, Root2OverPi = 0.7978845608f, Cubic = 0.044715f;
    const float Root1Over2 = 0.7071067812f, Root1Over2Pi = 0.3989422804f, Quick = 1.702f;

    /// <summary>gelu(x) / x.</summary>
    public static Float4 Gate(Float4 x, int kind) => kind == (int)GeluKind.Tanh
        ? new(Sigmoid(x.X), Sigmoid(x.Y), Sigmoid(x.Z), Sigmoid(x.W))
        : kind == (int)GeluKind.Quick ? new(QuickSigmoid(x.X), QuickSigmoid(x.Y), QuickSigmoid(x.Z), QuickSigmoid(x.W))
        : new(Cumulative(x.X), Cumulative(x.Y), Cumulative(x.Z), Cumulative(x.W));

    /// <summary>The derivative, given gate = gelu(x) / x.</summary>
    public static Float4 Slope(Float4 x, Float4 gate, int kind) => kind == (int)GeluKind.Tanh
        ? new(SlopeOfTanh(x.X, gate.X), SlopeOfTanh(x.Y, gate.Y), SlopeOfTanh(x.Z, gate.Z), SlopeOfTanh(x.W, gate.W))
        : kind == (int)GeluKind.Quick
        ? new(SlopeOfQuick(x.X, gate.X), SlopeOfQuick(x.Y, gate.Y), SlopeOfQuick(x.Z, gate.Z), SlopeOfQuick(x.W, gate.W))
        : new(SlopeOfErf(x.X, gate.X), SlopeOfErf(x.Y, gate.Y), SlopeOfErf(x.Z, gate.Z), SlopeOfErf(x.W, gate.W));

    // ½ (1 + tanh u) = 1 / (1 + exp(-2u)).
    static float Sigmoid(float x) =>
        Ptx.Reciprocal(1 + Ptx.Exp2(x * (-2 * Log2E * Root2OverPi + -2 * Log2E * Root2OverPi * Cubic * (x * x))));

    static float SlopeOfTanh(float x, float gate) => gate + x * gate * (1 - gate) * (2 * Root2OverPi + 2 * Root2OverPi * 3 * Cubic * (x * x));

    static float QuickSigmoid(float x) => Ptx.Reciprocal(1 + Ptx.Exp2(-Quick * Log2E * x));

    static float SlopeOfQuick(float x, float gate) => gate + x * gate * (1 - gate) * Quick;

    static float SlopeOfErf(float x, float gate) => gate + x * Root1Over2Pi * Ptx.Exp2(-0.5f * Log2E * (x * x));

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
