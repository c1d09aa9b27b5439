using SkiaSharp;

namespace Silc.Samples.Report;

/// <summary>Pictures at the size at which a page shows them.</summary>
static class Thumbnail
{
    /// <summary>The picture, shrunk where a side is longer than <paramref name="most"/> pixels.</summary>
    public static Picture Of(Picture picture, int most = 160)
    {
        var scale = (double)most / Math.Max(picture.Width, picture.Height);
        if (scale >= 1) return picture;
        int Side(int side) => Math.Max(1, (int)Math.Round(scale * side));
        var (width, height) = (Side(picture.Width), Side(picture.Height));
        return Drawing.Draw(width, height, canvas =>
        {
            using var image = Drawing.Image(picture);
            canvas.DrawImage(image, SKRect.Create(width, height), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        });
    }

    /// <summary>The picture with every pixel a square of <paramref name="factor"/> pixels.</summary>
    public static Picture Enlarged(Picture picture, int factor) => Drawing.Draw(picture.Width * factor, picture.Height * factor, canvas =>
    {
        using var image = Drawing.Image(picture);
        canvas.DrawImage(image, SKRect.Create(picture.Width * factor, picture.Height * factor), new SKSamplingOptions(SKFilterMode.Nearest));
    });
}
