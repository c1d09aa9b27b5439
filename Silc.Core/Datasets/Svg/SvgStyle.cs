using System.Xml.Linq;
using SkiaSharp;

namespace Silc.Datasets;

/// <summary>The properties that an SVG element hands on to its children, with SVG's initial values.</summary>
sealed record SvgStyle
{
    public string Fill { get; init; } = "black";

    public string Stroke { get; init; } = "none";

    public string Colour { get; init; } = "black";

    public float FillOpacity { get; init; } = 1;

    public float StrokeOpacity { get; init; } = 1;

    public float StrokeWidth { get; init; } = 1;

    public float StrokeMiter { get; init; } = 4;

    public SKStrokeCap StrokeCap { get; init; }

    public SKStrokeJoin StrokeJoin { get; init; }

    public float[] Dashes { get; init; } = [];

    public float DashOffset { get; init; }

    public SKPathFillType FillRule { get; init; }

    public SKPathFillType ClipRule { get; init; }

    public bool StrokeFirst { get; init; }

    /// <summary>This style as <paramref name="element"/> changes it: its attributes, then the declarations of its style attribute.</summary>
    public SvgStyle Of(XElement element)
    {
        var style = this;
        foreach (var attribute in element.Attributes()) style = style.With(attribute.Name.LocalName, attribute.Value);
        foreach (var (name, value) in SvgSyntax.Declarations(element)) style = style.With(name, value);
        return style;
    }

    SvgStyle With(string name, string value) => value == "inherit" ? this : name switch
    {
        "fill" => this with { Fill = value },
        "stroke" => this with { Stroke = value },
        "color" => this with { Colour = value },
        "fill-opacity" => this with { FillOpacity = SvgSyntax.Number(value) },
        "stroke-opacity" => this with { StrokeOpacity = SvgSyntax.Number(value) },
        "stroke-width" => this with { StrokeWidth = SvgSyntax.Number(value) },
        "stroke-miterlimit" => this with { StrokeMiter = SvgSyntax.Number(value) },
        "stroke-linecap" => this with { StrokeCap = Cap(value) },
        "stroke-linejoin" => this with { StrokeJoin = Join(value) },
        "stroke-dasharray" => this with { Dashes = Pairs(SvgSyntax.Numbers(value)) },
        "stroke-dashoffset" => this with { DashOffset = SvgSyntax.Number(value) },
        "fill-rule" => this with { FillRule = Rule(value) },
        "clip-rule" => this with { ClipRule = Rule(value) },
        "paint-order" => this with { StrokeFirst = value.TrimStart().StartsWith("stroke", StringComparison.Ordinal) },
        _ => this,
    };

    static SKStrokeCap Cap(string value) =>
        value switch { "round" => SKStrokeCap.Round, "square" => SKStrokeCap.Square, _ => SKStrokeCap.Butt };

    static SKStrokeJoin Join(string value) =>
        value switch { "round" => SKStrokeJoin.Round, "bevel" => SKStrokeJoin.Bevel, _ => SKStrokeJoin.Miter };

    static SKPathFillType Rule(string value) => value == "evenodd" ? SKPathFillType.EvenOdd : SKPathFillType.Winding;

    // SVG repeats a list of odd length once, so that dashes and gaps alternate.
    static float[] Pairs(float[] dashes) => dashes.Length % 2 == 0 ? dashes : [.. dashes, .. dashes];
}
