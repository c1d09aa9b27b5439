using System.Buffers;

namespace Silc;

/// <summary>
/// Weights of one axis of a resize: output i is Σ weights[k] · input[first + k]. As PIL's <c>precompute_coeffs</c>:
/// a kernel of the filter's radius times max(1, scale) around each output's centre, cut at the image's edge and normalised.
/// </summary>
readonly struct ResampleWeights : IDisposable
{
    readonly int stride;
    readonly int[] ranges;
    readonly float[] weights;

    public ResampleWeights(ResampleFilter filter, int inputSize, double start, double length, int outputSize)
    {
        var scale = length / outputSize;
        var widen = Math.Max(1, scale);
        var radius = (filter == ResampleFilter.Bicubic ? 2 : 1) * widen;
        stride = (int)Math.Ceiling(radius) * 2 + 1;
        ranges = ArrayPool<int>.Shared.Rent(outputSize * 2);
        weights = ArrayPool<float>.Shared.Rent(outputSize * stride);
        for (int i = 0; i < outputSize; i++)
        {
            var center = start + (i + 0.5) * scale;
            int first = Math.Max(0, (int)(center - radius + 0.5));
            int count = Math.Min(inputSize, (int)(center + radius + 0.5)) - first;
            (ranges[i * 2], ranges[i * 2 + 1]) = (first, count);
            Fill(filter, weights.AsSpan(i * stride, count), first + 0.5 - center, widen);
        }
        Start = ranges[0];
        Span = ranges[outputSize * 2 - 2] + ranges[outputSize * 2 - 1] - Start;
    }

    /// <summary>First input that any output reads.</summary>
    public int Start { get; }

    /// <summary>Inputs from <see cref="Start"/> to the last that any output reads.</summary>
    public int Span { get; }

    /// <summary>The weights of one output; <paramref name="first"/> is the input that the first of them belongs to.</summary>
    public ReadOnlySpan<float> Of(int output, out int first)
    {
        first = ranges[output * 2];
        return weights.AsSpan(output * stride, ranges[output * 2 + 1]);
    }

    static void Fill(ResampleFilter filter, Span<float> taps, double distance, double widen)
    {
        double sum = 0;
        for (int k = 0; k < taps.Length; k++)
        {
            var weight = Kernel(filter, Math.Abs(distance + k) / widen);
            taps[k] = (float)weight;
            sum += weight;
        }
        for (int k = 0; k < taps.Length; k++) taps[k] = (float)(taps[k] / sum);
    }

    static double Kernel(ResampleFilter filter, double x) => filter switch
    {
        ResampleFilter.Bilinear => x < 1 ? 1 - x : 0,
        // Keys' cubic with a = -0.5.
        _ when x < 1 => (1.5 * x - 2.5) * x * x + 1,
        _ when x < 2 => ((-0.5 * x + 2.5) * x - 4) * x + 2,
        _ => 0,
    };

    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(ranges);
        ArrayPool<float>.Shared.Return(weights);
    }
}
