using System.Buffers;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>
/// PIL's resize of 8-bit images (Resample.c), to the bit: weights in fixed point of 22 bits, across first and then down, each pass rounded and
/// clipped to bytes. Antialiased, as <see cref="Resample"/>, which neither rounds nor clips in between.
/// </summary>
static class PilResize
{
    const int Bits = 22;

    /// <summary>Writes the part of the resized image; alpha is not looked at.</summary>
    public static void Fill(RgbImage image, Frame frame, ResampleFilter filter, Span<float> target)
    {
        var columns = new Axis(filter, image.Width, frame.Across, frame.Left, frame.Width);
        var rows = new Axis(filter, image.Height, frame.Down, frame.Top, frame.Height);
        var (firstRow, lastRow) = (rows.First[0], rows.First[^1] + rows.Weights[^1].Length);
        var rented = ArrayPool<byte>.Shared.Rent((lastRow - firstRow) * frame.Width * 4);
        for (int y = firstRow; y < lastRow; y++)
        {
            var from = image.Rgba.AsSpan(y * image.Width * 4, image.Width * 4);
            var to = rented.AsSpan((y - firstRow) * frame.Width * 4, frame.Width * 4);
            for (int x = 0; x < frame.Width; x++) Store(Sum(from[(columns.First[x] * 4)..], 4, columns.Weights[x]), to[(x * 4)..]);
        }
        Span<byte> pixel = stackalloc byte[4];
        for (int y = 0; y < frame.Height; y++)
            for (int x = 0; x < frame.Width; x++)
            {
                Store(Sum(rented.AsSpan(((rows.First[y] - firstRow) * frame.Width + x) * 4), frame.Width * 4, rows.Weights[y]), pixel);
                for (int channel = 0; channel < 3; channel++) target[(y * frame.Width + x) * 3 + channel] = pixel[channel] / 255f;
            }
        ArrayPool<byte>.Shared.Return(rented);
    }

    static Vector128<int> Sum(ReadOnlySpan<byte> pixels, int stride, int[] weights)
    {
        var sum = Vector128.Create(1 << (Bits - 1));
        for (int tap = 0; tap < weights.Length; tap++)
        {
            var pixel = pixels.Slice(tap * stride, 4);
            sum += Vector128.Create(pixel[0], pixel[1], pixel[2], (int)pixel[3]) * weights[tap];
        }
        return sum;
    }

    static void Store(Vector128<int> sum, Span<byte> pixel)
    {
        var whole = Vector128.Clamp(sum >> Bits, Vector128<int>.Zero, Vector128.Create(255));
        for (int channel = 0; channel < 4; channel++) pixel[channel] = (byte)whole[channel];
    }

    /// <summary>The inputs and weights of each output along an axis: <c>precompute_coeffs</c> and <c>normalize_coeffs_8bpc</c>.</summary>
    sealed class Axis
    {
        public Axis(ResampleFilter filter, int inputs, int resized, int start, int outputs)
        {
            (First, Weights) = (new int[outputs], new int[outputs][]);
            double scale = inputs / (double)resized, widen = Math.Max(1, scale), radius = (filter == ResampleFilter.Bicubic ? 2 : 1) * widen;
            for (int i = 0; i < outputs; i++)
            {
                double center = (start + i + 0.5) * scale, sum = 0;
                int first = Math.Max(0, (int)(center - radius + 0.5)), count = Math.Min(inputs, (int)(center + radius + 0.5)) - first;
                var weights = new double[count];
                for (int k = 0; k < count; k++) sum += weights[k] = Kernel(filter, Math.Abs((k + first - center + 0.5) * (1 / widen)));
                (First[i], Weights[i]) = (first, [.. weights.Select(weight => Fixed(weight / sum))]);
            }
        }

        public int[] First { get; }

        public int[][] Weights { get; }

        static int Fixed(double weight) => (int)(weight * (1 << Bits) + (weight < 0 ? -0.5 : 0.5));

        static double Kernel(ResampleFilter filter, double x)
        {
            const double a = -0.5;
            if (filter == ResampleFilter.Bilinear) return x < 1 ? 1 - x : 0;
            return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
        }
    }
}
