using System.Text.Json;

namespace Silc;

/// <summary>A model that transformers has sharded, read as one file.</summary>
sealed class JoinedFile : ArrayFile
{
    public const string IndexEnding = ".safetensors.index.json";

    readonly ArrayFile[] files;
    readonly Dictionary<string, (ArrayFile File, ArrayHeader Array)> places;
    readonly Dictionary<string, ArrayHeader> arrays;

    JoinedFile(string path, ArrayFile[] files, Dictionary<string, (ArrayFile File, ArrayHeader Array)> places) : base(path)
    {
        (this.files, this.places) = (files, places);
        arrays = places.ToDictionary(place => place.Key, place => place.Value.Array with { Name = place.Key });
        Metadata = files[0].Metadata;
    }

    public override IReadOnlyDictionary<string, ArrayHeader> Arrays => arrays;

    public override bool IsConcurrent => files.All(file => file.IsConcurrent);

    public override IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens the parts that <c>model.safetensors.index.json</c> names.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or a part is missing or lacks an array.</exception>
    public static JoinedFile Parts(string index)
    {
        var map = Map(index);
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(index))!;
        var files = new Dictionary<string, ArrayFile>();
        try
        {
            foreach (var name in map.Values.Distinct(StringComparer.Ordinal))
            {
                if (System.IO.Path.GetFileName(name) != name) throw new InvalidDataException($"{index} names the part '{name}', which is not a file "
                    + "beside it");
                var part = System.IO.Path.Combine(folder, name);
                if (!File.Exists(part))
                    throw new InvalidDataException($"{index} names the part {name}, which is not there: a model cut in parts needs each of them; "
                        + "copy or download it");
                files[name] = new SafetensorsReader(part);
            }
            var places = map.ToDictionary(entry => entry.Key, entry => (files[entry.Value],
                files[entry.Value].Arrays.TryGetValue(entry.Key, out var array) ? array
                : throw new InvalidDataException($"{files[entry.Value].Path} lacks '{entry.Key}', which {index} says is there; copy or download "
                + "both again")));
            return new(index, [.. files.Values], places);
        }
        catch
        {
            foreach (var file in files.Values) file.Dispose();
            throw;
        }
    }

    static Dictionary<string, string> Map(string index)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(index));
            var map = json.RootElement.GetProperty("weight_map").EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => entry.Value.GetString() ?? "");
            return map.Count > 0 ? map : throw new JsonException("its weight_map is empty");
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"{index} is no index of a model's parts: {wrong.Message}", wrong);
        }
    }

    internal override void ReadBytes(ArrayHeader array, long offset, Span<byte> target)
    {
        var (file, stored) = places[array.Name];
        file.ReadBytes(stored, offset, target);
    }

    public override void Dispose()
    {
        foreach (var file in files) file.Dispose();
    }
}
