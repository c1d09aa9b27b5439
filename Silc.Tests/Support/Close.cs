namespace Silc.Tests;

/// <summary>
/// Comparisons with named tolerances, relative to the size of the expected values: |actual - expected| / |expected|, norms over all.
/// </summary>
public static class Close
{
    /// <summary>One float32 kernel against the same formula in double.</summary>
    public const double Float32 = 2e-6;

    /// <summary>The same sums of a whole step in another order.</summary>
    public const double Reordered = 1e-5;

    /// <summary>Chains of kernels, sums of a few hundred terms, approximate exponentials of GPUs.</summary>
    public const double Chained = 2e-5;

    /// <summary>Softmax of scores in the hundreds, whose last bit is 1e-5 before the exponential.</summary>
    public const double LargeExponents = 1e-4;

    /// <summary>Gradients against differences of a float32 loss: rounding over the step, and its square times the curvature.</summary>
    public const double CentralDifferences = 1e-3;

    /// <summary>The same for a loss near 10, whose last bit is 1e-6.</summary>
    public const double StepDifferences = 1e-2;

    /// <summary>Half a unit in the last of bfloat16's 8 bits.</summary>
    public const double BFloat16 = 4e-3;

    /// <summary>Half a unit in the last of tf32's 11 bits.</summary>
    public const double Tf32 = 5e-4;

    /// <summary>A whole step of training against PyTorch in double.</summary>
    public const double Step = 1e-4;

    /// <summary>Parameters after Adam, where the root of a tiny second moment amplifies the last bit of the gradient.</summary>
    public const double AdamStep = 2e-3;

    /// <summary>
    /// Parameters whose true gradient is zero, after three steps of the size of the learning rate in directions that rounding chose.
    /// </summary>
    public const double RoundingNoise = 1e-2;

    public static void To(float[] expected, float[] actual, double tolerance, string what) =>
        To([.. expected.Select(x => (double)x)], actual, tolerance, what);

    public static void To(double[] expected, float[] actual, double tolerance, string what)
    {
        Assert.AreEqual(expected.Length, actual.Length, $"{what}: number of values");
        double difference = 0, size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += (expected[i] - actual[i]) * (expected[i] - actual[i]);
            size += expected[i] * expected[i];
        }
        double error = Math.Sqrt(difference) / Math.Max(Math.Sqrt(size), 1e-12);
        // Written so that NaN fails.
        Assert.IsTrue(error <= tolerance || (size == 0 && Math.Sqrt(difference) <= tolerance),
            $"{what}: relative error {error:e2} is above {tolerance:e1}");
    }

    public static void Bits(float[] expected, float[] actual, string what)
    {
        Assert.AreEqual(expected.Length, actual.Length, $"{what}: number of values");
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(BitConverter.SingleToInt32Bits(expected[i]), BitConverter.SingleToInt32Bits(actual[i]),
                $"{what}: value {i} differs: {expected[i]} and {actual[i]}");
    }
}
