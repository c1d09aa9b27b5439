using SkiaSharp;

namespace Silc.Datasets;

/// <summary>
/// An image as a list of what is in it; later objects would cover earlier ones, but scenes keep them apart.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Size">Side in pixels.</param>
/// <param name="Background">What is behind the objects.</param>
/// <param name="Objects">One to three objects.</param>
sealed record DemoScene(int Size, DemoBackground Background, IReadOnlyList<DemoObject> Objects)
{
    /// <summary>Draws the scene with antialiasing.</summary>
    public RgbImage Draw() => Drawing.Draw(Size, Size, canvas =>
    {
        Background.Draw(canvas, Size);
        foreach (var item in Objects) Paint(canvas, item);
    });

    /// <summary>For each pixel 0, or 1 + the index of the object whose outline holds the pixel's centre.</summary>
    public byte[] Mask()
    {
        // Without antialiasing a pixel is painted exactly when its centre is inside.
        var painted = Drawing.Draw(Size, Size, canvas =>
        {
            foreach (var (i, item) in Objects.Index())
            {
                using var paint = new SKPaint { Color = new SKColor((byte)(i + 1), 0, 0), IsAntialias = false };
                Place(canvas, item);
                canvas.DrawPath(DemoOutline.Of(item.Shape), paint);
                canvas.Restore();
            }
        });
        var mask = new byte[Size * Size];
        for (var i = 0; i < mask.Length; i++) mask[i] = painted.Rgba[4 * i];
        return mask;
    }

    /// <summary>For each pixel 0 for background, or 1 + the <see cref="DemoShape"/> there: ground truth of a segmentation by shape.</summary>
    public byte[] ShapeMask() =>
        Array.ConvertAll(Mask(), label => label == 0 ? (byte)0 : (byte)(1 + (int)Objects[label - 1].Shape));

    void Paint(SKCanvas canvas, DemoObject item)
    {
        var outline = DemoOutline.Of(item.Shape);
        using var fill = new SKPaint { Color = DemoPalette.Of(item.Colour), IsAntialias = true };
        Place(canvas, item);
        canvas.DrawPath(outline, fill);
        if (item.Texture != DemoTexture.Plain)
        {
            canvas.ClipPath(outline, antialias: true);
            fill.Color = DemoPalette.Second(item.Colour);
            Texture(canvas, item.Texture, fill);
        }
        canvas.Restore();
    }

    static void Texture(SKCanvas canvas, DemoTexture texture, SKPaint paint)
    {
        const float Step = 0.5f;   // four repeats across an object: still visible at 64 pixels
        if (texture == DemoTexture.Striped)
        {
            canvas.RotateDegrees(45);
            for (var y = -1.5f; y < 1.5f; y += Step) canvas.DrawRect(-1.5f, y, 3, Step / 2, paint);
            return;
        }
        for (var row = -3; row <= 3; row++)
        {
            for (var column = -3; column <= 3; column++)
            {
                if (texture == DemoTexture.Dotted)
                    canvas.DrawCircle((column + (row & 1) * 0.5f) * Step, row * Step, 0.32f * Step, paint);
                else if (((row + column) & 1) == 0)
                    canvas.DrawRect(column * Step, row * Step, Step, Step, paint);
            }
        }
    }

    void Place(SKCanvas canvas, DemoObject item)
    {
        canvas.Save();
        canvas.Translate((float)item.X * Size, (float)item.Y * Size);
        canvas.Scale((float)item.Radius * Size);
        canvas.RotateDegrees((float)item.Rotation);
    }
}
