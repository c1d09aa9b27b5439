using System.Globalization;
using Silc.Samples.Heads;
using Silc.Samples.Plots;
using Silc.Samples.Training;
using static Silc.Samples.Report.PageParts;

namespace Silc.Samples.Report;

/// <summary>A head's training and what it answers, as one HTML page and its images as files.</summary>
/// <param name="Head">What its folder says.</param>
/// <param name="Answers">What it answers; null if it was not asked.</param>
/// <param name="Asking">The line of <c>silc head eval</c> that gives the same scores; null likewise.</param>
/// <param name="Missing">What the page lacks, and how to get it.</param>
/// <param name="Here">Where it was asked.</param>
sealed record HeadPage(HeadRecord Head, HeadAnswers? Answers, string? Asking, IReadOnlyList<string> Missing, SessionNote? Here)
{
    const int Cell = 288;

    readonly IReadOnlyList<LinePlot> plots = [.. Plots(Head.Metrics, MeasureOf(Head.File.Description.Kind))
        .Where(plot => plot.Lines.Any(line => line.HasPoints))];
    readonly IReadOnlyList<HeadPictures> pictures = Answers?.Pictures() ?? [];

    /// <summary>Writes the page, whole or not at all.</summary>
    public void Write(string path) => AtomicFile.WriteText(path, Text.Text);

    /// <summary>Writes every plot and sheet of the page as PNG; returns how many there are.</summary>
    public int WriteImages(string folder)
    {
        foreach (var plot in plots) plot.WritePng(Path.Combine(folder, $"{plot.Name}.png"));
        foreach (var some in Shown) ContactSheet.Write(Path.Combine(folder, $"{some.Name}.png"), some.Rows, some.Title, Cell);
        if (Answers?.Confusion is { } found)
            ConfusionChart.Write(Path.Combine(folder, "confusion.png"), found.Name, found.Confusion, found.Classes);
        return plots.Count + Shown.Count() + (Answers?.Confusion is null ? 0 : 1);
    }

    IEnumerable<HeadPictures> Shown => pictures.Where(some => some.Rows.Count > 0);

    Html Text => WholePage(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Head.Folder))),
        Html.Of($"A head that {Does(Head.File.Description.Kind)}{Trained()}, {Head.State}."), Missing, Cards(), Sections());

    Html Trained() => Head.Checkpoint?.Data is { } data ? Html.Of($", trained on {data.Name} ({data.Count:N0} samples)") : Html.Empty;

    IEnumerable<Html> Cards()
    {
        var train = Head.Checkpoint?.Train;
        yield return Card("Steps", $"{Head.File.Step:N0}", train is null ? "" : $"of {train.Steps:N0}, {train.BatchSize} a step");
        if (Head.Metrics.Last is { } last)
        {
            yield return Card("Loss", last.Loss.ToString("F4", CultureInfo.InvariantCulture), "nats, mean since the report before");
            yield return Card("Time", $"{TimeSpan.FromSeconds(last.Seconds):h\\:mm\\:ss}", "with what was measured meanwhile");
        }
        if (Answers is null) yield break;
        foreach (var score in Answers.Scores.GroupBy(score => score.Images).First())
            yield return Card(MeasureOf(Head.File.Description.Kind), Answers.TextOf(score), score.Method,
                score == Answers.Head ? "score" : "score floor");
    }

    IEnumerable<(string Id, string Title, Html Body)> Sections()
    {
        yield return ("losses", "Loss and measures", Figures(plots));
        if (Answers is not null)
        {
            yield return ("evaluation", "Evaluation", Scores($"{Answers.Head.Images}, beside what is right without the head or without looking",
                Answers.Scores));
            foreach (var some in Shown)
                yield return (some.Name, some.Title, Pictures("", some.Rows, some.Colours, some.IsText ? Sentences : some.Colours.Count > 0
                    ? "segmented" : Boxes));
            if (Answers.Confusion is { } found) yield return ("confusion", "Confusion", Confusion([found]));
        }
        yield return ("command", "Command and versions", Command());
    }

    Html Command()
    {
        var told = Head.File.Description;
        return Html.Of($"""
            {(Head.Line is { } line ? Html.Of($"<pre>{line.Text}</pre>") : Html.Empty)}
            {(Asking is { } asked ? Html.Of($"<pre>{asked}</pre>") : Html.Empty)}
            {Facts(
                ("Folder", Path.GetFullPath(Head.Folder)),
                ("Kind", told.Kind.ToString().ToLowerInvariant()),
                ("Tower", $"{HeadOptions.TowerOf(told)}{(told.TowerName is { } name ? $" ({name})" : "")}; images of {told.Resolution} pixels"),
                ("Classes", told.Seen.Count > 0 ? string.Join(", ", told.Seen) : null),
                ("Words", told.Words is { } words ? $"{words.Count:N0}" : null),
                ("Prompts", told.Templates.Count > 0 ? string.Join(" | ", told.Templates) : null),
                ("Measured on", Here?.Device),
                ("Measured with", Here is { } here ? $"Silc {here.Silc}, {here.Framework}, ILGPU {here.Ilgpu}, {here.System}" : null))}
            """);
    }

    static IEnumerable<LinePlot> Plots(HeadMetrics metrics, string measure)
    {
        LinePlot One(string column, string title, string yLabel, double factor = 1) =>
            new(column.Replace('_', '-'), title, yLabel, [new(title, metrics.Over(column, factor), PlotLine.Blue)]);
        yield return One("loss", "Loss", "nats");
        yield return One("validation", $"{measure} on images that it is not trained on", "per cent", 100);
        yield return One("gradient_norm", "Gradient norm", "L2 norm before clipping");
        yield return One("learning_rate", "Learning rate", "per update");
        yield return One("images_per_second", "Throughput", "images a second");
    }

    static string MeasureOf(HeadKind kind) => kind switch
    {
        HeadKind.Owl => "AP50",
        HeadKind.Caption => "CIDEr-D",
        HeadKind.Answer => "Accuracy",
        _ => "mIoU",
    };

    static string Does(HeadKind kind) => kind switch
    {
        HeadKind.Owl => "detects things",
        HeadKind.Caption => "writes captions",
        HeadKind.Answer => "answers questions",
        _ => "segments images",
    };
}
