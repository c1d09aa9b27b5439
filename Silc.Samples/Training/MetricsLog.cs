using System.Globalization;
using System.Text;

namespace Silc.Samples.Training;

/// <summary>
/// <c>metrics.csv</c>: a row for each report. Rows are written whole, one at a time, so that the file can be read whenever a run
/// ends.
/// </summary>
sealed class MetricsLog : IDisposable
{
    readonly FileStream file;
    readonly List<(long Step, double Contrastive, double Distillation)> rows = [];
    readonly double secondsBefore;

    /// <summary>
    /// Starts the file, or goes on after <paramref name="resumedStep"/> where an earlier run left one; later rows will come
    /// again.
    /// </summary>
    public MetricsLog(string path, long resumedStep)
    {
        string[] kept = resumedStep > 0 && File.Exists(path)
            ? [.. MetricsFile.Rows(path).Where(row => row.Step <= resumedStep).Select(row => row.Line)] : [];
        foreach (var line in kept)
            rows.Add(((long)MetricsFile.Field(line, "step"), MetricsFile.Field(line, "contrastive"), MetricsFile.Field(line, "distillation")));
        if (kept.Length > 0) secondsBefore = MetricsFile.Field(kept[^1], "seconds");
        AtomicFile.Write(path, stream =>
            stream.Write(Encoding.UTF8.GetBytes(string.Concat(kept.Prepend(MetricsFile.Header).Select(line => line + "\n")))));
        // Without a buffer, a row is one write to the system.
        file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
    }

    /// <summary>Step and both losses of every row.</summary>
    public IReadOnlyList<(long Step, double Contrastive, double Distillation)> Losses => rows;

    public void Add(TrainReport report)
    {
        var m = report.Metrics;
        rows.Add((m.Step, m.Contrastive, m.Distillation));
        file.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{m.Step},{m.Loss:G6},{m.Contrastive:G6},{m.Distillation:G6},{m.GradientNorm:G6},{m.LearningRate:G6},{m.Temperature:G6},{m.Bias:G6},{m.Skipped},"
            + $"{report.SamplesPerSecond:F1},{report.DataWaitShare:F4},{secondsBefore + report.Elapsed.TotalSeconds:F2},{Health(m.Health)},{PeakMemory.OfProcess() >> 20}\n")));
    }

    /// <summary>Puts the rows onto the disk: those up to a checkpoint must not be lost before it is.</summary>
    public void Flush() => file.Flush(flushToDisk: true);

    static string Health(DistillationHealth? health) => health is null ? ",,,,,," : string.Create(CultureInfo.InvariantCulture,
        $"{health.LossOverLogK:G5},{health.Entropy:G5},{health.Concentration:G5},{health.CenterNorm:G5},{health.LargestProbability:G5},{health.PrototypesUsed},{health.FeatureDeviation:G5}");

    public void Dispose() => file.Dispose();
}
