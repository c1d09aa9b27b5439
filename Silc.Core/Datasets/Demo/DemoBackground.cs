using SkiaSharp;

namespace Silc.Datasets;

/// <summary>What is behind the objects.</summary>
enum DemoGround
{
    /// <summary>One colour.</summary>
    Plain,

    /// <summary>From the colour to a lighter tone of it.</summary>
    Gradient,

    /// <summary>Fine grain around the colour.</summary>
    Noise,

    /// <summary>Bands of the colour and a lighter tone.</summary>
    Stripes,
}

/// <summary>A scene's background. Threads: immutable; any number may share it.</summary>
/// <param name="Ground">Its pattern.</param>
/// <param name="Colour">Its colour; muted, so that an object of the same colour still shows.</param>
/// <param name="Seed">Angle of a gradient or of stripes, grain of noise.</param>
sealed record DemoBackground(DemoGround Ground, DemoColour Colour, int Seed)
{
    // Cells of noise across the image, whatever its size: at 96 pixels a cell is 2 pixels wide.
    const int Grain = 48;

    internal void Draw(SKCanvas canvas, int size)
    {
        var (dark, light) = (DemoPalette.Muted(Colour, 0.45f), DemoPalette.Muted(Colour, 0.7f));
        canvas.Clear(Ground == DemoGround.Plain ? DemoPalette.Muted(Colour, 0.6f) : light);
        var random = new Philox((ulong)Seed);
        var angle = random.Uniform(0, 2 * Math.PI);
        switch (Ground)
        {
            case DemoGround.Gradient:
                var (dx, dy) = ((float)Math.Cos(angle) * size / 2, (float)Math.Sin(angle) * size / 2);
                var middle = size / 2f;
                var (from, to) = (new SKPoint(middle - dx, middle - dy), new SKPoint(middle + dx, middle + dy));
                using (var shader = SKShader.CreateLinearGradient(from, to, [dark, light], SKShaderTileMode.Clamp))
                using (var paint = new SKPaint { Shader = shader })
                {
                    canvas.DrawPaint(paint);
                }
                break;
            case DemoGround.Noise:
                DrawNoise(canvas, size, dark, light, random);
                break;
            case DemoGround.Stripes:
                using (var bands = new SKPaint { Color = dark, IsAntialias = true })
                {
                    canvas.Save();
                    canvas.RotateRadians((float)angle, size / 2f, size / 2f);
                    var width = size / 12f;
                    for (var y = -size / 2f; y < 1.5f * size; y += 2 * width)
                        canvas.DrawRect(-size / 2f, y, 2 * size, width, bands);
                    canvas.Restore();
                }
                break;
        }
    }

    static void DrawNoise(SKCanvas canvas, int size, SKColor dark, SKColor light, Philox random)
    {
        var cells = new byte[4 * Grain * Grain];
        for (var i = 0; i < cells.Length; i += 16)
        {
            var draws = random.NextUInt();   // four cells of eight bits each
            for (var c = 0; c < 4; c++, draws >>= 8)
            {
                var colour = Drawing.Between(dark, light, (draws & 255) / 255f);
                ((byte[])[colour.Red, colour.Green, colour.Blue, 255]).CopyTo(cells, i + 4 * c);
            }
        }
        using var image = Drawing.Image(new RgbImage(Grain, Grain, cells));
        canvas.DrawImage(image, SKRect.Create(size, size), new SKSamplingOptions(SKFilterMode.Linear));
    }
}
