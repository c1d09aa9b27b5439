using Silc.Samples.Heads;
using Silc.Samples.Training;

namespace Silc.Samples.Report;

/// <summary>What the folder of a head says of it, finished or not.</summary>
sealed class HeadRecord
{
    readonly List<string> missing = [];

    HeadRecord(string folder)
    {
        Folder = folder;
        Metrics = HeadMetrics.Read(Path.Combine(folder, MetricsFile.Name));
        if (Metrics.Count == 0) missing.Add($"{MetricsFile.Name} has no rows: losses and measures are not known");
        try
        {
            File = HeadFile.Open(folder);
            if (RunFolder.Checkpoints(folder) is [var (_, newest), ..]) Checkpoint = HeadFile.Open(newest);
        }
        catch (Exception error) when (File is not null && error is InvalidDataException or IOException)
        {
            missing.Add($"what it was trained on is not known: {error.Message}");
        }
        Line = HeadLine.Read(folder);
        if (Line is null) missing.Add($"there is no {HeadLine.Name}: another program, or an earlier version, trained the head");
    }

    /// <summary>True for a folder that <c>silc head train</c> writes or has written.</summary>
    public static bool Is(string folder) => System.IO.File.Exists(Path.Combine(folder, HeadFile.Name))
        || System.IO.File.Exists(Path.Combine(folder, HeadLine.Name));

    /// <exception cref="FileNotFoundException">The training has not written a head yet.</exception>
    /// <exception cref="InvalidDataException">The head is damaged.</exception>
    public static HeadRecord Open(string folder) => new(folder);

    public string Folder { get; }

    public HeadMetrics Metrics { get; }

    /// <summary>The head.</summary>
    public HeadFile File { get; } = null!;

    /// <summary>The newest checkpoint, which says how it is trained; null if there is none.</summary>
    public HeadFile? Checkpoint { get; }

    /// <summary>The line that trained it; null if it is not known.</summary>
    public HeadLine? Line { get; }

    /// <summary>What a report of it cannot say, and why.</summary>
    public IReadOnlyList<string> Missing => missing;

    public string State => Checkpoint?.Train is not { } train ? $"after {File.Step:N0} steps"
        : File.Step >= train.Steps ? "finished" : $"stopped, or still running, after {File.Step:N0} of {train.Steps:N0} steps";
}
