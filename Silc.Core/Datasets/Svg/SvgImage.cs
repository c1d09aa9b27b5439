using System.Xml;
using System.Xml.Linq;
using SkiaSharp;

namespace Silc.Datasets;

/// <summary>
/// A static SVG 1.1 image: paths and basic shapes, groups, use and symbol, gradients, clip paths, masks, opacity and strokes.
/// Filters, text, markers, patterns, embedded images and style sheets are not drawn: the art this library trains on has none
/// that matter. Threads: any number may use it at once.
/// </summary>
sealed class SvgImage
{
    readonly XElement root;
    readonly Dictionary<string, XElement> byId = [];

    SvgImage(XElement root)
    {
        this.root = root;
        foreach (var element in root.DescendantsAndSelf())
            if (element.Attribute("id")?.Value is { } id) byId.TryAdd(id, element);
        ViewBox = Box(root) ?? SKRect.Create(SvgSyntax.Number(root, "width", 100), SvgSyntax.Number(root, "height", 100));
    }

    /// <summary>The rectangle that is shown, in the image's own units.</summary>
    public SKRect ViewBox { get; }

    /// <summary>Reads the text of an SVG file.</summary>
    /// <exception cref="FormatException">The text is not XML or its root is not svg.</exception>
    public static SvgImage Parse(string text)
    {
        try
        {
            var root = XElement.Parse(text);
            return root.Name.LocalName == "svg"
                ? new SvgImage(root)
                : throw new FormatException($"SVG: the root element is '{root.Name}'");
        }
        catch (XmlException exception)
        {
            throw new FormatException($"SVG: not XML, {exception.Message}", exception);
        }
    }

    /// <summary>Draws the view box, clipped to it, in the canvas's current coordinates.</summary>
    public void Draw(SKCanvas canvas)
    {
        canvas.Save();
        canvas.ClipRect(ViewBox, antialias: true);
        new SvgPainter(canvas, this).Children(root, new SvgStyle().Of(root));
        canvas.Restore();
    }

    /// <summary>Draws <paramref name="window"/> of the image (null means the view box) on transparent ground, stretched to the size.</summary>
    public RgbImage Render(int width, int height, SKRect? window = null)
    {
        var box = window ?? ViewBox;
        return Drawing.Draw(width, height, canvas =>
        {
            canvas.Scale(width / box.Width, height / box.Height);
            canvas.Translate(-box.Left, -box.Top);
            Draw(canvas);
        });
    }

    internal XElement? Find(string id) => byId.GetValueOrDefault(id);

    internal static SKRect? Box(XElement element) =>
        SvgSyntax.Numbers(element.Attribute("viewBox")?.Value ?? "") is [var x, var y, > 0 and var width, > 0 and var height]
            ? SKRect.Create(x, y, width, height)
            : null;
}
