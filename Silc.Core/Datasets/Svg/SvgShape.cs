using System.Xml.Linq;
using SkiaSharp;
using static Silc.Datasets.SvgSyntax;

namespace Silc.Datasets;

/// <summary>SVG's basic shapes as paths.</summary>
static class SvgShape
{
    /// <summary>The outline of a shape element in its own coordinates; null when the element is no shape or draws nothing.</summary>
    public static SKPath? Outline(XElement element) => element.Name.LocalName switch
    {
        "path" => element.Attribute("d")?.Value is { } data ? SKPath.ParseSvgPathData(data) : null,
        "circle" => Oval(element, Number(element, "r"), Number(element, "r")),
        "ellipse" => Ellipse(element),
        "rect" => Rectangle(element),
        "line" => Line(element),
        "polyline" => Polygon(element, close: false),
        "polygon" => Polygon(element, close: true),
        _ => null,
    };

    static SKPath? Oval(XElement element, float rx, float ry)
    {
        if (rx <= 0 || ry <= 0) return null;
        var (cx, cy) = (Number(element, "cx"), Number(element, "cy"));
        return Build(path => path.AddOval(new SKRect(cx - rx, cy - ry, cx + rx, cy + ry)));
    }

    static SKPath? Ellipse(XElement element)
    {
        var (rx, ry) = Radii(element);
        return Oval(element, rx, ry);
    }

    static SKPath? Rectangle(XElement element)
    {
        var (width, height) = (Number(element, "width"), Number(element, "height"));
        if (width <= 0 || height <= 0) return null;
        var box = SKRect.Create(Number(element, "x"), Number(element, "y"), width, height);
        var (rx, ry) = Radii(element);
        return Build(path => path.AddRoundRect(box, Math.Min(rx, width / 2), Math.Min(ry, height / 2)));
    }

    static SKPath Line(XElement element) => Build(path =>
    {
        path.MoveTo(Number(element, "x1"), Number(element, "y1"));
        path.LineTo(Number(element, "x2"), Number(element, "y2"));
    });

    static SKPath? Polygon(XElement element, bool close)
    {
        var points = Points(element.Attribute("points")?.Value ?? "");
        return points.Length < 2 ? null : Build(path => path.AddPoly(points, close));
    }

    // A missing radius copies the other one.
    static (float X, float Y) Radii(XElement element)
    {
        var (rx, ry) = (element.Attribute("rx")?.Value, element.Attribute("ry")?.Value);
        return (Number(rx ?? ry ?? "0"), Number(ry ?? rx ?? "0"));
    }

    static SKPath Build(Action<SKPathBuilder> add)
    {
        using var builder = new SKPathBuilder();
        add(builder);
        return builder.Detach();
    }
}
