using OxyPlot;
using SkiaSharp;

namespace Silc.Samples.Plots;

/// <summary>Where OxyPlot draws an image: Skia's canvas, with letters made of strokes, because machines that train may have no fonts.</summary>
/// <param name="canvas">Where to draw.</param>
/// <param name="wide">Room that text takes, as a multiple of that of the strokes.</param>
sealed class StrokeRenderContext(SKCanvas canvas, double wide = 1) : ClippingRenderContext
{
    // Of the size of a font, the height of its capitals and of a line.
    const double Capital = 0.66, Line = 1.25;

    /// <summary>The plot as an image on white.</summary>
    public static RgbImage Draw(PlotModel model, int width, int height) => Drawing.Draw(width, height, canvas =>
    {
        canvas.Clear(SKColors.White);
        var plot = (IPlotModel)model;
        plot.Update(updateData: true);
        plot.Render(new StrokeRenderContext(canvas), new OxyRect(0, 0, width, height));
    });

    public override void DrawLine(
        IList<ScreenPoint> points, OxyColor stroke, double thickness, EdgeRenderingMode edgeRenderingMode, double[] dashArray, LineJoin lineJoin)
    {
        using var path = PathOf(points, close: false);
        Stroke(path, stroke, thickness, dashArray);
    }

    public override void DrawPolygon(IList<ScreenPoint> points, OxyColor fill, OxyColor stroke, double thickness,
        EdgeRenderingMode edgeRenderingMode, double[] dashArray, LineJoin lineJoin)
    {
        using var path = PathOf(points, close: true);
        using var paint = new SKPaint { Color = Of(fill), IsAntialias = true };
        canvas.DrawPath(path, paint);
        Stroke(path, stroke, thickness, dashArray);
    }

    public override void DrawText(ScreenPoint p, string text, OxyColor fill, string fontFamily, double fontSize, double fontWeight, double rotation,
        HorizontalAlignment horizontalAlignment, VerticalAlignment verticalAlignment, OxySize? maxSize)
    {
        if (string.IsNullOrEmpty(text)) return;
        var (size, capital) = (MeasureText(text, fontFamily, fontSize, fontWeight), Capital * fontSize);
        var x = horizontalAlignment switch { HorizontalAlignment.Left => 0, HorizontalAlignment.Center => -size.Width / 2, _ => -size.Width };
        var top = verticalAlignment switch { VerticalAlignment.Top => 0, VerticalAlignment.Middle => -size.Height / 2, _ => -size.Height };
        canvas.Save();
        canvas.Translate((float)p.X, (float)p.Y);
        canvas.RotateDegrees((float)rotation);
        var baseline = top + (size.Height + capital) / 2;
        SheetText.Draw(canvas, text, (float)x, (float)baseline, (float)capital, Of(fill), fontWeight > FontWeights.Normal ? 0.9f : 0.75f);
        canvas.Restore();
    }

    public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight) =>
        string.IsNullOrEmpty(text) ? OxySize.Empty : new(wide * SheetText.Measure(text, (float)(Capital * fontSize)), Line * fontSize);

    protected override void SetClip(OxyRect clippingRectangle)
    {
        canvas.Save();
        var (left, top, right, bottom) = (clippingRectangle.Left, clippingRectangle.Top, clippingRectangle.Right, clippingRectangle.Bottom);
        canvas.ClipRect(new((float)left, (float)top, (float)right, (float)bottom));
    }

    protected override void ResetClip() => canvas.Restore();

    void Stroke(SKPath path, OxyColor stroke, double thickness, double[]? dashes)
    {
        if (stroke.IsInvisible() || thickness <= 0) return;
        using var pen = new SKPaint
        {
            Color = Of(stroke),
            IsAntialias = true,
            Style = SKPaintStyle.Stroke,
            StrokeWidth = (float)thickness,
            StrokeJoin = SKStrokeJoin.Round,
            PathEffect = dashes is { Length: > 0 } ? SKPathEffect.CreateDash([.. dashes.Select(length => (float)(length * thickness))], 0) : null,
        };
        canvas.DrawPath(path, pen);
    }

    static SKPath PathOf(IList<ScreenPoint> points, bool close)
    {
        using var builder = new SKPathBuilder();
        if (points.Count > 1) builder.AddPoly([.. points.Select(point => new SKPoint((float)point.X, (float)point.Y))], close);
        return builder.Detach();
    }

    static SKColor Of(OxyColor colour) => new(colour.R, colour.G, colour.B, colour.A);
}
