using System.Globalization;

namespace Silc;

/// <summary>
/// A head as a file of its own, safetensors with a checksum: its arrays, and its <see cref="HeadDescription"/> as JSON. A checkpoint of its
/// training is the same file with more arrays, and says how it is trained and on what. Threads: any number may call.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Description">What the head is.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Train">How it is trained; null in the file of a head that is done.</param>
/// <param name="Data">Name and number of the images it is trained on; null likewise.</param>
sealed record HeadFile(string Path, HeadDescription Description, long Step, HeadTrainConfig? Train = null, DataState? Data = null)
{
    /// <summary>The name of a head in the folder of its training.</summary>
    public const string Name = RunFolder.HeadName;

    // Format 2 holds a tuned image tower, too, format 3 a tuned text tower, which earlier versions would leave out.
    const string FormatKey = ModelMetadata.HeadKey, Format = "1", TunedFormat = "2", TextFormat = "3", TextPrefix = "txt/",
        DescriptionKey = "silc.head.description", TrainKey = "silc.head.train",
        DataKey = "silc.head.data";

    /// <summary>Reads a head's description, and compares the checksum of the whole.</summary>
    /// <param name="path">The file, or the folder of a training, whose head is taken.</param>
    /// <exception cref="InvalidDataException">It is damaged, no head, or of another version.</exception>
    public static HeadFile Open(string path)
    {
        if (Directory.Exists(path)) path = InFolder(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such head; train one with silc head train");
        var metadata = Safetensors.ReadMetadata(path);
        if (!metadata.TryGetValue(FormatKey, out var format))
            throw new InvalidDataException($"{path} is no head: it has no '{FormatKey}' in its metadata. Name what silc head train wrote, "
                + $"{Name} or its folder");
        if (format is not (Format or TunedFormat or TextFormat))
            throw new InvalidDataException($"{path} is a head of format {format}, this version reads the formats {Format} to {TextFormat}: use the "
                + "version that wrote it");
        Seal.Verify(path);
        string Value(string key) => metadata.TryGetValue(key, out var value) ? value
            : throw new InvalidDataException($"{path} has no '{key}' in its metadata");
        return new(path, ConfigJson.Read<HeadDescription>(Value(DescriptionKey), path, DescriptionKey), ModelMetadata.Step(metadata) ?? 0,
            metadata.TryGetValue(TrainKey, out var train) ? ConfigJson.Read<HeadTrainConfig>(train, path, TrainKey) : null,
            metadata.TryGetValue(DataKey, out var data) ? ConfigJson.Read<DataState>(data, path, DataKey) : null);
    }

    // A training that was killed has checkpoints alone.
    static string InFolder(string folder) => System.IO.Path.Combine(folder, Name) is var head && File.Exists(head) ? head
        : RunFolder.Checkpoints(folder) is [var (_, newest), ..] ? newest
        : throw new FileNotFoundException($"{folder} holds no {Name}; train a head into it with silc head train");

    /// <summary>All arrays of the file by name.</summary>
    public IReadOnlyDictionary<string, NamedArray> Arrays() => Safetensors.Read(Path).Arrays.Where(entry => entry.Key != Seal.Name)
        .ToDictionary(entry => entry.Key, entry => entry.Value.ToNamedArray());

    /// <summary>Writes this record with arrays to <see cref="Path"/>; nothing is left half-written.</summary>
    /// <exception cref="IOException">The message names the file, the reason, the bytes needed and those free.</exception>
    public void Write(IReadOnlyList<NamedArray> arrays)
    {
        var metadata = new Dictionary<string, string>
        {
            [FormatKey] = Description.Tuned is null ? Format
                : arrays.Any(array => array.Name.StartsWith(TextPrefix, StringComparison.Ordinal)) ? TextFormat : TunedFormat,
            [DescriptionKey] = ConfigJson.Write(Description),
            [ModelMetadata.StepKey] = Step.ToString(CultureInfo.InvariantCulture),
        };
        if (Train is not null) metadata[TrainKey] = ConfigJson.Write(Train);
        if (Data is not null) metadata[DataKey] = ConfigJson.Write(Data);
        Safetensors.WriteSealed(Path, arrays, metadata);
    }

    /// <summary>Throws unless the training at hand takes the same steps as that of this checkpoint; its end may be another.</summary>
    /// <exception cref="ArgumentException">The message names what differs, with both values.</exception>
    public void Require(HeadDescription description, HeadTrainConfig train, DataState data)
    {
        if (Train is null || Data is null)
            throw new ArgumentException($"{Path} is a head that is done, not a training that can go on: begin another one in another folder");
        string[] differences =
        [
            .. ConfigJson.Differences(Description with { TowerName = null }, description with { TowerName = null }),
            .. ConfigJson.Differences(Train with { Steps = train.Steps }, train), .. ConfigJson.Differences(Data, data),
        ];
        if (differences.Length > 0)
            throw new ArgumentException($"{Path} was made by another training: {string.Join("; ", differences)}. Go on with the one that it holds, "
                + "or begin a new one in another folder");
    }
}
