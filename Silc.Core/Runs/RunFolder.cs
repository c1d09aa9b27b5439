using System.Globalization;

namespace Silc;

/// <summary>
/// The folder of a run: <c>checkpoints/step-00000600.safetensors</c> and others, <c>model.safetensors</c>, and what the program
/// adds. A checkpoint appears under its name only when it is on the disk whole, so a run that is killed, at any
/// moment, goes on from the newest; one process at a time may write here. Threads: one at a time.
/// </summary>
/// <example>
/// <code>
/// using var folder = RunFolder.Open("runs/mine", new SavePolicy(EveryMinutes: 5, Keep: 2));    // new, or on from its newest checkpoint
/// folder.Notes = new Dictionary&lt;string, string> { ["data"] = "captions.csv" };
/// using var run = new TrainRun(model, images, train, folder);
/// </code>
/// </example>
public sealed class RunFolder : IDisposable
{
    /// <summary>The weights at the end of a run, without what only training needs.</summary>
    public const string ModelName = "model.safetensors";

    /// <summary>The head at the end of its training, in a folder of <see cref="ForHead"/>.</summary>
    public const string HeadName = "head.safetensors";

    const string CheckpointsName = "checkpoints", Prefix = "step-", Ending = ".safetensors";

    FolderLock? locked;

    RunFolder(string path, SavePolicy? policy, bool overwrite) => (Path, Policy, Replaces) = (path, policy ?? new(), overwrite);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>When checkpoints are written and which stay.</summary>
    public SavePolicy Policy { get; set => field = value.Check(); }

    /// <summary>The checkpoint that the run goes on from; null for a new run.</summary>
    internal Checkpoint? Start { get; private set; }

    /// <summary>True until the first step of a run that takes the place of another: the folder still holds that one, whole.</summary>
    public bool Replaces { get; private set; }

    /// <summary>What a user should know of the room on the disk before a run trains for days; null if there is enough.</summary>
    public string? Warning { get; private set; }

    /// <summary>Newer checkpoints that cannot be used, with the reason, newest first.</summary>
    internal IReadOnlyList<SkippedCheckpoint> Skipped { get; private set; } = [];

    /// <summary>Strings of the program's own that go into every checkpoint, and come back here when the run goes on.</summary>
    public IReadOnlyDictionary<string, string> Notes { get; set; } = new Dictionary<string, string>();

    /// <summary>A new run; nothing is made before a <c>TrainRun</c> takes the folder, and nothing deleted before its first step is done.</summary>
    /// <param name="path">May exist.</param>
    /// <param name="policy">When checkpoints are written and which stay; null means every ten minutes, the newest three.</param>
    /// <param name="overwrite">Delete the run that the folder holds.</param>
    /// <exception cref="IOException">The folder holds a run; or its model is not that of a run, which is never deleted.</exception>
    public static RunFolder Create(string path, SavePolicy? policy = null, bool overwrite = false)
    {
        if (!overwrite && HoldsRun(path))
            throw new IOException($"{path} holds a run already: go on from it, choose another folder, or overwrite it");
        if (overwrite) RequireRunsModel(path);
        return new(path, policy, overwrite);
    }

    /// <summary>Goes on with the run in a folder, from its newest whole checkpoint.</summary>
    /// <exception cref="FileNotFoundException">It has no checkpoint.</exception>
    /// <exception cref="InvalidDataException">It has some, but none can be used; the message says why.</exception>
    public static RunFolder Resume(string path, SavePolicy? policy = null)
    {
        if (Checkpoints(path).Count == 0) throw new FileNotFoundException($"{path} has no checkpoint to go on from");
        var folder = new RunFolder(path, policy, overwrite: false);
        try
        {
            folder.Lock();
            (folder.Start, folder.Skipped) = Newest(path);
            folder.Notes = folder.Start.Notes;
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>A new run in a folder of its own that goes on from a checkpoint of another, which stays as it is.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or no checkpoint.</exception>
    /// <exception cref="IOException">The folder holds a run.</exception>
    public static RunFolder Fork(string checkpoint, string path, SavePolicy? policy = null)
    {
        var folder = Create(path, policy);
        folder.Start = Checkpoint.Open(checkpoint);
        folder.Notes = folder.Start.Notes;
        return folder;
    }

    /// <summary>Goes on with the run in a folder, or begins one there: a program that is started again goes on where it was.</summary>
    public static RunFolder Open(string path, SavePolicy? policy = null) =>
        Checkpoints(path).Count > 0 ? Resume(path, policy) : Create(path, policy);

    /// <summary>
    /// The folder of a head's training, whose checkpoints <c>HeadRun</c> writes and reads; it ends with <see cref="HeadName"/>.
    /// </summary>
    /// <param name="path">May exist.</param>
    /// <param name="policy">As for <see cref="Create"/>.</param>
    /// <param name="resume">Go on from its newest checkpoint.</param>
    /// <param name="overwrite">Delete the run that the folder holds.</param>
    /// <exception cref="IOException">The folder holds a run or a head, and is to be neither resumed nor overwritten.</exception>
    /// <exception cref="FileNotFoundException">It is to be resumed and has no checkpoint.</exception>
    public static RunFolder ForHead(string path, SavePolicy? policy = null, bool resume = false, bool overwrite = false)
    {
        if (!resume)
            return !overwrite && File.Exists(System.IO.Path.Combine(path, HeadName))
                ? throw new IOException($"{path} holds a head already: choose another folder, or overwrite it")
                : Create(path, policy, overwrite);
        if (Checkpoints(path).Count == 0) throw new FileNotFoundException($"{path} has no checkpoint to go on from");
        return new(path, policy, overwrite: false) { Resumes = true };
    }

    /// <summary>Whoever takes this folder goes on from a checkpoint in it that is not of a model.</summary>
    internal bool Resumes { get; private init; }

    /// <summary>True if the folder has checkpoints or a model.</summary>
    public static bool HoldsRun(string path) =>
        Checkpoints(path).Count > 0 || File.Exists(System.IO.Path.Combine(path, ModelName));

    /// <summary>Step and file of every checkpoint in a folder, newest first; whether they are whole is not looked at.</summary>
    public static IReadOnlyList<(long Step, string Path)> Checkpoints(string path)
    {
        var folder = System.IO.Path.Combine(path, CheckpointsName);
        if (!Directory.Exists(folder)) return [];
        return [.. Directory.EnumerateFiles(folder, $"{Prefix}*{Ending}").Select(file => (Step: StepOf(file), file))
            .Where(file => file.Step >= 0).OrderByDescending(file => file.Step)];
    }

    /// <summary>The newest checkpoint that is whole, and those newer ones that are not.</summary>
    /// <exception cref="InvalidDataException">None is.</exception>
    internal static (Checkpoint Checkpoint, IReadOnlyList<SkippedCheckpoint> Skipped) Newest(string path)
    {
        var skipped = new List<SkippedCheckpoint>();
        foreach (var (_, file) in Checkpoints(path))
        {
            try
            {
                return (Checkpoint.Open(file), skipped);
            }
            catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                skipped.Add(new(file, error.Message));
            }
        }
        throw new InvalidDataException(skipped.Count == 0 ? $"{path} has no checkpoint"
            : $"none of the {skipped.Count} checkpoints in {path} can be used: "
                + $"{string.Join("; ", skipped.Select(one => one.Reason))}");
    }

    /// <summary>The file that holds the newest weights of a run: its model, or a checkpoint that is newer than that.</summary>
    /// <exception cref="FileNotFoundException">It has neither.</exception>
    public static string NewestWeights(string path)
    {
        var (model, checkpoints) = (System.IO.Path.Combine(path, ModelName), Checkpoints(path));
        // A model without a step was saved by hand, so it is the one that is wanted.
        if (File.Exists(model) && (checkpoints.Count == 0
            || !(ModelMetadata.Step(Safetensors.ReadMetadata(model)) < checkpoints[0].Step))) return model;
        return checkpoints.Count > 0 ? Newest(path).Checkpoint.Path
            : throw new FileNotFoundException($"{path} holds neither {ModelName} nor checkpoints");
    }

    /// <summary>A file in the folder.</summary>
    public string At(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>True for a checkpoint that lies here, not in the folder that this one was forked from.</summary>
    internal bool Owns(Checkpoint checkpoint) => Checkpoints(Path).Any(file => file.Path == checkpoint.Path);

    /// <summary>Makes the folder, keeps other processes out, clears away what a killed one left, and looks for room.</summary>
    /// <param name="checkpointBytes">About what a checkpoint takes.</param>
    /// <param name="modelBytes">About what the model takes.</param>
    /// <exception cref="IOException">Another process writes there, or there is no room for a checkpoint and the model.</exception>
    internal void Begin(long checkpointBytes, long modelBytes)
    {
        Lock();
        AtomicFile.DeleteLeftovers(Path);
        AtomicFile.DeleteLeftovers(At(CheckpointsName));
        if (AtomicFile.FreeBytes(Path) is not { } free) return;
        var there = Checkpoints(Path).Select(checkpoint => new FileInfo(checkpoint.Path).Length).ToList();
        if (Replaces) free += there.Sum() + (File.Exists(At(ModelName)) ? new FileInfo(At(ModelName)).Length : 0);
        var needs = $"a checkpoint of this run takes {Megabytes(checkpointBytes)} and its model {Megabytes(modelBytes)}";
        if (free < checkpointBytes + modelBytes)
            throw new IOException($"{Path} lies on a disk with {Megabytes(free)} free, and {needs}: make room, or choose another folder");
        // While one is written there is one more.
        var most = Policy.Keep + 1 - (Replaces ? 0 : Math.Min(there.Count, Policy.Keep));
        if (free < most * checkpointBytes + modelBytes)
            Warning = $"{Path} lies on a disk with {Megabytes(free)} free; {needs}, and the newest {Policy.Keep} checkpoints stay: a run that finds "
                + "the disk full stops";
    }

    /// <summary>The first step of the run is done: deletes the one whose place it takes.</summary>
    internal void Began()
    {
        if (!Replaces) return;
        RequireOwned(0);
        foreach (var (_, file) in Checkpoints(Path)) File.Delete(file);
        File.Delete(At(ModelName));
        Replaces = false;
    }

    /// <summary>Throws once the folder was removed, renamed or replaced: what stands there may be another run's.</summary>
    internal void RequireOwned(long step) => locked?.Require($"this run stops after step {step:N0}");

    /// <summary>Writes the checkpoint of a step, then deletes those that need not stay.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="write">Writes the file of that name.</param>
    /// <exception cref="IOException">It could not be written; the message says why, and which is the newest that there is.</exception>
    internal void Add(long step, Action<string> write)
    {
        RequireOwned(step);
        var file = System.IO.Path.Combine(At(CheckpointsName),
            string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:00000000}{Ending}"));
        try
        {
            write(file);
        }
        catch (IOException error)
        {
            var last = Older(step) is [var (_, newest), ..]
                ? $"The newest checkpoint is {newest}: mend this and go on from there" : "There is no checkpoint yet";
            throw new IOException($"stopped after step {step}: {error.Message}. {last}", error);
        }
        foreach (var (old, path) in Older(step + 1).Skip(Policy.Keep))
            if (Policy.KeepEvery == 0 || old % Policy.KeepEvery != 0) Delete(path);
    }

    static void RequireRunsModel(string path)
    {
        var model = System.IO.Path.Combine(path, ModelName);
        if (File.Exists(model) && !IsRuns(model))
            throw new IOException($"{model} was not written by a run, so it is not deleted for another: choose another folder, or move it away");
    }

    static bool IsRuns(string model)
    {
        try
        {
            return ModelMetadata.Step(Safetensors.ReadMetadata(model)) is not null;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    // Those from later steps are damaged or of another version, else the run would have gone on from them; it writes new ones in their place.
    IReadOnlyList<(long Step, string Path)> Older(long step) =>
        [.. Checkpoints(Path).Where(checkpoint => checkpoint.Step < step)];

    void Lock() => locked ??= new(Path);

    static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N1} MB");

    // Errors are ignored: a checkpoint that cannot be deleted takes disk space and nothing else.
    static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    static long StepOf(string file)
    {
        var digits = System.IO.Path.GetFileName(file)[Prefix.Length..^Ending.Length];
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : -1;
    }

    /// <summary>Releases the folder's lock.</summary>
    public void Dispose() => locked?.Dispose();
}

/// <summary>A checkpoint that cannot be gone on from. Threads: immutable; any number may share it.</summary>
/// <param name="Path">The file.</param>
/// <param name="Reason">What is wrong with it; names the file.</param>
sealed record SkippedCheckpoint(string Path, string Reason);
