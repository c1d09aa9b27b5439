using System.Xml.Linq;
using SkiaSharp;
using static Silc.Datasets.SvgSyntax;

namespace Silc.Datasets;

/// <summary>Walks an SVG tree and draws it on a canvas.</summary>
sealed class SvgPainter(SKCanvas canvas, SvgImage image)
{
    // Bounds the depth of use elements: cyclic references would recurse without end.
    const int DeepestUse = 16;

    int uses;

    /// <summary>Draws the element's children in their order.</summary>
    public void Children(XElement element, SvgStyle style)
    {
        foreach (var child in element.Elements()) Draw(child, style);
    }

    void Draw(XElement element, SvgStyle inherited)
    {
        if (element.Name.LocalName is "defs" or "clipPath" or "mask" or "symbol") return;
        var opacity = Math.Clamp(Number(element, "opacity", 1), 0, 1);
        if (opacity == 0 || Property(element, "display") == "none") return;

        var style = inherited.Of(element);
        var outside = canvas.SaveCount;
        canvas.Save();
        canvas.Concat(Transform(element.Attribute("transform")?.Value));
        Clip(element);
        if (opacity < 1)
        {
            // A layer, not a factor on each colour: parts that overlap inside the group must not shine through each other.
            using var veil = new SKPaint { Color = SKColors.Black.WithAlpha((byte)MathF.Round(255 * opacity)) };
            canvas.SaveLayer(veil);
        }
        if (Referenced(element, "mask") is { } mask)
        {
            canvas.SaveLayer();
            Content(element, style);
            Mask(mask);
        }
        else
        {
            Content(element, style);
        }
        canvas.RestoreToCount(outside);
    }

    void Content(XElement element, SvgStyle style)
    {
        switch (element.Name.LocalName)
        {
            case "g" or "svg" or "a":
                Children(element, style);
                break;
            case "use":
                Use(element, style);
                break;
            default:
                using (var outline = SvgShape.Outline(element))
                    if (outline is not null) Shape(outline, style, element.Name.LocalName == "line");
                break;
        }
    }

    void Use(XElement element, SvgStyle style)
    {
        if (Link(element) is not { } id || image.Find(id) is not { } target || uses == DeepestUse) return;
        uses++;
        canvas.Translate(Number(element, "x"), Number(element, "y"));
        if (target.Name.LocalName == "symbol") Symbol(element, target, style);
        else Draw(target, style);
        uses--;
    }

    // A symbol's view box is fitted into the use's size, centred.
    void Symbol(XElement use, XElement symbol, SvgStyle style)
    {
        if (SvgImage.Box(symbol) is { } box)
        {
            var (width, height) = (Number(use, "width", image.ViewBox.Width), Number(use, "height", image.ViewBox.Height));
            var scale = Math.Min(width / box.Width, height / box.Height);
            canvas.Translate(width / 2, height / 2);
            canvas.Scale(scale);
            canvas.Translate(-box.MidX, -box.MidY);
            canvas.ClipRect(box, antialias: true);
        }
        Children(symbol, style.Of(symbol));
    }

    void Shape(SKPath outline, SvgStyle style, bool lineOnly)
    {
        outline.FillType = style.FillRule;
        using var fill = lineOnly ? null : Paint(style.Fill, style.FillOpacity, outline, style);
        using var stroke = style.StrokeWidth > 0 ? Paint(style.Stroke, style.StrokeOpacity, outline, style) : null;
        using var dashes = style.Dashes.Sum() > 0 ? SKPathEffect.CreateDash(style.Dashes, style.DashOffset) : null;
        if (stroke is not null)
        {
            stroke.Style = SKPaintStyle.Stroke;
            stroke.StrokeWidth = style.StrokeWidth;
            stroke.StrokeCap = style.StrokeCap;
            stroke.StrokeJoin = style.StrokeJoin;
            stroke.StrokeMiter = style.StrokeMiter;
            stroke.PathEffect = dashes;
        }
        foreach (var paint in style.StrokeFirst ? [stroke, fill] : new[] { fill, stroke })
            if (paint is not null) canvas.DrawPath(outline, paint);
    }

    /// <summary>The paint that a fill or stroke value names: a colour, currentColor or a gradient; null for none.</summary>
    SKPaint? Paint(string value, float opacity, SKPath outline, SvgStyle style)
    {
        if (value is "none" or "transparent") return null;
        var alpha = Math.Clamp(opacity, 0, 1);
        if (Reference(value) is { } id)
        {
            if (image.Find(id) is not { } element) return null;
            using var shader = new SvgGradient(element, image.Find).Shader(outline.TightBounds);
            var veil = SKColors.Black.WithAlpha((byte)MathF.Round(255 * alpha));
            return shader is null ? null : new SKPaint { IsAntialias = true, Shader = shader, Color = veil };
        }
        var colour = Colour(value == "currentColor" ? style.Colour : value);
        return new SKPaint { IsAntialias = true, Color = colour.WithAlpha((byte)MathF.Round(colour.Alpha * alpha)) };
    }

    void Clip(XElement element)
    {
        if (Referenced(element, "clip-path") is not { } clip) return;
        using var region = Region(clip);
        canvas.ClipPath(region, antialias: true);
        Clip(clip);
    }

    /// <summary>The union of the shapes in a clipPath, in the coordinates of the element that it clips.</summary>
    SKPath Region(XElement clip)
    {
        var region = new SKPath();
        var style = new SvgStyle().Of(clip);
        foreach (var child in clip.Elements())
        {
            var shape = child.Name.LocalName == "use" && Link(child) is { } id ? image.Find(id) : child;
            if (shape is null || SvgShape.Outline(shape) is not { } outline) continue;
            outline.FillType = style.Of(child).Of(shape).ClipRule;
            var matrix = Transform(child.Attribute("transform")?.Value);
            if (shape != child)
            {
                var move = SKMatrix.CreateTranslation(Number(child, "x"), Number(child, "y"));
                matrix = matrix.PreConcat(move).PreConcat(Transform(shape.Attribute("transform")?.Value));
            }
            outline.Transform(matrix);
            var joined = region.IsEmpty ? outline : region.Op(outline, SKPathOp.Union);
            region.Dispose();
            if (joined != outline) outline.Dispose();
            region = joined;
        }
        region.Transform(Transform(clip.Attribute("transform")?.Value));
        return region;
    }

    // Keeps the layer below in proportion to the mask's luminance.
    void Mask(XElement mask)
    {
        using var luminance = SKColorFilter.CreateLumaColor();
        using var keep = new SKPaint { BlendMode = SKBlendMode.DstIn, ColorFilter = luminance };
        canvas.SaveLayer(keep);
        Children(mask, new SvgStyle().Of(mask));
        canvas.Restore();
    }

    XElement? Referenced(XElement element, string property) =>
        Reference(Property(element, property)) is { } id ? image.Find(id) : null;
}
