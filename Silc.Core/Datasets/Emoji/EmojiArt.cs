using SkiaSharp;

namespace Silc.Datasets;

/// <summary>Renders emoji the same way whatever margin a style leaves: cropped to what is drawn, square, transparent around it.</summary>
static class EmojiArt
{
    // Fine enough to place the crop within 1 % of the image.
    const int ProbeSize = 128;

    // Fainter pixels are the fringe of antialiasing.
    const byte Visible = 8;

    public static RgbImage Render(SvgImage svg, int size)
    {
        var view = svg.ViewBox;
        var unit = Math.Max(view.Width, view.Height) / ProbeSize;
        var probe = svg.Render((int)MathF.Ceiling(view.Width / unit), (int)MathF.Ceiling(view.Height / unit));
        var box = Drawing.OpaqueBox(probe, Visible);
        if (box.IsEmpty) throw new FormatException("SVG: nothing is drawn");

        var (scaleX, scaleY) = (view.Width / probe.Width, view.Height / probe.Height);
        var side = Math.Max(box.Width * scaleX, box.Height * scaleY);
        var (x, y) = (view.Left + (box.Left + box.Right) / 2f * scaleX, view.Top + (box.Top + box.Bottom) / 2f * scaleY);
        return svg.Render(size, size, SKRect.Create(x - side / 2, y - side / 2, side, side));
    }
}
