using Silc.Samples.Evaluation;
using Silc.Samples.Plots;

namespace Silc.Samples.Report;

/// <summary>What pages are made of.</summary>
static class PageParts
{
    // Content security policy: whatever captions and paths contain, a browser fetches and runs nothing.
    static readonly Html policy = new("default-src 'none'; img-src data:; style-src 'unsafe-inline'");

    // Maps have a pixel a patch and are shown as squares; photographs are not.
    const int PlotWidth = 450, PlotHeight = 270, MostPatches = 48, UsualSide = 160, BoxedSide = 320;

    /// <summary>The kinds of pictures whose images are larger, for the words on them, or stand beside each other, with words below.</summary>
    public const string Boxes = "boxes", Sentences = "sentences";

    /// <summary>A whole page: style and images are inside, and nothing is fetched or run.</summary>
    /// <param name="title">Of the page.</param>
    /// <param name="about">A line below it.</param>
    /// <param name="missing">What the page lacks, and how to get it.</param>
    /// <param name="cards">Numbers.</param>
    /// <param name="parts">What follows; those that are empty are left out.</param>
    public static Html WholePage(string title, Html about, IReadOnlyList<string> missing, IEnumerable<Html> cards,
        IEnumerable<(string Id, string Title, Html Body)> parts)
    {
        var sections = parts.Where(section => section.Body != Html.Empty).ToList();
        var missed = missing.Count == 0 ? Html.Empty : Html.Of($"""<ul class="missing">{missing.Select(line => Html.Of($"<li>{line}</li>"))}</ul>""");
        return Html.Of($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{policy}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{title}: Silc run</title>
            <style>{Style}</style>
            </head>
            <body>
            <header>
            <h1>{title}</h1>
            <p class="soft">{about}</p>
            {missed}
            <div class="cards">{cards}</div>
            <nav>{sections.Select(section => Html.Of($"""<a href="#{section.Id}">{section.Title}</a>"""))}</nav>
            </header>
            <main>
            {sections.Select(section => Html.Of($"""<section id="{section.Id}"><h2>{section.Title}</h2>{section.Body}</section>"""))}
            </main>
            </body>
            </html>

            """);
    }

    static Html Style
    {
        get
        {
            using var reader = new StreamReader(typeof(PageParts).Assembly.GetManifestResourceStream("report.css")!);
            return new(reader.ReadToEnd());
        }
    }

    /// <summary>A number with its name above and what to compare it with below.</summary>
    public static Html Card(string what, string value, string beside, string kind = "") =>
        Html.Of($"""<div class="card {kind}"><span>{what}</span><b>{value}</b><small>{beside}</small></div>""");

    /// <summary>Names and what is known of them.</summary>
    public static Html Facts(params IEnumerable<(string Name, string? Value)> facts) =>
        Html.Of($"""<dl>{facts.Where(fact => fact.Value is not null).Select(fact => Html.Of($"<dt>{fact.Name}</dt><dd>{fact.Value}</dd>"))}</dl>""");

    public static Html Figures(IReadOnlyList<LinePlot> plots) => plots.Count == 0 ? Html.Empty
        : Html.Of($"""<div class="plots">{plots.Select(plot =>
        Html.Of($"<figure><figcaption>{plot.Title}</figcaption>{Svg(plot)}{Note(plot)}</figure>"))}</div>""");

    static Html Note(LinePlot plot) => plot.Note is { } note ? Html.Of($"<small>{note}</small>") : Html.Empty;

    static Html Svg(LinePlot plot) => Html.Svg(plot.Svg(PlotWidth, PlotHeight), $"{plot.Title} over the steps, in: {plot.YLabel}");

    /// <summary>Scores as tables, one for those of the same metrics.</summary>
    public static Html Scores(string title, IReadOnlyList<Score> scores) =>
        Html.Of($"<h3>{title}</h3>{scores.GroupBy(score => string.Join('|', score.Metrics.Select(metric => metric.Name))).Select(ScoreTable)}");

    static Html ScoreTable(IEnumerable<Score> lines) => Html.Of($"""
        <div class="scroll"><table>
        <thead><tr><th class="text">images</th><th>n</th><th class="text">method</th>
        {lines.First().Metrics.Select(metric => Html.Of($"<th>{metric.Name}</th>"))}</tr></thead>
        <tbody>{lines.GroupBy(line => line.Images).SelectMany(set => set.Select((line, i) => ScoreRow(line, i == 0)))}</tbody></table></div>
        """);

    static Html ScoreRow(Score line, bool first)
    {
        var chance = line.Method.StartsWith("chance", StringComparison.Ordinal) || line.Method.StartsWith("always", StringComparison.Ordinal);
        return Html.Of($"""
            <tr class="{(first ? "first " : "")}{(chance ? "chance" : "")}">
            <td class="text">{(first ? line.Images : "")}</td><td>{(first ? $"{line.Count:N0}" : "")}</td><td class="text">{line.Method}</td>
            {line.Metrics.Select(metric => Html.Of($"<td>{metric.Text}</td>"))}</tr>
            """);
    }

    public static Html Confusion(IReadOnlyList<(string Name, ConfusionMatrix Confusion, IReadOnlyList<string> Classes)> found)
    {
        var charts = found.Select(set =>
            Html.Image(ConfusionChart.Draw(set.Name, set.Confusion, set.Classes), $"Confusion matrix of {set.Classes.Count} classes. {set.Name}"));
        return found.Count == 0 ? Html.Empty : Html.Of($"""<div class="charts">{charts}</div>""");
    }

    public static Html Retrieval(string name, IReadOnlyList<ContactSheetRow> rows) =>
        Html.Of($"<h3>{name}</h3>{rows.Select(row => Sheet(row, "found"))}");

    public static Html Segmentation(SegmentedSet set) => Pictures(set.Name, set.Rows, set.Colours, "segmented");

    /// <summary>Images with truth and answers, below the colours of their classes.</summary>
    /// <param name="title">Above them.</param>
    /// <param name="rows">An image each.</param>
    /// <param name="colours">May be empty.</param>
    /// <param name="kind">How wide an image is, as the style says.</param>
    public static Html Pictures(string title, IReadOnlyList<ContactSheetRow> rows, IReadOnlyList<(string Name, Colour Colour)> colours,
        string kind) =>
        Html.Of($"""
            {(title == "" ? Html.Empty : Html.Of($"<h3>{title}</h3>"))}
            <p class="legend">{colours.Select(colour =>
                Html.Of($"""<span><i style="background:{Css(colour.Colour)}"></i>{colour.Name}</span>"""))}</p>
            <div class="pairs {kind}">{rows.Select(row => Sheet(row, kind))}</div>
            """);

    public static Html Maps(IReadOnlyList<PatchMap> maps) => maps.Count == 0 ? Html.Empty : Html.Of($"""
        <p class="soft">Of each image: the first three principal components of its patches' features as red, green and blue, over all of these images
        together, so that equal colours mean equal features; and the share of the pooling's attention that each patch gets.</p>
        <div class="pairs">{maps.Select((map, i) => Sheet(Row(map, i), "maps"))}</div>
        """);

    static ContactSheetRow Row(PatchMap map, int index) =>
        new($"image {index + 1}", [new(map.Image, "image"), new(map.Features, "features"), new(map.Attention, "attention")]);

    // As ContactSheet draws it, but with words that can be read aloud.
    static Html Sheet(ContactSheetRow row, string kind) =>
        Html.Of($"""
            <div class="sheet {kind}"><h4>{row.Query}</h4>
            <div>{row.Cells.Select(cell => Cell(row.Query, cell, kind == Boxes ? BoxedSide : UsualSide))}</div></div>
            """);

    static Html Cell(string query, ContactSheetCell cell, int most)
    {
        var (kind, mark) = cell.Hit switch { true => ("hit", "✓ "), false => ("miss", "✗ "), null => ("", "") };
        var image = Html.Image(Thumbnail.Of(cell.Image, most), $"{query}: {cell.Caption}", cell.Image.Width <= MostPatches ? "pixels" : "");
        return Html.Of($"""<figure class="{kind}">{image}<figcaption>{mark}{cell.Caption}</figcaption></figure>""");
    }

    static string Css(Colour colour) => $"rgb({255 * colour.R:F0},{255 * colour.G:F0},{255 * colour.B:F0})";
}
