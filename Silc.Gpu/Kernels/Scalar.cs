using ILGPU.Algorithms;

namespace Silc;

/// <summary>Scalar functions that kernels share.</summary>
static class Scalar
{
    /// <summary>erf by Abramowitz and Stegun 7.1.26 is too coarse (1.5e-7 absolute); this is Numerical Recipes' erfc, 1.2e-7 relative.</summary>
    public static float Erf(float x)
    {
        float z = x < 0 ? -x : x;
        if (z < NearZero) return ErfNearZero(x);
        float erf = ErfFar(z);
        return x < 0 ? -erf : erf;
    }

    /// <summary>Below this the other form loses digits to cancellation.</summary>
    public const float NearZero = 0.5f;

    /// <summary>The Maclaurin series.</summary>
    public static float ErfNearZero(float x)
    {
        float s = x * x;
        return 1.1283791671f * x * (1 - s * (0.3333333333f - s * (0.1f - s * (0.0238095238f - s * (0.0046296296f - s * 0.000757576f)))));
    }

    /// <summary>erf of a positive number that is not near zero.</summary>
    public static float ErfFar(float z)
    {
        float t = 1 / (1 + 0.5f * z);
        float p = -z * z - 1.26551223f + t * (1.00002368f + t * (0.37409196f + t * (0.09678418f + t * (-0.18628806f
            + t * (0.27886807f + t * (-1.13520398f + t * (1.48851587f + t * (-0.82215223f + t * 0.17087277f))))))));
        return 1 - t * XMath.Exp(p);
    }

    /// <summary>log(1 + exp(x)) without overflow.</summary>
    public static float Softplus(float x)
    {
        float magnitude = x < 0 ? -x : x;
        return (x > 0 ? x : 0) + XMath.Log(1 + XMath.Exp(-magnitude));
    }

    /// <summary>1 / (1 + exp(-x)).</summary>
    public static float Sigmoid(float x) => 1 / (1 + XMath.Exp(-x));

    /// <summary>False for NaN and both infinities.</summary>
    public static bool IsFinite(float x) => x - x == 0;
}
