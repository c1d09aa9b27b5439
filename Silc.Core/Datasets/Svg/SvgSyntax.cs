using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SkiaSharp;

namespace Silc.Datasets;

/// <summary>The small languages inside SVG attributes: numbers, lists of numbers, colours, transforms and references.</summary>
static partial class SvgSyntax
{
    static readonly Dictionary<string, SKColor> NamedColours = typeof(SKColors).GetFields()
        .Where(field => field.FieldType == typeof(SKColor))
        .ToDictionary(field => field.Name, field => (SKColor)field.GetValue(null)!, StringComparer.OrdinalIgnoreCase);

    /// <summary>The attribute or, stronger than it, the declaration of that name in the element's style attribute.</summary>
    public static string? Property(XElement element, string name) =>
        Declarations(element).FirstOrDefault(d => d.Name == name).Value ?? element.Attribute(name)?.Value;

    /// <summary>The name and value pairs of a style attribute.</summary>
    public static IEnumerable<(string Name, string Value)> Declarations(XElement element)
    {
        if (element.Attribute("style")?.Value is not { } style) yield break;
        foreach (var declaration in style.Split(';', StringSplitOptions.RemoveEmptyEntries))
            if (declaration.Split(':', 2, StringSplitOptions.TrimEntries) is [var name, var value])
                yield return (name, value);
    }

    /// <summary>The number in an attribute, 0 when there is none.</summary>
    public static float Number(XElement element, string name, float otherwise = 0) =>
        Property(element, name) is { } text ? Number(text) : otherwise;

    /// <summary>One number; a percentage is a fraction, a unit is taken for pixels.</summary>
    public static float Number(string text)
    {
        var match = NumberPattern().Match(text);
        if (!match.Success) throw new FormatException($"SVG: '{text}' is not a number");
        var value = float.Parse(match.ValueSpan, CultureInfo.InvariantCulture);
        return text.EndsWith('%') ? value / 100 : value;
    }

    /// <summary>Numbers as SVG packs them: "1-2.5.5" is 1, -2.5 and 0.5.</summary>
    public static float[] Numbers(string text) =>
        [.. NumberPattern().Matches(text).Select(match => float.Parse(match.ValueSpan, CultureInfo.InvariantCulture))];

    /// <summary>Points of a polyline or polygon; an odd number at the end is dropped, as browsers do.</summary>
    public static SKPoint[] Points(string text) =>
        [.. Numbers(text).Chunk(2).Where(pair => pair.Length == 2).Select(pair => new SKPoint(pair[0], pair[1]))];

    /// <summary>A hexadecimal, rgb() or named colour.</summary>
    public static SKColor Colour(string text)
    {
        text = text.Trim();
        if (NamedColours.TryGetValue(text, out var named)) return named;
        if (text.StartsWith("rgb", StringComparison.OrdinalIgnoreCase) && Numbers(text) is { Length: >= 3 } c)
            return new SKColor((byte)c[0], (byte)c[1], (byte)c[2], c.Length > 3 ? (byte)MathF.Round(255 * c[3]) : (byte)255);
        // CSS puts alpha last and Skia puts it first, so the four- and eight-digit forms are reordered.
        if (text is ['#', _, _, _, _]) text = $"#{text[4]}{text[1..4]}";
        if (text is ['#', _, _, _, _, _, _, _, _]) text = $"#{text[7..9]}{text[1..7]}";
        return SKColor.TryParse(text, out var colour) ? colour : throw new FormatException($"SVG: '{text}' is not a colour");
    }

    /// <summary>The id in an href of "#id", null when there is none.</summary>
    public static string? Link(XElement element) =>
        element.Attributes().FirstOrDefault(attribute => attribute.Name.LocalName == "href")?.Value is ['#', .. var id]
            ? id
            : null;

    /// <summary>The id in "url(#id)", null when the text is something else.</summary>
    public static string? Reference(string? text) =>
        text is not null && ReferencePattern().Match(text) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>A list of transforms, the first outermost.</summary>
    public static SKMatrix Transform(string? text)
    {
        var result = SKMatrix.Identity;
        if (text is null) return result;
        foreach (Match match in TransformPattern().Matches(text))
            result = result.PreConcat(Transform(match.Groups[1].Value, Numbers(match.Groups[2].Value)));
        return result;
    }

    static SKMatrix Transform(string name, float[] n) => (name, n.Length) switch
    {
        ("matrix", 6) => new SKMatrix(n[0], n[2], n[4], n[1], n[3], n[5], 0, 0, 1),
        ("translate", 1) => SKMatrix.CreateTranslation(n[0], 0),
        ("translate", 2) => SKMatrix.CreateTranslation(n[0], n[1]),
        ("scale", 1) => SKMatrix.CreateScale(n[0], n[0]),
        ("scale", 2) => SKMatrix.CreateScale(n[0], n[1]),
        ("rotate", 1) => SKMatrix.CreateRotationDegrees(n[0]),
        ("rotate", 3) => SKMatrix.CreateRotationDegrees(n[0], n[1], n[2]),
        ("skewX", 1) => SKMatrix.CreateSkew(MathF.Tan(n[0] * MathF.PI / 180), 0),
        ("skewY", 1) => SKMatrix.CreateSkew(0, MathF.Tan(n[0] * MathF.PI / 180)),
        _ => throw new FormatException($"SVG: there is no transform '{name}' of {n.Length} numbers"),
    };

    [GeneratedRegex(@"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")]
    private static partial Regex NumberPattern();

    [GeneratedRegex(@"([a-zA-Z]+)\s*\(([^)]*)\)")]
    private static partial Regex TransformPattern();

    [GeneratedRegex(@"^\s*url\(\s*['""]?#([^)'""]+)")]
    private static partial Regex ReferencePattern();
}
