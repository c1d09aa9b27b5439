namespace Silc.Samples.Training;

/// <summary>What grows while a run trains, metrics.csv and events for TensorBoard; neither is touched before there is something to write.</summary>
/// <param name="folder">Of the run.</param>
/// <param name="startStep">Steps done before.</param>
/// <param name="train">Has the losses' weights.</param>
sealed class RunLogs(RunFolder folder, long startStep, TrainConfig train) : IDisposable
{
    MetricsLog? metrics;
    EventLog? events;

    /// <summary>A loss over the steps, those of earlier sessions included; NaN where it was not measured.</summary>
    public IReadOnlyList<(double Step, double Value)> Over(LossTerm term) => Metrics.Over(term);

    MetricsLog Metrics => metrics ??= new(folder.At(TrainSession.Metrics), startStep, train);

    /// <summary>A number of validation over the steps.</summary>
    public IReadOnlyList<(double Step, double Value)> Over(ValidationMetric metric) => Metrics.Over(metric);

    public void Add(TrainReport report, ValidationScores? validation = null)
    {
        Metrics.Add(report, validation);
        (events ??= new(folder.Path, startStep, train)).Add(report, validation);
    }

    /// <summary>Puts all rows onto the disk: those up to a checkpoint must not be lost before it is.</summary>
    public void Flush()
    {
        metrics?.Flush();
        events?.Flush();
    }

    public void Dispose()
    {
        metrics?.Dispose();
        events?.Dispose();
    }
}
