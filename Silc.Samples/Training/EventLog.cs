using System.Globalization;

namespace Silc.Samples.Training;

/// <summary>
/// <c>events.out.tfevents.*.silc</c>: the reports once more, as TensorBoard reads them (Event and Summary of tensorflow/core/util/event.proto and
/// framework/summary.proto). Every session of a run has a file of its own: TensorBoard reads them in the order of their names, and a session that
/// begins at a step takes back what earlier ones, killed after their last checkpoint, said of it and of later ones.
/// </summary>
sealed class EventLog : IDisposable
{
    const string Prefix = "events.out.tfevents.", Ending = ".silc", Version = "brain.Event:2";

    // Fields of Event, Summary, Summary.Value and SessionLog.
    const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, Session = 7, Value = 1, Tag = 1, SimpleValue = 2, Status = 1, Start = 1;

    readonly RecordFile file;
    readonly TrainConfig train;

    /// <summary>Starts a file; a new run, at step 0, deletes those of the run that it replaces.</summary>
    /// <param name="folder">Of the run.</param>
    /// <param name="resumedStep">Steps done.</param>
    /// <param name="train">Has the losses' weights.</param>
    public EventLog(string folder, long resumedStep, TrainConfig train)
    {
        this.train = train;
        (string Path, long Second)[] earlier = [.. Directory.EnumerateFiles(folder, $"{Prefix}*{Ending}").Select(path => (path, SecondOf(path)))];
        if (resumedStep == 0)
            foreach (var (path, _) in earlier) File.Delete(path);
        // Not before the last one, whatever the clock says.
        var second = Math.Max(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), earlier.Select(one => one.Second + 1).DefaultIfEmpty().Max());
        file = new(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{second:D10}{Ending}")));
        file.Add(Event(0).Text(FileVersion, Version));
        file.Add(Event(resumedStep + 1).Message(Session, new ProtoMessage().Int(Status, Start)));
    }

    public void Add(TrainReport report, ValidationScores? validation = null)
    {
        var summary = new ProtoMessage();
        var scalars = Scalars(report);
        if (validation is not null)
            scalars = scalars.Concat(ValidationMetric.All.Where(metric => metric.Value(validation) is not null)
                .Select(metric => (metric.Tag, metric.Value(validation)!.Value)));
        foreach (var (tag, value) in scalars) summary.Message(Value, new ProtoMessage().Text(Tag, tag).Float(SimpleValue, (float)value));
        file.Add(Event(report.Metrics.Step).Message(Summary, summary));
    }

    public void Flush() => file.Flush();

    static ProtoMessage Event(long step) =>
        new ProtoMessage().Double(WallTime, (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds).Int(Step, step);

    // TensorBoard groups charts by what stands before the slash.
    IEnumerable<(string Tag, double Value)> Scalars(TrainReport report)
    {
        var m = report.Metrics;
        List<(string, double)> scalars =
        [
            ("loss/total", m.Loss), .. m.Losses.Select(loss => ($"loss/{loss.Term.Name}", loss.Value)),
            ("optimizer/learning_rate", m.LearningRate), ("optimizer/gradient_norm", m.GradNorm), ("optimizer/skipped_steps", m.Skipped),
            ("contrastive/temperature", m.LogitScale), ("contrastive/bias", m.LogitBias),
            ("throughput/samples_per_second", report.SamplesPerSecond), ("throughput/data_wait_share", report.DataWaitShare),
        ];
        scalars.AddRange(m.Losses.Select(loss => ($"weight/{loss.Term.Name}", loss.Term.Weight(train))));
        if (m.Losses.Of(LossTerm.KoLeo) is { } koleo) scalars.Add(("koleo/distance", Math.Exp(-koleo)));
        if (report.CollectiveShare > 0) scalars.Add(("throughput/collective_share", report.CollectiveShare));
        if (m.HiddenShare is { } hidden) scalars.Add(("masked_patches/hidden_share", hidden));
        if (m.PatchEntropy is { } entropy) scalars.Add(("masked_patches/patch_entropy", entropy));
        if (m.Health is { } health) scalars.AddRange(
        [
            ("distillation/loss_over_log_k", health.LossOverLogK), ("distillation/teacher_entropy", health.Entropy),
            ("distillation/concentration", health.Concentration), ("distillation/center_norm", health.CenterNorm),
            ("distillation/largest_probability", health.LargestProbability), ("distillation/prototypes_used", health.PrototypesUsed),
            ("distillation/feature_deviation", health.FeatureDeviation), ("distillation/mean_entropy", health.MeanEntropy),
            ("distillation/groups_told", health.GroupsTold), ("distillation/feature_dimensions", health.FeatureDimensions),
        ]);
        return scalars;
    }

    static long SecondOf(string path) =>
        long.TryParse(Path.GetFileName(path)[Prefix.Length..^Ending.Length], CultureInfo.InvariantCulture, out var second) ? second : 0;

    public void Dispose() => file.Dispose();
}
