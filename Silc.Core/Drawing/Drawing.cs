using SkiaSharp;

namespace Silc;

/// <summary>Images drawn with Skia.</summary>
static class Drawing
{
    /// <summary>Runs <paramref name="draw"/> on a transparent canvas of that size.</summary>
    public static RgbImage Draw(int width, int height, Action<SKCanvas> draw)
    {
        using var surface = SKSurface.Create(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul))
            ?? throw new InvalidOperationException($"Skia could not make a {width} x {height} surface");
        surface.Canvas.Clear(SKColors.Transparent);
        draw(surface.Canvas);
        using var image = surface.Snapshot();
        return Read(image);
    }

    /// <summary>The smallest rectangle around pixels of at least <paramref name="alpha"/>; empty when there are none.</summary>
    public static SKRectI OpaqueBox(RgbImage image, byte alpha)
    {
        var (left, top, right, bottom) = (image.Width, image.Height, 0, 0);
        for (var y = 0; y < image.Height; y++)
        {
            for (var x = 0; x < image.Width; x++)
            {
                if (image.Rgba[4 * (y * image.Width + x) + 3] < alpha) continue;
                (left, right) = (Math.Min(left, x), Math.Max(right, x + 1));
                (top, bottom) = (Math.Min(top, y), Math.Max(bottom, y + 1));
            }
        }
        return right > left ? new SKRectI(left, top, right, bottom) : SKRectI.Empty;
    }

    /// <summary>A Skia image of the image; the caller disposes it.</summary>
    public static SKImage Image(RgbImage image) => SKImage.FromPixelCopy(Info(image.Width, image.Height), image.Rgba);

    /// <summary>The colour that lies <paramref name="t"/> of the way from one to the other.</summary>
    public static SKColor Between(SKColor a, SKColor b, float t) =>
        new(Mix(a.Red, b.Red, t), Mix(a.Green, b.Green, t), Mix(a.Blue, b.Blue, t));

    static byte Mix(byte a, byte b, float t) => (byte)MathF.Round(a + (b - a) * t);

    static unsafe RgbImage Read(SKImage image)
    {
        var rgba = new byte[4 * image.Width * image.Height];
        var info = Info(image.Width, image.Height);
        fixed (byte* pixels = rgba)
        {
            if (!image.ReadPixels(info, (nint)pixels, info.RowBytes))
                throw new InvalidOperationException($"Skia could not read back a {image.Width} x {image.Height} image");
        }
        return new RgbImage(image.Width, image.Height, rgba);
    }

    static SKImageInfo Info(int width, int height) => new(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
}
