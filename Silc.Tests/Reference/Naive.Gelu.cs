namespace Silc.Tests;

/// <summary>
/// Every operation as plain loops in double precision, written for reading: the specification. There are forwards only; gradients are
/// central differences of them (<see cref="Numeric"/>).
/// </summary>
static partial class Naive
{
    /// <summary>x·Φ(x), or its approximation by tanh or by a logistic function.</summary>
    public static Matrix Gelu(Matrix x, GeluKind kind) => x.Map(v => kind == GeluKind.Exact
        ? 0.5 * v * (1 + Erf(v / Math.Sqrt(2)))
        : kind == GeluKind.Quick ? v / (1 + Math.Exp(-1.702 * v))
        : 0.5 * v * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v))));

    /// <summary>2/√π · exp(-x²) · Σ 2ⁿx²ⁿ⁺¹ / (1·3·5···(2n+1)): all terms have the same sign, so none cancel.</summary>
    public static double Erf(double x)
    {
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-17 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
