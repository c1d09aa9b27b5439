using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>
/// Separable antialiased resize of a crop in float arithmetic, otherwise as PIL's <c>resize(size, filter, box)</c>.
/// A pixel's four channels fill one 128-bit vector. Each output row is built on its own: a weighted sum of input rows,
/// then weighted sums along that row, so scratch memory is one row whatever the image's size. Products and sums are rounded
/// apart, never fused, so that every machine computes the same views. Threads: any number may call.
/// </summary>
static class Resample
{
    // Transparent pixels are resampled premultiplied and the background is added at the end. Resizing is linear and its weights
    // sum to 1, so this equals compositing first, at the cost of the small image instead of the large one.
    static readonly Vector128<float> AlphaLane = Vector128.Create(0, 0, 0, -1).AsSingle();

    /// <summary>Writes the crop as (height, width, 3) floats in [0, 1].</summary>
    /// <param name="image">Source; pixels just outside the box, if any, take part at its edges.</param>
    /// <param name="box">Part to keep.</param>
    /// <param name="target">Receives 3 · width · height values.</param>
    /// <param name="width">Output pixels across.</param>
    /// <param name="height">Output pixels down.</param>
    /// <param name="filter">Kernel.</param>
    /// <param name="background">What shows through transparent pixels.</param>
    /// <param name="flip">Mirror left and right.</param>
    public static void Crop(
        RgbImage image, CropBox box, Span<float> target, int width, int height,
        ResampleFilter filter = ResampleFilter.Bicubic, Colour background = default, bool flip = false)
    {
        Check(image, box, target.Length, width, height);
        using var columns = new ResampleWeights(filter, image.Width, box.Left, box.Width, width);
        using var rows = new ResampleWeights(filter, image.Height, box.Top, box.Height, height);
        var opaque = IsOpaque(image.Rgba.AsSpan(rows.Start * image.Width * 4, rows.Span * image.Width * 4));
        var scratch = ArrayPool<float>.Shared.Rent(columns.Span * 4);
        var row = MemoryMarshal.Cast<float, Vector128<float>>(scratch.AsSpan(0, columns.Span * 4));
        for (int y = 0; y < height; y++)
        {
            var weights = rows.Of(y, out int top);
            var source = image.Rgba.AsSpan((top * image.Width + columns.Start) * 4);
            if (opaque) Columns<Opaque>(source, image.Width * 4, weights, row);
            else Columns<Premultiplied>(source, image.Width * 4, weights, row);
            Row(row, columns, target.Slice(y * width * 3, width * 3), background, flip);
        }
        ArrayPool<float>.Shared.Return(scratch);
    }

    // Taps innermost: the sums of four pixels stay in registers while the taps walk down the image.
    static void Columns<TPixel>(ReadOnlySpan<byte> source, int stride, ReadOnlySpan<float> weights, Span<Vector128<float>> row)
        where TPixel : struct, IPixel
    {
        int x = 0;
        for (; x + 4 <= row.Length; x += 4)
        {
            Vector128<float> a = default, b = default, c = default, d = default;
            for (int tap = 0; tap < weights.Length; tap++)
            {
                var (low, high) = Vector128.Widen(Vector128.Create(source.Slice(tap * stride + x * 4, 16)));
                var weight = Vector128.Create(weights[tap]);
                a += weight * TPixel.From(Vector128.WidenLower(low));
                b += weight * TPixel.From(Vector128.WidenUpper(low));
                c += weight * TPixel.From(Vector128.WidenLower(high));
                d += weight * TPixel.From(Vector128.WidenUpper(high));
            }
            (row[x], row[x + 1], row[x + 2], row[x + 3]) = (a, b, c, d);
        }
        for (; x < row.Length; x++)
        {
            Vector128<float> sum = default;
            for (int tap = 0; tap < weights.Length; tap++)
            {
                var pixel = source.Slice(tap * stride + x * 4, 4);
                var wide = Vector128.Create((uint)pixel[0], pixel[1], pixel[2], pixel[3]);
                sum += Vector128.Create(weights[tap]) * TPixel.From(wide);
            }
            row[x] = sum;
        }
    }

    static void Row(
        ReadOnlySpan<Vector128<float>> row, ResampleWeights columns, Span<float> target, Colour background, bool flip)
    {
        var behind = Vector128.Create(background.R, background.G, background.B, 0);
        int width = target.Length / 3;
        for (int x = 0; x < width; x++)
        {
            var weights = columns.Of(x, out int left);
            var taps = row.Slice(left - columns.Start, weights.Length);
            Vector128<float> sum = default;
            for (int tap = 0; tap < taps.Length; tap++)
                sum += Vector128.Create(weights[tap]) * taps[tap];
            sum = sum * (1 / 255f) + behind * (1 - sum[3] * (1 / 255f));
            // Bicubic overshoots at edges.
            sum = Vector128.Clamp(sum, Vector128<float>.Zero, Vector128<float>.One);
            var pixel = target.Slice((flip ? width - 1 - x : x) * 3, 3);
            (pixel[0], pixel[1], pixel[2]) = (sum[0], sum[1], sum[2]);
        }
    }

    // Alpha is the top byte of a little-endian pixel.
    internal static bool IsOpaque(ReadOnlySpan<byte> rgba) =>
        !MemoryMarshal.Cast<byte, uint>(rgba).ContainsAnyExceptInRange(0xFF000000u, uint.MaxValue);

    static void Check(RgbImage image, CropBox box, int room, int width, int height)
    {
        // Plain throws: as arguments of Require the messages would be formatted on every call.
        if (width <= 0 || height <= 0 || room < width * height * 3)
            throw new ArgumentException($"{width} x {height} RGB pixels do not fit into {room} values");
        if (!(box.Left >= 0 && box.Top >= 0 && box.Width > 0 && box.Height > 0
            && box.Left + box.Width <= image.Width && box.Top + box.Height <= image.Height))
            throw new ArgumentException($"crop {box} does not lie inside an image of {image.Width} x {image.Height}");
    }

    /// <summary>How a pixel's bytes enter the sums; a type parameter, so that opaque images pay nothing for alpha.</summary>
    interface IPixel
    {
        static abstract Vector128<float> From(Vector128<uint> rgba);
    }

    readonly struct Opaque : IPixel
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> From(Vector128<uint> rgba) => Vector128.ConvertToSingle(rgba.AsInt32());
    }

    readonly struct Premultiplied : IPixel
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> From(Vector128<uint> rgba)
        {
            var pixel = Vector128.ConvertToSingle(rgba.AsInt32());
            var alpha = Vector128.Shuffle(pixel, Vector128.Create(3, 3, 3, 3)) * (1 / 255f);
            return pixel * Vector128.ConditionalSelect(AlphaLane, Vector128<float>.One, alpha);
        }
    }
}
