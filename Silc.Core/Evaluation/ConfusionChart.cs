using SkiaSharp;

namespace Silc;

/// <summary>
/// A confusion matrix as an image: a row for each class, the share of it that was taken for each class in shades. Names and per
/// cent are written while there is room. Names may be of any script. Threads: any number may call.
/// </summary>
static class ConfusionChart
{
    const int Margin = 24, TitleHeight = 44, Largest = 1600, Named = 64, Numbered = 16;
    const float TitleCapital = 13, LabelCapital = 8;
    const string Legend = "rows: what it is; columns: what it was taken for";

    static readonly SKColor Paper = new(255, 255, 255);
    static readonly SKColor Ink = new(35, 38, 42);
    static readonly SKColor Soft = new(95, 100, 106);
    static readonly SKColor Full = new(24, 78, 160);
    static readonly SKColor Empty = new(244, 246, 249);

    /// <summary>Writes a PNG file.</summary>
    /// <param name="path">File to write.</param>
    /// <param name="title">Words above.</param>
    /// <param name="confusion">Counts.</param>
    /// <param name="names">Names of its classes.</param>
    /// <exception cref="ArgumentException">There are other numbers of names and classes.</exception>
    public static void Write(string path, string title, ConfusionMatrix confusion, IReadOnlyList<string> names)
    {
        SheetFile.Write(path, Draw(title, confusion, names));
    }

    /// <summary>The chart as an image.</summary>
    /// <inheritdoc cref="Write"/>
    public static RgbImage Draw(string title, ConfusionMatrix confusion, IReadOnlyList<string> names)
    {
        int n = confusion.Classes;
        Require.That(names.Count == n, $"{names.Count} names for {n} classes");
        int cell = Math.Clamp(Largest / n, 1, n <= Numbered ? 48 : 18), labels = n <= Named ? LabelRoom(names) : 0;
        int left = Margin + labels, top = Margin + TitleHeight + labels, side = n * cell;
        float words = Math.Max(SheetText.Measure(title, TitleCapital), SheetText.Measure(Legend, LabelCapital + 1));
        int width = Math.Max(left + side + Margin, 2 * Margin + (int)MathF.Ceiling(words));
        return Drawing.Draw(width, top + side + Margin + 28, canvas =>
        {
            canvas.Clear(Paper);
            SheetText.Draw(canvas, title, Margin, Margin + TitleCapital, TitleCapital, Ink, weight: 0.9f);
            for (int truth = 0; truth < n; truth++) DrawRow(canvas, confusion, truth, left, top + truth * cell, cell);
            if (labels > 0)
                for (int i = 0; i < n; i++) DrawName(canvas, names[i], left, top, i * cell + cell / 2f, labels);
            SheetText.Draw(canvas, Legend, Margin, top + side + 26, LabelCapital + 1, Soft);
        });
    }

    static void DrawRow(SKCanvas canvas, ConfusionMatrix confusion, int truth, int left, int top, int cell)
    {
        long all = 0;
        for (int p = 0; p < confusion.Classes; p++) all += confusion[truth, p];
        using var paint = new SKPaint();
        for (int p = 0; p < confusion.Classes; p++)
        {
            float share = all == 0 ? 0 : confusion[truth, p] / (float)all;
            // Square root of the fraction, so that 1 % is still visible beside 100 %.
            paint.Color = Drawing.Between(Empty, Full, MathF.Sqrt(share));
            int gap = cell > 4 ? 1 : 0;
            canvas.DrawRect(left + p * cell, top, cell - gap, cell - gap, paint);
            if (cell < 32 || share < 0.005f) continue;
            var text = $"{100 * share:F0}";
            SheetText.Draw(canvas, text, left + p * cell + (cell - SheetText.Measure(text, LabelCapital + 1)) / 2,
                top + cell / 2f + LabelCapital / 2,
                LabelCapital + 1, share > 0.3f ? SKColors.White : Ink);
        }
    }

    static void DrawName(SKCanvas canvas, string name, int left, int top, float middle, int room)
    {
        var text = SheetText.Wrap(name, LabelCapital, room - 10, lines: 1)[0];
        SheetText.Draw(canvas, text, left - 8 - SheetText.Measure(text, LabelCapital), top + middle + LabelCapital / 2,
            LabelCapital, Soft);
        canvas.Save();
        canvas.Translate(left + middle + LabelCapital / 2, top - 8);
        canvas.RotateDegrees(-90);
        SheetText.Draw(canvas, text, 0, 0, LabelCapital, Soft);
        canvas.Restore();
    }

    static int LabelRoom(IReadOnlyList<string> names) =>
        (int)Math.Clamp(names.Max(name => SheetText.Measure(name, LabelCapital)) + 16, 40, 180);
}
