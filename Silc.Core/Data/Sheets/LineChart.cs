using System.Globalization;
using SkiaSharp;

namespace Silc;

/// <summary>Lines over a common axis, both axes from 0: losses over steps. It needs no fonts.</summary>
public static class LineChart
{
    const int Width = 1000, Height = 600, Left = 84, Right = 28, Top = 92, Bottom = 72;
    const float TitleCapital = 13, LabelCapital = 10, TickCapital = 8;

    static readonly SKColor Paper = new(255, 255, 255);
    static readonly SKColor Grid = new(232, 234, 237);
    static readonly SKColor Ink = new(35, 38, 42);
    static readonly SKColor Soft = new(95, 100, 106);

    /// <summary>Writes a PNG file.</summary>
    /// <param name="path">File to write.</param>
    /// <param name="title">Words above.</param>
    /// <param name="xLabel">What runs to the right.</param>
    /// <param name="yLabel">What runs up, with its unit.</param>
    /// <param name="lines">In the order of the legend; of values below 0 nothing is seen.</param>
    /// <exception cref="ArgumentException">No line has a point.</exception>
    public static void Write(string path, string title, string xLabel, string yLabel, IReadOnlyList<ChartLine> lines)
    {
        var points = lines.SelectMany(line => line.Points).Where(point => double.IsFinite(point.Y)).ToList();
        Require.Positive(points.Count, "number of points of a chart");
        var (maxX, maxY) = (Math.Max(points.Max(point => point.X), 1e-9), Math.Max(points.Max(point => point.Y) * 1.06, 1e-9));
        PictureFile.Write(path, Drawing.Draw(Width, Height, canvas =>
        {
            canvas.Clear(Paper);
            StrokeFont.Draw(canvas, title, Left, 36, TitleCapital, Ink, weight: 0.9f);
            foreach (var x in Ticks(maxX, 8)) TickX(canvas, x, X(x));
            foreach (var y in Ticks(maxY, 6)) TickY(canvas, y, Y(y));
            Centre(canvas, xLabel, (Left + Width - Right) / 2f, Height - 18, LabelCapital, Ink);
            canvas.Save();
            canvas.RotateDegrees(-90);
            Centre(canvas, yLabel, -(Top + Height - Bottom) / 2f, 26, LabelCapital, Ink);
            canvas.Restore();
            foreach (var line in lines) Draw(canvas, line);
            float at = Left;
            foreach (var line in lines) at = Legend(canvas, line, at);
        }));

        float X(double x) => (float)(Left + x / maxX * (Width - Left - Right));
        float Y(double y) => (float)(Height - Bottom - y / maxY * (Height - Top - Bottom));
        void Draw(SKCanvas canvas, ChartLine line)
        {
            var shown = line.Points.Where(point => double.IsFinite(point.Y)).Select(point => new SKPoint(X(point.X), Y(point.Y))).ToArray();
            using var pen = Pen(line);
            using var builder = new SKPathBuilder();
            if (shown.Length > 1) builder.AddPoly(shown, close: false);
            using var path = builder.Detach();
            canvas.DrawPath(path, pen);
            pen.Style = SKPaintStyle.Fill;
            // A few measurements are worth a dot each; many would hide the line.
            if (!line.Dashed && shown.Length <= 20)
                foreach (var point in shown) canvas.DrawCircle(point, 4, pen);
        }
    }

    static void TickX(SKCanvas canvas, double value, float x)
    {
        Rule(canvas, new(x, Top), new(x, Height - Bottom), value == 0);
        Centre(canvas, Number(value), x, Height - Bottom + 22, TickCapital, Soft);
    }

    static void TickY(SKCanvas canvas, double value, float y)
    {
        Rule(canvas, new(Left, y), new(Width - Right, y), value == 0);
        var text = Number(value);
        StrokeFont.Draw(canvas, text, Left - 10 - StrokeFont.Measure(text, TickCapital), y + TickCapital / 2, TickCapital, Soft);
    }

    static void Rule(SKCanvas canvas, SKPoint from, SKPoint to, bool axis)
    {
        using var pen = new SKPaint { Color = axis ? Soft : Grid, StrokeWidth = axis ? 1.5f : 1, IsAntialias = true };
        canvas.DrawLine(from, to, pen);
    }

    // Above the lines, where it cannot hide them; returns where the next entry starts.
    static float Legend(SKCanvas canvas, ChartLine line, float x)
    {
        const float Y = 68, Stroke = 32, Gap = 10;
        using var pen = Pen(line);
        canvas.DrawLine(x, Y - LabelCapital / 2, x + Stroke, Y - LabelCapital / 2, pen);
        StrokeFont.Draw(canvas, line.Name, x + Stroke + Gap, Y, LabelCapital, Ink);
        return x + Stroke + StrokeFont.Measure(line.Name, LabelCapital) + 4 * Gap;
    }

    static SKPaint Pen(ChartLine line) => new()
    {
        Color = new((byte)(255 * line.Colour.R), (byte)(255 * line.Colour.G), (byte)(255 * line.Colour.B)),
        IsAntialias = true,
        Style = SKPaintStyle.Stroke,
        StrokeWidth = line.Dashed ? 1.5f : 2.5f,
        StrokeJoin = SKStrokeJoin.Round,
        PathEffect = line.Dashed ? SKPathEffect.CreateDash([8, 6], 0) : null,
    };

    static void Centre(SKCanvas canvas, string text, float x, float y, float capital, SKColor colour) =>
        StrokeFont.Draw(canvas, text, x - StrokeFont.Measure(text, capital) / 2, y, capital, colour);

    // Multiples of 1, 2 or 5 times a power of ten, at most that many.
    static IEnumerable<double> Ticks(double max, int most)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(max / most)));
        var step = new[] { 1, 2, 5, 10 }.Select(factor => factor * power).First(step => max / step <= most);
        for (int i = 0; i * step <= max * (1 + 1e-9); i++) yield return i * step;
    }

    static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
