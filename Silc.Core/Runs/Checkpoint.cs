using System.Globalization;
using System.Reflection;

namespace Silc;

/// <summary>
/// What the checkpoint of a run says beside its arrays: all that is needed to go on, but the data. One safetensors file with
/// student, teacher, center, moments and step state as arrays, the rest as metadata, and a checksum of the whole as its last array.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Step">Steps done; also the position in the data.</param>
/// <param name="Version">Of the library that wrote it.</param>
/// <param name="Config">Architecture.</param>
/// <param name="Train">Losses, optimizer, schedule and seed.</param>
/// <param name="Tokenizer">Null if only the program can make it.</param>
/// <param name="Data">What was trained on; null if <see cref="Path"/> was not written by a run over a source.</param>
/// <param name="Notes">Strings of the program's own, such as its command line.</param>
sealed record Checkpoint(string Path, long Step, string Version, SilcConfig Config, TrainConfig Train,
    TokenizerOrigin? Tokenizer, DataState? Data,
    IReadOnlyDictionary<string, string> Notes)
{
    const string FormatKey = "silc.checkpoint", Format = "1", VersionKey = "silc.version", TrainKey = "silc.train",
        DataKey = "silc.data", NotesKey = "silc.notes";

    /// <summary>Version of this library.</summary>
    public static string LibraryVersion { get; } = typeof(Checkpoint).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Reads a whole checkpoint through, compares its checksum, and returns what it says.</summary>
    /// <exception cref="InvalidDataException">It is cut short or damaged, of another version, or no checkpoint.</exception>
    public static Checkpoint Open(string path)
    {
        var metadata = Safetensors.ReadMetadata(path);
        if (metadata.ContainsKey(ModelMetadata.HeadKey))
            throw new InvalidDataException($"{path} is of a head, not of a model: name the model, and the head by --head; its training goes on by "
                + "silc head train with --resume");
        if (!metadata.TryGetValue(FormatKey, out var format))
            throw new InvalidDataException($"{path} has no '{FormatKey}' in its metadata: "
                + "it holds a model, not a run that can be continued");
        Seal.Verify(path);
        return Of(path, metadata);
    }

    /// <summary>What the metadata of a checkpoint say, which another process has opened.</summary>
    internal static Checkpoint Of(string path, IReadOnlyDictionary<string, string> metadata)
    {
        var format = metadata[FormatKey];
        if (format != Format)
            throw new InvalidDataException($"{path} is a checkpoint of format {format}, "
                + $"written by Silc {metadata.GetValueOrDefault(VersionKey, "?")}; "
                + $"this is Silc {LibraryVersion}, which reads format {Format}: use the version that wrote it");
        string Value(string key) => metadata.TryGetValue(key, out var value) ? value
            : throw new InvalidDataException($"{path} has no '{key}' in its metadata");
        return new(path, long.Parse(Value(ModelMetadata.StepKey), CultureInfo.InvariantCulture), Value(VersionKey),
            ModelMetadata.Config(metadata, path),
            ConfigJson.Read<TrainConfig>(Value(TrainKey), path, TrainKey), ModelMetadata.Tokenizer(metadata, path),
            metadata.TryGetValue(DataKey, out var data) ? ConfigJson.Read<DataState>(data, path, DataKey) : null,
            ConfigJson.Read<Dictionary<string, string>>(Value(NotesKey), path, NotesKey));
    }

    /// <summary>This record as <see cref="Of"/> takes it.</summary>
    internal Dictionary<string, string> Metadata()
    {
        var metadata = ModelMetadata.Of(Config, Tokenizer, Step);
        (metadata[FormatKey], metadata[VersionKey], metadata[TrainKey], metadata[NotesKey]) = (Format, Version,
            ConfigJson.Write(Train), ConfigJson.Write(Notes));
        if (Data is not null) metadata[DataKey] = ConfigJson.Write(Data);
        return metadata;
    }

    /// <summary>Writes this record with the arrays of a run to <see cref="Path"/>.</summary>
    internal void Write(IEnumerable<NamedArray> arrays) => Safetensors.WriteSealed(Path, arrays, Metadata());

    /// <summary>Throws unless a run of these configurations takes the same steps; its end, learning rate and schedule may be others.</summary>
    /// <exception cref="ArgumentException">The message names what differs, with both values.</exception>
    internal void Require(SilcConfig config, TrainConfig train)
    {
        // What has no part in the numbers of a step may change, and how fast the run learns until which end.
        var same = train with
        {
            TotalSteps = Train.TotalSteps,
            LearningRate = Train.LearningRate,
            Schedule = Train.Schedule with { WarmupSteps = train.Schedule.WarmupSteps },
            MaxSkippedSteps = Train.MaxSkippedSteps,
            Recompute = Train.Recompute,
            // With another number of ranks other slices fit; the nearest of KoLeo, and what Sinkhorn-Knopp balances, are those of a slice.
            Accumulate = train.KoLeoWeight > 0 || train.Centering == Centering.Sinkhorn ? train.Accumulate : Train.Accumulate,
        };
        string[] differences = [.. ConfigJson.Differences(Config, config), .. ConfigJson.Differences(Train, same)];
        if (differences.Length > 0)
            throw new ArgumentException($"{Path} was made with another configuration: {string.Join("; ", differences)}. "
                + "Go on with the one that it holds, or start a new run in another folder");
    }
}
