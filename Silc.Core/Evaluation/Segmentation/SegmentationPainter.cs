using SkiaSharp;

namespace Silc;

/// <summary>Label maps as colours over their images. Threads: any number may call.</summary>
public static class SegmentationPainter
{
    /// <summary>Share of the colour in an overlay; the rest is the image.</summary>
    const float Strength = 0.6f;

    /// <summary>Classes in one <see cref="Legend"/>.</summary>
    public const int LegendLines = 8;

    /// <summary>
    /// The usual colour of a class: hues a golden angle apart, so that neighbouring classes differ, in three tones. Class 0 is
    /// grey where it is the background.
    /// </summary>
    public static Colour UsualColour(int label, bool background)
    {
        if (background && label == 0) return new(0.55f, 0.55f, 0.55f);
        double hue = label * 0.61803398875 % 1 * 6;
        float tone = (label / 6 % 3) switch { 0 => 0.95f, 1 => 0.7f, _ => 0.5f };
        float Channel(double shift) => tone * (float)Math.Clamp(Math.Abs((hue + shift) % 6 - 3) - 1, 0.08, 1);
        return new(Channel(0), Channel(4), Channel(2));
    }

    /// <summary>The image with the labels' colours over it; ignored pixels are hatched in black.</summary>
    /// <param name="image">What is labelled.</param>
    /// <param name="labels">Of the same size.</param>
    /// <param name="colour">Colour of a class.</param>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static RgbImage Overlay(RgbImage image, LabelMap labels, Func<int, Colour> colour)
    {
        Require.That(image.Width == labels.Width && image.Height == labels.Height,
            $"labels of {labels.Width} x {labels.Height} for an image of {image.Width} x {image.Height}");
        var rgba = (byte[])image.Rgba.Clone();
        for (int i = 0; i < labels.Labels.Length; i++)
        {
            int label = labels.Labels[i];
            if (label < 0 && (i % labels.Width + i / labels.Width) % 6 > 2) continue;
            var over = label < 0 ? new Colour(0, 0, 0) : colour(label);
            (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]) =
                (Mix(rgba[4 * i], over.R), Mix(rgba[4 * i + 1], over.G), Mix(rgba[4 * i + 2], over.B), 255);
        }
        return new(image.Width, image.Height, rgba);
    }

    /// <summary>
    /// At most <see cref="LegendLines"/> colours with their names, one below the other: <paramref name="side"/> pixels wide, and as tall as
    /// they need.
    /// </summary>
    /// <exception cref="ArgumentException">There is no class, or more than <see cref="LegendLines"/>.</exception>
    public static RgbImage Legend(IReadOnlyList<(string Name, Colour Colour)> classes, int side = 288)
    {
        Require.Within(classes.Count, 1, LegendLines, "number of classes of a legend");
        float line = side / (float)LegendLines, box = line * 0.7f, capital = line * 0.36f;
        return Drawing.Draw(side, (int)Math.Ceiling(classes.Count * line), canvas =>
        {
            canvas.Clear(new SKColor(250, 250, 248));
            using var paint = new SKPaint();
            using var outline = new SKPaint();      // white shows on white
            foreach (var (i, (name, colour)) in classes.Index())
            {
                paint.Color = new((byte)(255 * colour.R), (byte)(255 * colour.G), (byte)(255 * colour.B));
                canvas.DrawRect(2, i * line + (line - box) / 2, box, box, paint);
                (outline.Color, outline.Style, outline.StrokeWidth) = (new(150, 154, 160), SKPaintStyle.Stroke, 1);
                canvas.DrawRect(2, i * line + (line - box) / 2, box, box, outline);
                var text = SheetText.Wrap(name, capital, side - box - 14, lines: 1)[0];
                SheetText.Draw(canvas, text, box + 12, i * line + (line + capital) / 2, capital, new SKColor(35, 38, 42));
            }
        });
    }

    static byte Mix(byte under, float over) => (byte)MathF.Round((1 - Strength) * under + Strength * 255 * over);
}
