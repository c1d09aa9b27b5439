using System.Globalization;
using Silc.Samples.Evaluation;
using Silc.Samples.Plots;
using Silc.Samples.Training;

namespace Silc.Samples.Report;

/// <summary>A report as one HTML page: style and pictures are inside, and nothing is fetched or run.</summary>
sealed class ReportPage(RunReport report)
{
    // Whatever data may bring, a browser fetches nothing and runs nothing.
    static readonly Html policy = new("default-src 'none'; img-src data:; style-src 'unsafe-inline'");

    readonly RunRecord run = report.Run;
    readonly RunMetrics metrics = report.Run.Metrics;

    public Html Text
    {
        get
        {
            (string Id, string Title, Html Body)[] sections =
            [
                ("losses", "Losses and rates", Html.Of($"{Plots(report.Losses)}{LastReport("step", "loss", "contrastive", "distillation", "gradient_norm", "learning_rate", "temperature", "bias", "skipped")}")),
                ("health", "Health of self-distillation", report.Health.Count == 0 ? Html.Empty : Html.Of($"{Plots(report.Health)}{LastReport(MetricsFile.Columns[12..19])}")),
                ("evaluation", "Evaluation", Html.Join(report.Evaluation?.Tables.Select(ScoreTables) ?? [])),
                ("confusion", "Confusion", Html.Join(report.Evaluation?.Classes.Found.Select(Confusion) ?? [])),
                ("retrieval", "Retrieval", Html.Join(report.Evaluation?.Retrieval.Select(Retrieval) ?? [])),
                ("segmentation", "Segmentation by text", Html.Join(report.Evaluation?.Segmentation.Select(Segmentation) ?? [])),
                ("patches", "Patch features", Maps()),
                ("speed", "Throughput and memory", Html.Of($"{Plots(report.Speed)}{Memory()}{LastReport("samples_per_second", "data_wait_share", "seconds", "peak_memory_mib")}")),
                ("command", "Command and versions", Command()),
            ];
            sections = [.. sections.Where(section => section.Body != Html.Empty)];
            var title = Path.GetFileName(Path.GetFullPath(run.Folder).TrimEnd(Path.DirectorySeparatorChar));
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
                <p class="soft">A Silc run{Trained()}, {run.State}.</p>
                {Missing()}
                <div class="cards">{Cards()}</div>
                <nav>{sections.Select(section => Html.Of($"""<a href="#{section.Id}">{section.Title}</a>"""))}</nav>
                </header>
                <main>
                {sections.Select(section => Html.Of($"""<section id="{section.Id}"><h2>{section.Title}</h2>{section.Body}</section>"""))}
                </main>
                </body>
                </html>

                """);
        }
    }

    static Html Style
    {
        get
        {
            using var reader = new StreamReader(typeof(ReportPage).Assembly.GetManifestResourceStream("report.css")!);
            return new(reader.ReadToEnd());
        }
    }

    Html Trained() => run.Checkpoint?.Data is { } data ? Html.Of($" on {data.Name} ({data.Count:N0} pictures)") : Html.Empty;

    Html Missing() => report.Missing.Count == 0 ? Html.Empty
        : Html.Of($"""<ul class="missing">{report.Missing.Select(line => Html.Of($"<li>{line}</li>"))}</ul>""");

    IEnumerable<Html> Cards()
    {
        var (train, config) = (run.Checkpoint?.Train, run.Checkpoint?.Config);
        if (run.Steps > 0) yield return Card("Steps", $"{run.Steps:N0}", train is null ? "" : $"of {train.TotalSteps:N0}");
        if (train is not null && run.Steps > 0)
            yield return Card("Samples", $"{run.Steps * train.BatchSize:N0}", run.Checkpoint!.Data is { Count: > 0 } data
                ? string.Create(CultureInfo.InvariantCulture, $"{run.Steps * (double)train.BatchSize / data.Count:0.##} epochs, {train.BatchSize} a step") : $"{train.BatchSize} a step");
        if (metrics.Count > 0)
        {
            var seconds = TimeSpan.FromSeconds(metrics.Last("seconds"));
            yield return Card("Time", $"{(int)seconds.TotalHours}:{seconds:mm\\:ss}", train is null ? "" : $"{metrics.Steps * train.BatchSize / Math.Max(seconds.TotalSeconds, 1e-9):N0} pictures a second");
            yield return Card("Contrastive loss", Loss("contrastive"), LossPlot.Chance(config, train) is { } chance ? $"chance {chance:F3}" : "");
            if (metrics.Last("distillation") > 0) yield return Card("Distillation loss", Loss("distillation"), config is null ? "" : $"uniform {Math.Log(config.Head.Prototypes):F3}");
        }
        foreach (var line in report.Evaluation?.Headlines ?? []) yield return Card(line.What, ScoreReport.Percent(line.Value), $"{line.Metric}; {line.Beside}: {ScoreReport.Percent(line.BesideValue)}", "score");

        string Loss(string column) => metrics.Last(column).ToString("F3", CultureInfo.InvariantCulture);
        static Html Card(string what, string value, string beside, string kind = "") => Html.Of($"""<div class="card {kind}"><span>{what}</span><b>{value}</b><small>{beside}</small></div>""");
    }

    static Html Plots(IReadOnlyList<LinePlot> plots) => plots.Count == 0 ? Html.Empty : Html.Of($"""
        <div class="plots">{plots.Select(plot => Html.Of($"<figure><figcaption>{plot.Title}</figcaption>{Html.Svg(plot.Svg(450, 270), $"{plot.Title} over the steps, in: {plot.YLabel}")}</figure>"))}</div>
        """);

    // As the file has them: a report must be checkable.
    Html LastReport(params IReadOnlyList<string> columns)
    {
        var known = columns.Where(column => metrics.LastText(column) != "").ToList();
        return known.Count == 0 ? Html.Empty : Html.Of($"""
            <div class="scroll"><table class="last"><caption>Last row of {MetricsFile.Name}</caption>
            <thead><tr>{known.Select(column => Html.Of($"<th>{column.Replace('_', ' ')}</th>"))}</tr></thead>
            <tbody><tr>{known.Select(column => Html.Of($"<td>{metrics.LastText(column)}</td>"))}</tr></tbody></table></div>
            """);
    }

    static Html ScoreTables((string Title, IReadOnlyList<Score> Scores) entry) => Html.Of($"""
        <h3>{entry.Title}</h3>
        {entry.Scores.GroupBy(score => string.Join('|', score.Metrics.Select(metric => metric.Name))).Select(lines => Html.Of($"""
            <div class="scroll"><table>
            <thead><tr><th class="text">pictures</th><th>n</th><th class="text">method</th>{lines.First().Metrics.Select(metric => Html.Of($"<th>{metric.Name}</th>"))}</tr></thead>
            <tbody>{lines.GroupBy(line => line.Pictures).SelectMany(set => set.Select((line, i) => ScoreRow(line, i == 0)))}</tbody></table></div>
            """))}
        """);

    static Html ScoreRow(Score line, bool first) => Html.Of($"""
        <tr class="{(first ? "first " : "")}{(line.Method.StartsWith("chance", StringComparison.Ordinal) || line.Method.StartsWith("always", StringComparison.Ordinal) ? "chance" : "")}"><td class="text">{(first ? line.Pictures : "")}</td><td>{(first ? $"{line.Count:N0}" : "")}</td><td class="text">{line.Method}</td>{line.Metrics.Select(metric => Html.Of($"<td>{ScoreReport.Percent(metric.Value)}</td>"))}</tr>

        """);

    static Html Confusion((string Name, ConfusionMatrix Confusion, IReadOnlyList<string> Classes) entry) => Html.Of($"""
        <figure class="chart">{Html.Image(ConfusionChart.Draw(entry.Name, entry.Confusion, entry.Classes), $"Confusion matrix of {entry.Classes.Count} classes. {entry.Name}")}</figure>
        """);

    static Html Retrieval((string Name, IReadOnlyList<ContactSheetRow> Rows) entry) => Html.Of($"<h3>{entry.Name}</h3>{entry.Rows.Select(row => Sheet(row, "found"))}");

    static Html Segmentation(SegmentedSet set) => Html.Of($"""
        <h3>{set.Name}</h3>
        <p class="legend">{set.Colours.Select(colour => Html.Of($"""<span><i style="background:{Css(colour.Colour)}"></i>{colour.Name}</span>"""))}</p>
        <div class="pairs">{set.Rows.Select(row => Sheet(row, "segmented"))}</div>
        """);

    Html Maps() => report.Evaluation is not { Maps: [_, ..] maps } ? Html.Empty : Html.Of($"""
        <p class="soft">Of each picture: the first three principal components of its patches' features as red, green and blue, over all of these pictures
        together, so that equal colours mean equal features; and the share of the pooling's attention that each patch gets.</p>
        <div class="pairs">{maps.Select((map, i) => Sheet(new($"picture {i + 1}", [new(map.Picture, "picture"), new(map.Features, "features"), new(map.Attention, "attention")]), "maps"))}</div>
        """);

    static Html Sheet(ContactSheetRow row, string kind) => Html.Of($"""
        <div class="sheet {kind}"><h4>{row.Query}</h4><div>{row.Cells.Select(cell => Html.Of($"""
        <figure class="{cell.Hit switch { true => "hit", false => "miss", null => "" }}">{Html.Image(Thumbnail.Of(cell.Picture), $"{row.Query}: {cell.Caption}", cell.Picture.Width < 48 ? "pixels" : "")}<figcaption>{cell.Hit switch { true => "✓ ", false => "✗ ", null => "" }}{cell.Caption}</figcaption></figure>
        """))}</div></div>
        """);

    Html Memory() => run.Session is not { } session ? Html.Empty : Facts(
        ("Device memory", $"{session.DeviceBytes >> 20:N0} MiB, of which activations {session.ActivationBytes >> 20:N0} MiB"),
        ("Peak memory of the process", metrics.LastText("peak_memory_mib") is { Length: > 0 } peak ? $"{peak} MiB" : null));

    Html Command() => Html.Of($"""
        {(run.Command is { } command ? Html.Of($"<pre>{command}</pre>") : Html.Empty)}
        {Facts(
            ("Folder", Path.GetFullPath(run.Folder)),
            ("Model", run.Checkpoint is { Config: var c } ? $"image tower {Tower(c.Image)}; text tower {Tower(c.Text)}; {c.ImageSize} pixels in patches of {c.PatchSize}; {c.TextLength} tokens of {c.VocabSize:N0}; "
                + $"{c.Contrastive.ToString().ToLowerInvariant()} loss; {c.Head.Prototypes:N0} prototypes" : null),
            ("Parameters", run.Session is { Parameters: var parameters } ? $"{parameters:N0} in both towers" : null),
            ("Trained on", run.Session?.Device),
            ("Trained with", run.Session is { } there ? Versions(there) : run.Checkpoint is { } checkpoint ? $"Silc {checkpoint.Version}" : null),
            ("Measured on", report.Here?.Device),
            ("Measured with", report.Here is { } here ? Versions(here) : null),
            ("Weights measured", report.Evaluation is null ? null : run.Weights))}
        """);

    static string Tower(TowerConfig tower) => $"{tower.Depth} x {tower.Width}, {tower.Heads} heads";

    static string Versions(SessionNote note) => $"Silc {note.Silc}, {note.Framework}, ILGPU {note.Ilgpu}, {note.System}";

    static Html Facts(params IEnumerable<(string Name, string? Value)> facts) =>
        Html.Of($"""<dl>{facts.Where(fact => fact.Value is not null).Select(fact => Html.Of($"<dt>{fact.Name}</dt><dd>{fact.Value}</dd>"))}</dl>""");

    static string Css(Colour colour) => $"rgb({255 * colour.R:F0},{255 * colour.G:F0},{255 * colour.B:F0})";
}
