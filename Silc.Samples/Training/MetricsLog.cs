using System.Globalization;
using System.Text;

namespace Silc.Samples.Training;

/// <summary>
/// <c>metrics.csv</c>: a row for each report. Rows are written whole, one at a time, so that the file can be read whenever a run ends.
/// </summary>
sealed class MetricsLog : IDisposable
{
    readonly FileStream file;
    readonly List<(long Step, double[] Losses, double[] Scores)> rows = [];
    readonly double secondsBefore;
    readonly TrainConfig train;

    /// <summary>Starts the file, or goes on after <paramref name="resumedStep"/> where an earlier run left one; later rows will come again.</summary>
    /// <param name="path">Of the file.</param>
    /// <param name="resumedStep">Steps done.</param>
    /// <param name="train">Has the losses' weights.</param>
    public MetricsLog(string path, long resumedStep, TrainConfig train)
    {
        this.train = train;
        string[] kept = resumedStep > 0 && File.Exists(path)
            ? [.. MetricsFile.Rows(path).Where(row => row.Step <= resumedStep).Select(row => row.Line)] : [];
        foreach (var line in kept)
            rows.Add(((long)MetricsFile.Field(line, "step"), [.. LossTerm.All.Select(term => MetricsFile.Field(line, term.Name))],
                [.. ValidationMetric.All.Select(metric => MetricsFile.Field(line, metric.Column))]));
        if (kept.Length > 0) secondsBefore = MetricsFile.Field(kept[^1], "seconds");
        AtomicFile.Write(path, stream =>
            stream.Write(Encoding.UTF8.GetBytes(string.Concat(kept.Prepend(MetricsFile.Header).Select(line => line + "\n")))));
        // Without a buffer, a row is one write to the system.
        file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
    }

    /// <summary>A loss over the steps, rows of earlier sessions included; NaN where it was not measured.</summary>
    public IReadOnlyList<(double Step, double Value)> Over(LossTerm term) => [.. rows.Select(row => ((double)row.Step, row.Losses[term.Index]))];

    /// <summary>A number of validation over the steps; NaN where it was not measured.</summary>
    public IReadOnlyList<(double Step, double Value)> Over(ValidationMetric metric)
    {
        var index = ValidationMetric.All.Index().First(entry => entry.Item == metric).Index;
        return [.. rows.Select(row => ((double)row.Step, row.Scores[index]))];
    }

    /// <summary>Adds a row.</summary>
    /// <param name="report">The losses and the rest.</param>
    /// <param name="validation">Of the same step; null where none was made.</param>
    public void Add(TrainReport report, ValidationScores? validation = null)
    {
        var m = report.Metrics;
        double[] losses = [.. LossTerm.All.Select(term => m.Losses.Of(term) ?? double.NaN)];
        double[] held = [.. ValidationMetric.All.Select(metric => validation is null ? double.NaN : metric.Value(validation) ?? double.NaN)];
        rows.Add((m.Step, losses, held));
        var values = new Dictionary<string, string>
        {
            ["step"] = Text($"{m.Step}"),
            ["loss"] = Text($"{m.Loss:G6}"),
            ["gradient_norm"] = Text($"{m.GradNorm:G6}"),
            ["learning_rate"] = Text($"{m.LearningRate:G6}"),
            ["temperature"] = Text($"{m.LogitScale:G6}"),
            ["bias"] = Text($"{m.LogitBias:G6}"),
            ["skipped"] = Text($"{m.Skipped}"),
            ["samples_per_second"] = Text($"{report.SamplesPerSecond:F1}"),
            ["data_wait_share"] = Text($"{report.DataWaitShare:F4}"),
            ["seconds"] = Text($"{secondsBefore + report.Elapsed.TotalSeconds:F2}"),
            ["peak_memory_mib"] = Text($"{PeakMemory.OfProcess() >> 20}"),
        };
        if (report.CollectiveShare > 0) values["collective_share"] = Text($"{report.CollectiveShare:F4}");
        if (m.HiddenShare is { } hidden) values["hidden_share"] = Text($"{hidden:F4}");
        if (m.PatchEntropy is { } entropy) values["patch_entropy"] = Text($"{entropy:G5}");
        foreach (var (term, value) in m.Losses)
        {
            values[term.Name] = Text($"{value:G6}");
            values[MetricsFile.Weight(term)] = Text($"{term.Weight(train):G6}");
        }
        if (m.Losses.Of(LossTerm.KoLeo) is { } koleo) values[MetricsFile.KoLeoDistance] = Text($"{Math.Exp(-koleo):G5}");
        foreach (var (metric, value) in ValidationMetric.All.Zip(held))
            if (double.IsFinite(value)) values[metric.Column] = Text($"{value:G6}");
        if (m.Health is { } health)
        {
            values["loss_over_log_k"] = Text($"{health.LossOverLogK:G5}");
            values["teacher_entropy"] = Text($"{health.Entropy:G5}");
            values["concentration"] = Text($"{health.Concentration:G5}");
            values["center_norm"] = Text($"{health.CenterNorm:G5}");
            values["largest_probability"] = Text($"{health.LargestProbability:G5}");
            values["prototypes_used"] = Text($"{health.PrototypesUsed}");
            values["feature_deviation"] = Text($"{health.FeatureDeviation:G5}");
            values["mean_entropy"] = Text($"{health.MeanEntropy:G5}");
            values["groups_told"] = Text($"{health.GroupsTold:G5}");
            values["feature_dimensions"] = Text($"{health.FeatureDimensions:G5}");
        }
        file.Write(Encoding.UTF8.GetBytes(string.Join(',', MetricsFile.Columns.Select(column => values.GetValueOrDefault(column))) + "\n"));
    }

    /// <summary>Puts the rows onto the disk: those up to a checkpoint must not be lost before it is.</summary>
    public void Flush() => file.Flush(flushToDisk: true);

    static string Text(FormattableString value) => value.ToString(CultureInfo.InvariantCulture);

    public void Dispose() => file.Dispose();
}
