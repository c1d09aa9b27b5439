using SkiaSharp;

namespace Silc.Samples.Report;

/// <summary>Images at the size at which a page shows them.</summary>
static class Thumbnail
{
    /// <summary>The image, shrunk where a side is longer than <paramref name="most"/> pixels.</summary>
    public static RgbImage Of(RgbImage image, int most = 160)
    {
        var scale = (double)most / Math.Max(image.Width, image.Height);
        if (scale >= 1) return image;
        int Side(int side) => Math.Max(1, (int)Math.Round(scale * side));
        var (width, height) = (Side(image.Width), Side(image.Height));
        return Drawing.Draw(width, height, canvas =>
        {
            using var bitmap = Drawing.Image(image);
            canvas.DrawImage(bitmap, SKRect.Create(width, height), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        });
    }

    /// <summary>The image with every pixel a square of <paramref name="factor"/> pixels.</summary>
    public static RgbImage Enlarged(RgbImage image, int factor) => Drawing.Draw(image.Width * factor, image.Height * factor, canvas =>
    {
        using var bitmap = Drawing.Image(image);
        canvas.DrawImage(bitmap, SKRect.Create(image.Width * factor, image.Height * factor), new SKSamplingOptions(SKFilterMode.Nearest));
    });
}
