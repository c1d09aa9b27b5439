using SkiaSharp;

namespace Silc;

/// <summary>
/// A decoded image: 8-bit RGBA, row-major, not premultiplied. <paramref name="Rgba"/> holds 4 · Width · Height bytes.
/// Threads: any number may read it, while nobody changes its arrays.
/// </summary>
/// <param name="Width">Pixels across.</param>
/// <param name="Height">Pixels down.</param>
/// <param name="Rgba">Red, green, blue, alpha of each pixel.</param>
[TypeFormatterSource(typeof(ImageFormatterSource))]
public sealed record RgbImage(int Width, int Height, byte[] Rgba)
{
    /// <summary>A copy of a bitmap's pixels, in sRGB, whatever its colour type; it may be disposed afterwards.</summary>
    /// <exception cref="ArgumentException">The bitmap has no pixels.</exception>
    public static unsafe RgbImage From(SKBitmap bitmap)
    {
        using var source = bitmap.PeekPixels();
        Require.That(source is not null && bitmap is { Width: > 0, Height: > 0 },
            $"a bitmap of {bitmap.Width} x {bitmap.Height} has no pixels to read");
        var rgba = new byte[4 * bitmap.Width * bitmap.Height];
        var info = new SKImageInfo(bitmap.Width, bitmap.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, SKColorSpace.CreateSrgb());
        fixed (byte* pixels = rgba)
            Require.That(source!.ReadPixels(info, (nint)pixels, info.RowBytes), $"pixels of the kind {bitmap.ColorType} cannot be read as RGBA");
        return new(bitmap.Width, bitmap.Height, rgba);
    }
}
