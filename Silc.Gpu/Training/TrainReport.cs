namespace Silc;

/// <summary>Progress of a run, which <see cref="TrainRun.Run"/> reports every few steps. Threads: immutable; any number may share it.</summary>
/// <param name="Metrics">Losses and the rest, means over the steps since the last report.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="SamplesPerSecond">Images trained on per second since the last report.</param>
/// <param name="DataWaitShare">Share of that time in which training waited for images; 0 when loading keeps up.</param>
/// <param name="SlowStage">The stage of loading that took most of the workers' time: read, decode, augment or tokenize.</param>
/// <param name="Elapsed">Since <see cref="TrainRun.Run"/> was called.</param>
/// <param name="Remaining">To the last step, at the present speed.</param>
public sealed record TrainReport(
    StepMetrics Metrics, int TotalSteps, double SamplesPerSecond, double DataWaitShare, string SlowStage, TimeSpan Elapsed, TimeSpan Remaining)
{
    /// <summary>Share of the time since the last report in which this rank exchanged with others, or waited for them; 0 for one process.</summary>
    public double CollectiveShare { get; init; }
}

/// <summary>Why a run ended.</summary>
public enum RunEnd
{
    /// <summary>All steps are done.</summary>
    Finished,

    /// <summary>The time was up.</summary>
    OutOfTime,

    /// <summary>It was asked to stop.</summary>
    Stopped,

    /// <summary><see cref="TrainRun.AfterStep"/> had seen enough.</summary>
    Early,
}
