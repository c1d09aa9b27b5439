using System.Globalization;
using System.Text;

namespace Silc.Samples.Training;

/// <summary>
/// <c>metrics.csv</c>: a row for each report. Rows are written whole, one at a time, so that the file can be read whenever a run
/// ends.
/// </summary>
sealed class MetricsLog : IDisposable
{
    const string Header = "step,loss,contrastive,distillation,gradient_norm,learning_rate,temperature,bias,skipped,samples_per_second,data_wait_share,seconds,"
        + "loss_over_log_k,teacher_entropy,concentration,center_norm,largest_probability,prototypes_used,feature_deviation";

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
            ? [.. Rows(path).Where(row => row.Step <= resumedStep).Select(row => row.Line)] : [];
        foreach (var line in kept) rows.Add(((long)Field(line, 0), Field(line, 2), Field(line, 3)));
        if (kept.Length > 0) secondsBefore = Field(kept[^1], 11);
        AtomicFile.Write(path, stream =>
            stream.Write(Encoding.UTF8.GetBytes(string.Concat(kept.Prepend(Header).Select(line => line + "\n")))));
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
            + $"{report.SamplesPerSecond:F1},{report.DataWaitShare:F4},{secondsBefore + report.Elapsed.TotalSeconds:F2},{Health(m.Health)}\n")));
    }

    /// <summary>Puts the rows onto the disk: those up to a checkpoint must not be lost before it is.</summary>
    public void Flush() => file.Flush(flushToDisk: true);

    // A machine that lost power may leave half a row.
    static IEnumerable<(double Step, string Line)> Rows(string path)
    {
        var columns = Header.Count(letter => letter == ',') + 1;
        double last = -1;
        foreach (var line in File.ReadLines(path).Skip(1))
        {
            var fields = line.Split(',');
            if (fields.Length != columns || !fields.All(field => field == "" || double.TryParse(field, CultureInfo.InvariantCulture, out _)) || Field(line, 0) <= last) yield break;
            last = Field(line, 0);
            yield return (last, line);
        }
    }

    static string Health(DistillationHealth? health) => health is null ? ",,,,,," : string.Create(CultureInfo.InvariantCulture,
        $"{health.LossOverLogK:G5},{health.Entropy:G5},{health.Concentration:G5},{health.CenterNorm:G5},{health.LargestProbability:G5},{health.PrototypesUsed},{health.FeatureDeviation:G5}");

    static double Field(string line, int column) => double.Parse(line.Split(',')[column], CultureInfo.InvariantCulture);

    public void Dispose() => file.Dispose();
}
