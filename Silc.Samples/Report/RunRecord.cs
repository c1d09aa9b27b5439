using System.CommandLine;
using Silc.Samples.Terminals;
using Silc.Samples.Training;

namespace Silc.Samples.Report;

/// <summary>What the folder of a run says of it, finished or not.</summary>
sealed class RunRecord
{
    readonly List<string> missing = [];

    RunRecord(string folder)
    {
        Folder = folder;
        var (metrics, hasModel) = (Path.Combine(folder, MetricsFile.Name), File.Exists(Path.Combine(folder, RunFolder.ModelName)));
        bool hasCheckpoints = RunFolder.Checkpoints(folder).Count > 0;
        if (!File.Exists(metrics) && !hasModel && !hasCheckpoints)
            throw new FileNotFoundException(
                $"{folder} is no run: it has neither {MetricsFile.Name} nor checkpoints nor {RunFolder.ModelName}; name the --out of a silc train");
        Metrics = RunMetrics.Read(metrics);
        if (Metrics.Count == 0)
            missing.Add($"{MetricsFile.Name} {(File.Exists(metrics) ? "has no rows yet" : "is not there")}: losses and rates are not known");
        try
        {
            if (hasCheckpoints) Checkpoint = RunFolder.Newest(folder).Checkpoint;
            Weights = RunFolder.NewestWeights(folder);
        }
        catch (FileNotFoundException)
        {
            missing.Add($"there is neither a checkpoint nor {RunFolder.ModelName} yet: nothing can be measured");
        }
        catch (InvalidDataException error)
        {
            missing.Add($"weights cannot be used: {error.Message}");
        }
        if (Weights is not null && !hasModel)
            missing.Add($"there is no {RunFolder.ModelName} yet: what is measured is the checkpoint after step {Checkpoint!.Step:N0}");
        Session = Checkpoint is null ? null : SessionNote.Read(Checkpoint);
        (Line, Command) = Checkpoint is null ? default
            : Checkpoint.Notes.ContainsKey(DemoRecipe.Note) ? (null, $"silc --out {Shell.Quoted(folder)}")
            : TrainLine.Of(Checkpoint, folder) ?? default;
        Data = Line?.GetValue(TrainOptions.Data) ?? (Command is null ? null : "demo");
    }

    /// <exception cref="FileNotFoundException">There is nothing of a run; the message says what was looked for.</exception>
    public static RunRecord Open(string folder) => Directory.Exists(folder) ? new(folder)
        : throw new FileNotFoundException($"{folder}: no such folder; name the --out of a silc train");

    public string Folder { get; }

    public RunMetrics Metrics { get; }

    /// <summary>The newest that is whole, or null.</summary>
    public Checkpoint? Checkpoint { get; }

    /// <summary>File of the newest weights, or null.</summary>
    public string? Weights { get; }

    /// <summary>Null for runs of earlier versions and other programs.</summary>
    public SessionNote? Session { get; }

    /// <summary>The line of <c>silc train</c>, or null.</summary>
    public ParseResult? Line { get; }

    /// <summary>The same as one types it; null if another program trained the run.</summary>
    public string? Command { get; }

    /// <summary>What was trained on, as <c>--data</c> takes it.</summary>
    public string? Data { get; }

    /// <summary>What a report of this run cannot say, and why.</summary>
    public IReadOnlyList<string> Missing => missing;

    /// <summary>Steps done.</summary>
    public long Steps => Math.Max(Metrics.Steps, Checkpoint?.Step ?? 0);

    public string State => Checkpoint is null ? "of unknown length" : Steps >= Checkpoint.Train.TotalSteps ? "finished"
        // The demo takes as many steps as its time allows.
        : HasEnded && Checkpoint.Notes.ContainsKey(DemoRecipe.Note) ? $"finished after {Steps:N0} steps, when its time was up"
        : HasEnded ? $"ended after {Steps:N0} of {Checkpoint.Train.TotalSteps:N0} steps"
        : $"stopped, or still running, after {Steps:N0} of {Checkpoint.Train.TotalSteps:N0} steps";

    // A run that ends, however early, leaves its model; one at work, or one that was killed, has an older one or none.
    bool HasEnded => Weights is not null && Path.GetFileName(Weights) == RunFolder.ModelName
        && ModelMetadata.Step(Safetensors.ReadMetadata(Weights)) == Steps;
}
