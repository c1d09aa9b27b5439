using System.Numerics;
using System.Runtime.InteropServices;

namespace Silc;

/// <summary>Colour operations on RGB floats in [0, 1], interleaved and in place, as torchvision's <c>functional</c> defines them.</summary>
static class Photometric
{
    /// <summary>Scales towards black (factor below 1) or away from it.</summary>
    public static void Brightness(Span<float> rgb, float factor) => Blend(rgb, factor, 0);

    /// <summary>Scales the distance to the image's mean grey.</summary>
    public static void Contrast(Span<float> rgb, float factor)
    {
        double sum = 0;
        for (int i = 0; i < rgb.Length; i += 3) sum += Luma(rgb[i], rgb[i + 1], rgb[i + 2]);
        var mean = (float)(sum / (rgb.Length / 3));
        Blend(rgb, factor, (1 - factor) * mean);
    }

    /// <summary>Scales the distance of every pixel to its own grey; factor 0 is <see cref="Grey"/>.</summary>
    public static void Saturation(Span<float> rgb, float factor)
    {
        for (int i = 0; i < rgb.Length; i += 3)
        {
            var grey = (1 - factor) * Luma(rgb[i], rgb[i + 1], rgb[i + 2]);
            for (int c = i; c < i + 3; c++) rgb[c] = Math.Clamp(factor * rgb[c] + grey, 0, 1);
        }
    }

    /// <summary>Replaces every pixel by its grey.</summary>
    public static void Grey(Span<float> rgb) => Saturation(rgb, 0);

    /// <summary>Shifts the hue by <paramref name="revolutions"/> of the colour circle; lightness and saturation of HSV stay.</summary>
    public static void Hue(Span<float> rgb, float revolutions)
    {
        for (int i = 0; i < rgb.Length; i += 3)
        {
            var (r, g, b) = (rgb[i], rgb[i + 1], rgb[i + 2]);
            var value = Math.Max(r, Math.Max(g, b));
            var chroma = value - Math.Min(r, Math.Min(g, b));
            if (chroma == 0) continue;
            var sixths = value == r ? (g - b) / chroma : value == g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
            sixths += 6 * revolutions;
            rgb[i] = Channel(5 + sixths, value, chroma);
            rgb[i + 1] = Channel(3 + sixths, value, chroma);
            rgb[i + 2] = Channel(1 + sixths, value, chroma);
        }
    }

    /// <summary>Inverts the values from 128 of 255 up.</summary>
    public static void Solarize(Span<float> rgb)
    {
        const float threshold = 128 / 255f;
        foreach (ref var value in rgb)
            if (value >= threshold) value = 1 - value;
    }

    /// <summary>[0, 1] to [-1, 1], the range of the image tower.</summary>
    public static void ToSigned(Span<float> values)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        foreach (ref var vector in vectors) vector = vector * 2f - Vector<float>.One;
        foreach (ref var value in values[(vectors.Length * Vector<float>.Count)..]) value = value * 2 - 1;
    }

    // HSV to RGB without branches (Foley et al.): v - c · clamp(min(k, 4 - k), 0, 1) with k = n + hue modulo 6.
    static float Channel(float sixths, float value, float chroma)
    {
        var k = sixths - 6 * MathF.Floor(sixths / 6);
        return value - chroma * Math.Clamp(Math.Min(k, 4 - k), 0, 1);
    }

    static void Blend(Span<float> rgb, float factor, float offset)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(rgb);
        var shift = new Vector<float>(offset);
        foreach (ref var vector in vectors)
            vector = Vector.Min(Vector.Max(vector * factor + shift, Vector<float>.Zero), Vector<float>.One);
        var tail = rgb[(vectors.Length * Vector<float>.Count)..];
        foreach (ref var value in tail) value = Math.Clamp(value * factor + offset, 0, 1);
    }

    // ITU-R BT.601, rounded as torchvision and PIL round it.
    static float Luma(float r, float g, float b) => 0.2989f * r + 0.587f * g + 0.114f * b;
}
