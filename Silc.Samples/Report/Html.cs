using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace Silc.Samples.Report;

/// <summary>
/// Text of a page. What <see cref="Of"/> puts into holes is escaped, unless it is of this type: captions and paths cannot become elements.
/// </summary>
/// <param name="Text">Markup.</param>
readonly record struct Html(string Text)
{
    public static Html Empty { get; } = new("");

    /// <summary><c>Html.Of($"&lt;p&gt;{caption}&lt;/p&gt;")</c>.</summary>
    public static Html Of(HtmlHandler markup) => new(markup.Text);

    public static Html Join(IEnumerable<Html> parts) => new(string.Concat(parts.Select(part => part.Text)));

    /// <summary>An image inside the page.</summary>
    public static Html Image(RgbImage image, string alt, string kind = "")
    {
        var bytes = Convert.ToBase64String(ImageFile.Encode(image));
        return Of($"""<img class="{kind}" src="data:image/png;base64,{bytes}" width="{image.Width}" height="{image.Height}" alt="{alt}">""");
    }

    /// <inheritdoc cref="Image"/>
    public static Html Svg(string svg, string alt) =>
        Of($"""<img class="plot" src="data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(svg))}" alt="{alt}">""");

    public override string ToString() => Text;
}

/// <summary>Makes <see cref="Html"/> of an interpolated string.</summary>
[InterpolatedStringHandler]
readonly ref struct HtmlHandler(int literalLength, int holes)
{
    readonly StringBuilder text = new(literalLength + 16 * holes);

    public string Text => text.ToString();

    public void AppendLiteral(string markup) => text.Append(markup);

    public void AppendFormatted(Html markup) => text.Append(markup.Text);

    public void AppendFormatted(IEnumerable<Html> parts) => text.Append(Html.Join(parts).Text);

    public void AppendFormatted(string? words) => text.Append(WebUtility.HtmlEncode(words));

    public void AppendFormatted(IFormattable value, string? format = null) => AppendFormatted(value.ToString(format, CultureInfo.InvariantCulture));
}
