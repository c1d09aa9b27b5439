using Silc.Samples.Evaluation;
using Silc.Samples.Plots;

namespace Silc.Samples.Report;

/// <summary>What pages are made of.</summary>
static class PageParts
{
    // Maps have a pixel a patch and are shown as squares; photographs are not.
    const int PlotWidth = 450, PlotHeight = 270, MostPatches = 48;

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
            {line.Metrics.Select(metric => Html.Of($"<td>{ScoreReport.Percent(metric.Value)}</td>"))}</tr>
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

    public static Html Segmentation(SegmentedSet set) => Html.Of($"""
        <h3>{set.Name}</h3>
        <p class="legend">{set.Colours.Select(colour =>
            Html.Of($"""<span><i style="background:{Css(colour.Colour)}"></i>{colour.Name}</span>"""))}</p>
        <div class="pairs">{set.Rows.Select(row => Sheet(row, "segmented"))}</div>
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
        Html.Of($"""<div class="sheet {kind}"><h4>{row.Query}</h4><div>{row.Cells.Select(cell => Cell(row.Query, cell))}</div></div>""");

    static Html Cell(string query, ContactSheetCell cell)
    {
        var (kind, mark) = cell.Hit switch { true => ("hit", "✓ "), false => ("miss", "✗ "), null => ("", "") };
        var image = Html.Image(Thumbnail.Of(cell.Image), $"{query}: {cell.Caption}", cell.Image.Width <= MostPatches ? "pixels" : "");
        return Html.Of($"""<figure class="{kind}">{image}<figcaption>{mark}{cell.Caption}</figcaption></figure>""");
    }

    static string Css(Colour colour) => $"rgb({255 * colour.R:F0},{255 * colour.G:F0},{255 * colour.B:F0})";
}
