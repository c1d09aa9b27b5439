using SkiaSharp;

namespace Silc;

/// <summary>Boxes with their names over images. Threads: any number may call.</summary>
static class BoxPainter
{
    const float Least = 1.5f, Share = 1 / 160f, Capital = 7;

    /// <summary>A copy of an image with boxes on it.</summary>
    /// <param name="image">What is below.</param>
    /// <param name="boxes">Where, in which colour and with which words; the first is drawn last.</param>
    public static RgbImage Draw(RgbImage image, IReadOnlyList<(Box Box, Colour Colour, string Words)> boxes) =>
        Drawing.Draw(image.Width, image.Height, canvas =>
        {
            using var below = Drawing.Image(image);
            canvas.DrawImage(below, 0, 0, SKSamplingOptions.Default);
            float width = Math.Max(Least, Math.Max(image.Width, image.Height) * Share);
            foreach (var (box, colour, words) in boxes.Reverse())
            {
                using var paint = new SKPaint { Color = Of(colour), IsAntialias = true, Style = SKPaintStyle.Stroke, StrokeWidth = width };
                canvas.DrawRect((float)box.X, (float)box.Y, (float)box.Width, (float)box.Height, paint);
                if (words == "") continue;
                float across = SheetText.Measure(words, Capital) + 4, x = Math.Max(0, Math.Min((float)box.X, image.Width - across));
                float y = Math.Max(Capital + 4, (float)box.Y);
                paint.Style = SKPaintStyle.Fill;
                canvas.DrawRect(x, y - Capital - 4, across, Capital + 4, paint);
                var ink = colour.R + colour.G + colour.B > 1.5f ? SKColors.Black : SKColors.White;
                SheetText.Draw(canvas, words, x + 2, y - 2, Capital, ink);
            }
        });

    static SKColor Of(Colour colour) => new((byte)(255 * colour.R), (byte)(255 * colour.G), (byte)(255 * colour.B));
}
