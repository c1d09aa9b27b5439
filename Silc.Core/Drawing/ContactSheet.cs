using SkiaSharp;

namespace Silc;

/// <summary>
/// A page of images: each row a query and what was found for it, right answers framed green and wrong ones red. Text may be of any
/// script. Threads: any number may call.
/// </summary>
static class ContactSheet
{
    const int Margin = 16;
    const int Gap = 12;
    const int QueryWidth = 190;
    const int TitleHeight = 40;
    const int CaptionHeight = 36;
    const float TitleCapital = 13;
    const float QueryCapital = 10.5f;
    const float CaptionCapital = 7.5f;

    static readonly SKColor Paper = new(250, 250, 248);
    static readonly SKColor Ground = new(214, 217, 220);
    static readonly SKColor Ink = new(35, 38, 42);
    static readonly SKColor Soft = new(95, 100, 106);
    static readonly SKColor Right = new(34, 150, 84);
    static readonly SKColor Wrong = new(208, 60, 56);

    /// <summary>Writes a PNG file atomically: a reader never sees half of it.</summary>
    /// <param name="path">File to write.</param>
    /// <param name="rows">Rows from top to bottom.</param>
    /// <param name="title">Words above the rows; null leaves them out.</param>
    /// <param name="cell">Side of an image in pixels.</param>
    /// <exception cref="ArgumentException">There are no rows.</exception>
    public static void Write(string path, IReadOnlyList<ContactSheetRow> rows, string? title = null, int cell = 96) =>
        SheetFile.Write(path, Draw(rows, title, cell));

    /// <summary>The page as an image.</summary>
    /// <inheritdoc cref="Write"/>
    public static RgbImage Draw(IReadOnlyList<ContactSheetRow> rows, string? title = null, int cell = 96)
    {
        Require.Positive(rows.Count, "number of rows of a contact sheet");
        Require.Within(cell, 32, 1024, "side of a contact sheet's images");
        var head = title is null ? 0 : TitleHeight;
        float[] heights = [.. rows.Select(row => Height(row, cell))];
        var width = 2 * Margin + QueryWidth + rows.Max(row => row.Cells.Count) * (cell + Gap);
        return Drawing.Draw(width, (int)(2 * Margin + head + heights.Sum() - Gap), canvas =>
        {
            canvas.Clear(Paper);
            if (title is not null)
                SheetText.Draw(canvas, title, Margin, Margin + TitleCapital + 2, TitleCapital, Ink, weight: 0.9f);
            float top = Margin + head;
            foreach (var (row, height) in rows.Zip(heights))
            {
                DrawRow(canvas, row, top, cell, row.IsBare ? height - Gap : cell);
                top += height;
            }
        });
    }

    // Legends have no captions, and are lower than images.
    static float Height(ContactSheetRow row, int cell) => row.IsBare
        ? Gap + MathF.Ceiling(row.Cells.Max(item => Math.Min(cell, cell * item.Image.Height / (float)item.Image.Width)))
        : cell + CaptionHeight + Gap;

    static void DrawRow(SKCanvas canvas, ContactSheetRow row, float top, int cell, float height)
    {
        var lines = SheetText.Wrap(row.Query, QueryCapital, QueryWidth - Gap, lines: 4);
        var line = 2 * QueryCapital;
        var first = top + height / 2 - (lines.Count - 1) * line / 2 + QueryCapital / 2;
        foreach (var (i, text) in lines.Index())
            SheetText.Draw(canvas, text, Margin, first + i * line, QueryCapital, Ink, weight: 0.8f);
        foreach (var (i, item) in row.Cells.Index()) DrawCell(canvas, item, Margin + QueryWidth + i * (cell + Gap), top, cell, height);
    }

    static void DrawCell(SKCanvas canvas, ContactSheetCell item, float left, float top, int cell, float height)
    {
        var box = SKRect.Create(left, top, cell, height);
        using (var round = new SKRoundRect(box, 6))
        using (var paint = new SKPaint { Color = Ground, IsAntialias = true })
        {
            canvas.DrawRoundRect(round, paint);
            canvas.Save();
            canvas.ClipRoundRect(round, antialias: true);
            using var image = Drawing.Image(item.Image);
            canvas.DrawImage(image, Fit(item.Image, box), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
            canvas.Restore();
        }
        if (item.Hit is { } hit) Mark(canvas, box, hit);
        foreach (var (i, text) in SheetText.Wrap(item.Caption, CaptionCapital, cell, lines: 2).Index())
        {
            var x = left + (cell - SheetText.Measure(text, CaptionCapital)) / 2;
            SheetText.Draw(canvas, text, x, top + height + 15 + i * 1.8f * CaptionCapital, CaptionCapital, Soft);
        }
    }

    // A coloured frame and a tick or cross: the mark must be readable without telling red from green.
    static void Mark(SKCanvas canvas, SKRect box, bool hit)
    {
        using var paint = new SKPaint { Color = hit ? Right : Wrong, IsAntialias = true };
        (paint.Style, paint.StrokeWidth) = (SKPaintStyle.Stroke, 3);
        canvas.DrawRoundRect(box, 6, 6, paint);
        paint.Style = SKPaintStyle.Fill;
        var (x, y) = (box.Right - 6, box.Top + 6);
        canvas.DrawCircle(x, y, 9, paint);
        using var sign = SKPath.ParseSvgPathData(hit ? "M-4 0L-1 3.2L4 -3" : "M-3 -3L3 3M3 -3L-3 3");
        using var pen = new SKPaint
        {
            Color = SKColors.White,
            IsAntialias = true,
            Style = SKPaintStyle.Stroke,
            StrokeWidth = 2,
            StrokeCap = SKStrokeCap.Round,
        };
        canvas.Save();
        canvas.Translate(x, y);
        canvas.DrawPath(sign, pen);
        canvas.Restore();
    }

    static SKRect Fit(RgbImage image, SKRect box)
    {
        var scale = Math.Min(box.Width / image.Width, box.Height / image.Height);
        var (width, height) = (image.Width * scale, image.Height * scale);
        return SKRect.Create(box.MidX - width / 2, box.MidY - height / 2, width, height);
    }
}

/// <summary>One row of a <see cref="ContactSheet"/>. Threads: immutable; any number may share it.</summary>
/// <param name="Query">Words at the left, e.g. the text that the images answer.</param>
/// <param name="Cells">Images, best first.</param>
sealed record ContactSheetRow(string Query, IReadOnlyList<ContactSheetCell> Cells)
{
    /// <summary>No image has words below it, and the row needs no room for them.</summary>
    public bool IsBare => Cells.Count > 0 && Cells.All(cell => cell.Caption == "");
}

/// <summary>One image of a <see cref="ContactSheet"/>. Threads: immutable; any number may share it.</summary>
/// <param name="Image">What to show; transparent pixels are shown on light grey.</param>
/// <param name="Caption">Words below it, e.g. its true caption or a score.</param>
/// <param name="Hit">True frames it green with a tick, false red with a cross, null not at all.</param>
sealed record ContactSheetCell(RgbImage Image, string Caption = "", bool? Hit = null);
