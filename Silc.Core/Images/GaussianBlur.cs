using System.Buffers;
using System.Numerics;

namespace Silc;

/// <summary>Separable Gaussian blur of interleaved RGB floats, in place; the border pixels extend outwards, as in PIL.</summary>
static class GaussianBlur
{
    const double Narrow = 0.4;
    const int Parts = 64;

    /// <summary>Blurs (height, width, 3) values with a Gaussian of <paramref name="sigma"/> pixels, cut at 3 sigma.</summary>
    public static void Apply(Span<float> rgb, int width, int height, double sigma)
    {
        int radius = (int)Math.Ceiling(3 * sigma);
        Span<float> kernel = stackalloc float[2 * radius + 1];
        Fill(kernel, radius, sigma);
        var scratch = ArrayPool<float>.Shared.Rent(rgb.Length);
        var half = scratch.AsSpan(0, rgb.Length);
        Down(rgb, half, kernel, width * 3, height);
        Along(half, rgb, kernel, width, height);
        ArrayPool<float>.Shared.Return(scratch);
    }

    static void Fill(Span<float> kernel, int radius, double sigma)
    {
        double sum = 0;
        for (int k = -radius; k <= radius; k++) sum += Weight(k, sigma);
        for (int k = -radius; k <= radius; k++) kernel[k + radius] = (float)(Weight(k, sigma) / sum);
    }

    // A Gaussian narrower than a pixel is all but zero at the centres of neighbours: its mean over each pixel is used there instead of samples.
    static double Weight(int k, double sigma)
    {
        if (sigma >= Narrow) return Math.Exp(-k * k / (2 * sigma * sigma));
        double sum = 0;
        for (int part = 0; part < Parts; part++)
        {
            double x = k - 0.5 + (part + 0.5) / Parts;
            sum += Math.Exp(-x * x / (2 * sigma * sigma));
        }
        return sum / Parts;
    }

    static void Down(ReadOnlySpan<float> source, Span<float> target, ReadOnlySpan<float> kernel, int stride, int height)
    {
        int radius = kernel.Length / 2;
        target.Clear();
        for (int y = 0; y < height; y++)
            for (int k = 0; k < kernel.Length; k++)
            {
                int from = Math.Clamp(y + k - radius, 0, height - 1);
                Add(target.Slice(y * stride, stride), source.Slice(from * stride, stride), kernel[k]);
            }
    }

    // A row shifted by k pixels is itself contiguous: only its ends need the border pixel.
    static void Along(ReadOnlySpan<float> source, Span<float> target, ReadOnlySpan<float> kernel, int width, int height)
    {
        int radius = kernel.Length / 2, padded = (width + 2 * radius) * 3;
        var scratch = ArrayPool<float>.Shared.Rent(padded);
        for (int y = 0; y < height; y++)
        {
            var from = source.Slice(y * width * 3, width * 3);
            var to = target.Slice(y * width * 3, width * 3);
            for (int k = 0; k < radius; k++)
            {
                from[..3].CopyTo(scratch.AsSpan(k * 3));
                from[^3..].CopyTo(scratch.AsSpan((radius + width + k) * 3));
            }
            from.CopyTo(scratch.AsSpan(radius * 3));
            to.Clear();
            for (int k = 0; k < kernel.Length; k++) Add(to, scratch.AsSpan(k * 3, width * 3), kernel[k]);
        }
        ArrayPool<float>.Shared.Return(scratch);
    }

    static void Add(Span<float> target, ReadOnlySpan<float> source, float weight)
    {
        int count = Vector<float>.Count, i = 0;
        for (; i + count <= target.Length; i += count)
        {
            var sum = new Vector<float>(target[i..]) + new Vector<float>(source[i..]) * weight;
            sum.CopyTo(target[i..]);
        }
        for (; i < target.Length; i++) target[i] += source[i] * weight;
    }
}
