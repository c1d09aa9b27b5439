using System.Globalization;
using Silc.Samples.Evaluation;
using Silc.Samples.Training;
using static Silc.Samples.Report.PageParts;

namespace Silc.Samples.Report;

/// <summary>A report as one HTML page: style and images are inside, and nothing is fetched or run.</summary>
sealed class ReportPage(RunReport report)
{
    readonly RunRecord run = report.Run;
    readonly RunMetrics metrics = report.Run.Metrics;
    readonly RunEvaluation? evaluation = report.Evaluation;

    public Html Text => WholePage(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run.Folder))),
        Html.Of($"A Silc run{Trained()}, {run.State}."), report.Missing, [.. TrainingCards(), .. ScoreCards()], Sections());

    IEnumerable<(string Id, string Title, Html Body)> Sections()
    {
        var rates = Last("step", "skipped",
            [.. LossTerm.All.Select(term => term.Name), .. LossTerm.All.Select(MetricsFile.Weight), MetricsFile.KoLeoDistance]);
        yield return ("losses", "Losses and rates", Html.Of($"{Figures(report.Losses)}{rates}"));
        yield return ("validation", "Validation", report.Validation.Count == 0 ? Html.Empty : Html.Of($"{Figures(report.Validation)}{Best()}"));
        var lives = Last("loss_over_log_k", "feature_deviation", "mean_entropy", "groups_told", "feature_dimensions");
        yield return ("health", "Health of self-distillation", Html.Of($"{Figures(report.Health)}{lives}"));
        if (evaluation is not null)
        {
            yield return ("evaluation", "Evaluation", Html.Join(evaluation.Tables.Select(table => Scores(table.Title, table.Scores))));
            yield return ("confusion", "Confusion", Confusion(evaluation.Classes.Found));
            yield return ("retrieval", "Retrieval", Html.Join(evaluation.Retrieval.Select(set => Retrieval(set.Name, set.Rows))));
            yield return ("segmentation", "Segmentation by text", Html.Join(evaluation.Segmentation.Select(Segmentation)));
            yield return ("patches", "Patch features", Maps(evaluation.Maps));
        }
        var last = Last("samples_per_second", "seconds", "peak_memory_mib");
        yield return ("speed", "Throughput and memory", Html.Of($"{Figures(report.Speed)}{Memory()}{last}"));
        yield return ("command", "Command and versions", Command());
    }

    Html Trained() => run.Checkpoint?.Data is { } data ? Html.Of($" on {data.Name} ({data.Count:N0} images)") : Html.Empty;

    IEnumerable<Html> TrainingCards()
    {
        var (train, config) = (run.Checkpoint?.Train, run.Checkpoint?.Config);
        if (run.Steps > 0) yield return Card("Steps", $"{run.Steps:N0}", train is null ? "" : $"of {train.TotalSteps:N0}");
        if (train is not null && run.Steps > 0)
        {
            var samples = run.Steps * train.BatchSize;
            var epochs = run.Checkpoint!.Data is { Count: > 0 } data ? $"{Number(samples / (double)data.Count, "0.##")} epochs, " : "";
            yield return Card("Samples", $"{samples:N0}", $"{epochs}{train.BatchSize} a step");
        }
        if (metrics.Count == 0) yield break;
        var time = TimeSpan.FromSeconds(metrics.Last("seconds"));
        var speed = metrics.Steps * train?.BatchSize / Math.Max(time.TotalSeconds, 1e-9);
        yield return Card("Time", $"{(int)time.TotalHours}:{time:mm\\:ss}", speed is { } rate ? $"{rate:N0} images a second" : "");
        foreach (var term in LossTerm.All)
        {
            // Files of earlier versions have 0 for a loss of weight 0.
            if (metrics.LastText(term.Name) is "" or "0") continue;
            var level = LossPlot.Level(term, config, train) is { } known ? $"{term.Level!.Name} {Number(known, "F3")}" : "";
            yield return Card($"{term.Title} loss", Number(metrics.Last(term.Name), "F3"), level);
        }
        foreach (var metric in ValidationMetric.All)
            if (metrics.Over(metric.Column).Where(point => double.IsFinite(point.Value)).ToList() is { Count: > 0 } points)
            {
                var best = metric.Rises ? points.MaxBy(point => point.Value) : points.MinBy(point => point.Value);
                yield return Card($"{metric.Title}, validation", BestModel.Text(metric, points[^1].Value),
                    $"best {BestModel.Text(metric, best.Value)} at step {best.Step:N0}");
            }
    }

    Html Best()
    {
        var kept = File.Exists(Path.Combine(run.Folder, BestModel.Name)) ? $" The weights of that step are in {BestModel.Name}." : "";
        return run.Checkpoint is { } checkpoint && BestModel.Describe(checkpoint) is { } best
            ? Html.Of($"""<p class="soft">Best of the validations: {best}.{kept}</p>""") : Html.Empty;
    }

    IEnumerable<Html> ScoreCards() => evaluation?.Headlines.Select(line => Card(line.What, ScoreReport.Percent(line.Value),
        $"{line.Metric}; {line.Beside}: {ScoreReport.Percent(line.BesideValue)}{(line.IsChance ? "; no better than that" : "")}",
        line.IsChance ? "score floor" : "score")) ?? [];

    // Columns of the last row, as the file has them: a report must be checkable.
    Html Last(string first, string last, params IEnumerable<string> more)
    {
        var (from, to) = (Array.IndexOf(MetricsFile.Columns, first), Array.IndexOf(MetricsFile.Columns, last));
        var known = MetricsFile.Columns[from..(to + 1)].Concat(more).Distinct().Where(column => metrics.LastText(column) != "").ToList();
        return known.Count == 0 ? Html.Empty : Html.Of($"""
            <div class="scroll"><table><caption>Last row of {MetricsFile.Name}</caption>
            <thead><tr>{known.Select(column => Html.Of($"<th>{column.Replace('_', ' ')}</th>"))}</tr></thead>
            <tbody><tr>{known.Select(column => Html.Of($"<td>{metrics.LastText(column)}</td>"))}</tr></tbody></table></div>
            """);
    }

    Html Memory() => run.Session is not { } session ? Html.Empty : Facts(
        ("Device memory", $"{session.DeviceBytes >> 20:N0} MiB, of which activations {session.ActivationBytes >> 20:N0} MiB"),
        ("Peak memory of the process", metrics.LastText("peak_memory_mib") is { Length: > 0 } peak
            ? $"{peak} MiB resident: the program and .NET, images that are read ahead or kept decoded (up to 1 GiB), and on a CPU the device "
                + $"memory above"
            : null));

    Html Command() => Html.Of($"""
        {(run.Command is { } command ? Html.Of($"<pre>{command}</pre>") : Html.Empty)}
        {Facts(
            ("Folder", Path.GetFullPath(run.Folder)),
            ("Model", run.Checkpoint is { } made ? Sizes(made.Config) : null),
            ("Parameters", run.Session is { Parameters: var parameters } ? $"{parameters:N0} in both towers" : null),
            ("Trained on", run.Session?.Device),
            ("Trained with", run.Session is { } there ? Versions(there) : run.Checkpoint is { } checkpoint ? $"Silc {checkpoint.Version}" : null),
            ("Measured on", report.Here?.Device),
            ("Measured with", report.Here is { } here ? Versions(here) : null),
            ("Weights measured", evaluation is null ? null : run.Weights))}
        """);

    static string Sizes(SilcConfig config) =>
        $"image tower {Tower(config.Image)}; text tower {Tower(config.Text)}; {config.ImageSize} pixels in patches of {config.PatchSize}; "
        + $"{config.TextLength} tokens of {config.VocabSize:N0}; {config.Contrastive.ToString().ToLowerInvariant()} loss; "
        + $"{config.Head.Prototypes:N0} prototypes";

    static string Tower(TowerConfig tower) => $"{tower.Depth} x {tower.Width}, {tower.Heads} heads";

    static string Versions(SessionNote note) => $"Silc {note.Silc}, {note.Framework}, ILGPU {note.Ilgpu}, {note.System}";

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
