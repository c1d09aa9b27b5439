using System.Globalization;

namespace Silc.Samples.Training;

/// <summary><c>metrics.csv</c>: a row for each report, on the disk as soon as it is written.</summary>
sealed class MetricsLog : IDisposable
{
    const string Header = "step,loss,contrastive,distillation,gradient_norm,learning_rate,temperature,bias,skipped,samples_per_second,data_wait_share,seconds,"
        + "loss_over_log_k,teacher_entropy,concentration,center_norm,largest_probability,prototypes_used,feature_deviation";

    readonly StreamWriter file;
    readonly List<(long Step, double Contrastive, double Distillation)> rows = [];
    readonly double secondsBefore;

    /// <summary>Starts the file, or goes on after <paramref name="resumedStep"/> where an earlier run left one.</summary>
    public MetricsLog(string path, long resumedStep)
    {
        string[] kept = resumedStep > 0 && File.Exists(path) ? [.. File.ReadLines(path).Skip(1).Where(line => Field(line, 0) <= resumedStep)] : [];
        foreach (var line in kept) rows.Add(((long)Field(line, 0), Field(line, 2), Field(line, 3)));
        if (kept.Length > 0) secondsBefore = Field(kept[^1], 11);
        file = new(path) { AutoFlush = true, NewLine = "\n" };
        foreach (var line in kept.Prepend(Header)) file.WriteLine(line);
    }

    /// <summary>Step and both losses of every row.</summary>
    public IReadOnlyList<(long Step, double Contrastive, double Distillation)> Rows => rows;

    public void Add(TrainReport report)
    {
        var m = report.Metrics;
        rows.Add((m.Step, m.Contrastive, m.Distillation));
        file.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{m.Step},{m.Loss:G6},{m.Contrastive:G6},{m.Distillation:G6},{m.GradientNorm:G6},{m.LearningRate:G6},{m.Temperature:G6},{m.Bias:G6},{m.Skipped},"
            + $"{report.SamplesPerSecond:F1},{report.DataWaitShare:F4},{secondsBefore + report.Elapsed.TotalSeconds:F2},{Health(m.Health)}"));
    }

    static string Health(DistillationHealth? health) => health is null ? ",,,,,," : string.Create(CultureInfo.InvariantCulture,
        $"{health.LossOverLogK:G5},{health.Entropy:G5},{health.Concentration:G5},{health.CenterNorm:G5},{health.LargestProbability:G5},{health.PrototypesUsed},{health.FeatureDeviation:G5}");

    static double Field(string line, int column) => double.Parse(line.Split(',')[column], CultureInfo.InvariantCulture);

    public void Dispose() => file.Dispose();
}
