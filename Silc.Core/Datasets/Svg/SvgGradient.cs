using System.Xml.Linq;
using SkiaSharp;
using static Silc.Datasets.SvgSyntax;

namespace Silc.Datasets;

/// <summary>Linear and radial gradients as Skia shaders. A gradient takes what it lacks from the one its href names.</summary>
/// <param name="element">The linearGradient or radialGradient element.</param>
/// <param name="find">Finds an element by id.</param>
sealed class SvgGradient(XElement element, Func<string, XElement?> find)
{
    // Bounds chains of href, which may be cyclic; longer ones do not occur.
    const int LongestChain = 8;

    readonly XElement[] chain = [.. Chain(element, find).Take(LongestChain)];

    /// <summary>The shader for a shape with these bounds; null when the gradient has no stops.</summary>
    public SKShader? Shader(SKRect bounds)
    {
        var stops = chain.Select(link => link.Elements().Where(child => child.Name.LocalName == "stop").ToArray())
            .FirstOrDefault(found => found.Length > 0);
        if (stops is null) return null;

        var colours = stops.Select(Colour).ToArray();
        var offsets = stops.Select(stop => Math.Clamp(Number(stop, "offset"), 0, 1)).ToArray();
        for (var i = 1; i < offsets.Length; i++) offsets[i] = Math.Max(offsets[i], offsets[i - 1]);

        var matrix = Transform(Inherited("gradientTransform"));
        if (Inherited("gradientUnits") != "userSpaceOnUse")
            matrix = new SKMatrix(bounds.Width, 0, bounds.Left, 0, bounds.Height, bounds.Top, 0, 0, 1).PreConcat(matrix);
        var tile = Inherited("spreadMethod") switch
        {
            "reflect" => SKShaderTileMode.Mirror,
            "repeat" => SKShaderTileMode.Repeat,
            _ => SKShaderTileMode.Clamp,
        };

        if (element.Name.LocalName == "linearGradient")
        {
            var (from, to) = (new SKPoint(Value("x1", 0), Value("y1", 0)), new SKPoint(Value("x2", 1), Value("y2", 0)));
            return SKShader.CreateLinearGradient(from, to, colours, offsets, tile, matrix);
        }
        var center = new SKPoint(Value("cx", 0.5f), Value("cy", 0.5f));
        var focus = new SKPoint(Value("fx", center.X), Value("fy", center.Y));
        var radius = Value("r", 0.5f);
        return focus == center
            ? SKShader.CreateRadialGradient(center, radius, colours, offsets, tile, matrix)
            : SKShader.CreateTwoPointConicalGradient(focus, 0, center, radius, colours, offsets, tile, matrix);
    }

    static SKColor Colour(XElement stop)
    {
        var colour = SvgSyntax.Colour(Property(stop, "stop-color") ?? "black");
        return colour.WithAlpha((byte)MathF.Round(colour.Alpha * Math.Clamp(Number(stop, "stop-opacity", 1), 0, 1)));
    }

    float Value(string name, float otherwise) => Inherited(name) is { } text ? Number(text) : otherwise;

    string? Inherited(string name) =>
        chain.Select(link => link.Attribute(name)?.Value).FirstOrDefault(value => value is not null);

    static IEnumerable<XElement> Chain(XElement element, Func<string, XElement?> find)
    {
        for (var link = element; link is not null; link = Link(link) is { } id ? find(id) : null)
            yield return link;
    }
}
