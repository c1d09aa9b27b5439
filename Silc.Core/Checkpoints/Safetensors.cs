using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Silc;

/// <summary>
/// The safetensors format (github.com/huggingface/safetensors): a header length (8 bytes), a JSON header, then the elements of
/// all arrays without gap or overlap. Float32 on write; any type but float8 on read.
/// </summary>
public static class Safetensors
{
    const int MaxHeaderBytes = 100_000_000;   // the reference implementation's limit

    sealed record Entry(string Name, ElementType Type, int[] Shape, long Begin, long End);

    /// <summary>Reads every array and the metadata.</summary>
    /// <exception cref="InvalidDataException">The file is cut short, or its header contradicts its length.</exception>
    public static SafetensorsFile Read(string path)
    {
        using var file = File.OpenRead(path);
        var (entries, metadata) = ReadHeader(file, path);
        var arrays = new Dictionary<string, StoredArray>();
        foreach (var entry in entries)
        {
            var data = new byte[entry.End - entry.Begin];
            file.ReadExactly(data);
            arrays.Add(entry.Name, new(entry.Name, entry.Type, entry.Shape, data));
        }
        return new(arrays, metadata);
    }

    /// <summary>Reads the metadata alone: enough to know the model before its arrays are loaded.</summary>
    public static IReadOnlyDictionary<string, string> ReadMetadata(string path)
    {
        using var file = File.OpenRead(path);
        return ReadHeader(file, path).Metadata;
    }

    /// <summary>Writes float32 arrays and metadata; the file appears under its name only when it is whole.</summary>
    public static void Write(string path, IEnumerable<NamedArray> arrays, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(path, [.. arrays], metadata, isSealed: false);

    /// <summary>The same with a <see cref="Seal"/> at the end.</summary>
    internal static void WriteSealed(string path, IEnumerable<NamedArray> arrays, IReadOnlyDictionary<string, string> metadata) =>
        Write(path, [.. arrays], metadata, isSealed: true);

    static void Write(string path, NamedArray[] all, IReadOnlyDictionary<string, string>? metadata, bool isSealed)
    {
        foreach (var array in all) CheckpointFile.RequireSize(array);
        if (all.GroupBy(array => array.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"two arrays are named '{twice.Key}'");
        var header = Header(all, metadata, isSealed);
        var bytes = 8L + header.Length + all.Sum(array => 4L * array.Values.Length) + (isSealed ? Seal.Bytes : 0);
        AtomicFile.Write(path, stream =>
        {
            var hash = isSealed ? new XxHash128() : null;
            Put(BitConverter.GetBytes((long)header.Length));
            Put(header);
            foreach (var array in all) Put(MemoryMarshal.AsBytes(array.Values.AsSpan()));
            if (hash is not null) stream.Write(hash.GetCurrentHash());

            void Put(ReadOnlySpan<byte> data)
            {
                stream.Write(data);
                hash?.Append(data);
            }
        }, bytes);
    }

    static byte[] Header(NamedArray[] arrays, IReadOnlyDictionary<string, string>? metadata, bool isSealed)
    {
        var entries = new Dictionary<string, object>();
        if (metadata is { Count: > 0 }) entries["__metadata__"] = metadata;
        long begin = 0;
        foreach (var array in arrays) Add(array.Name, "F32", array.Shape, 4L * array.Values.Length);
        if (isSealed) Add(Seal.Name, "U8", [Seal.Bytes], Seal.Bytes);
        var json = JsonSerializer.SerializeToUtf8Bytes(entries);
        return [.. json, .. Enumerable.Repeat((byte)' ', -json.Length & 7)];   // elements start at a multiple of 8

        void Add(string name, string dtype, int[] shape, long bytes)
        {
            entries[name] = new { dtype, shape, data_offsets = new[] { begin, begin + bytes } };
            begin += bytes;
        }
    }

    static (Entry[] Entries, IReadOnlyDictionary<string, string> Metadata) ReadHeader(FileStream file, string path)
    {
        Span<byte> length = stackalloc byte[8];
        if (file.Length < 8) throw Damaged(path, $"it has {file.Length} bytes");
        file.ReadExactly(length);
        var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(length);
        if (headerBytes > MaxHeaderBytes || (long)headerBytes > file.Length - 8)
            throw Damaged(path, $"its header claims {headerBytes} bytes, the file has {file.Length}");
        var header = new byte[headerBytes];
        file.ReadExactly(header);
        try
        {
            using var json = JsonDocument.Parse(header, new() { AllowDuplicateProperties = false });
            var metadata = new Dictionary<string, string>();
            var entries = new List<Entry>();
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__")
                    foreach (var pair in property.Value.EnumerateObject()) metadata[pair.Name] = pair.Value.GetString() ?? "";
                else
                    entries.Add(ReadEntry(property, path));
            }
            return (Ordered(entries, file.Length - file.Position, path), metadata);
        }
        catch (Exception wrong)
            when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Damaged(path, $"its header is not as the format says: {wrong.Message}");
        }
    }

    static Entry ReadEntry(JsonProperty property, string path)
    {
        var (name, value) = (property.Name, property.Value);
        var dtype = value.GetProperty("dtype").GetString() ?? "null";
        var type = ElementTypes.FromSafetensors(dtype)
            ?? throw new InvalidDataException(
                $"{path}, array '{name}': element type {dtype} is not supported; store it as F32 or BF16");
        long[] shape = [.. value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        long[] offsets = [.. value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        if (offsets.Length != 2 || type.ArrayBytes(shape) is not { } bytes || offsets[1] - offsets[0] != bytes)
            throw Damaged(path,
                $"array '{name}' of {type} ({string.Join(", ", shape)}) claims the bytes [{string.Join(", ", offsets)})");
        return new(name, type, [.. shape.Select(size => (int)size)], offsets[0], offsets[1]);
    }

    /// <summary>Entries by offset, once it is sure that they tile the data exactly.</summary>
    static Entry[] Ordered(List<Entry> entries, long dataBytes, string path)
    {
        Entry[] ordered = [.. entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End)];
        long end = 0;
        foreach (var entry in ordered)
        {
            if (entry.Begin != end)
                throw Damaged(path, $"array '{entry.Name}' begins at {entry.Begin}, the one before it ends at {end}");
            end = entry.End;
        }
        if (end != dataBytes) throw Damaged(path, $"its arrays take {end} bytes, {dataBytes} follow the header");
        return ordered;
    }

    static InvalidDataException Damaged(string path, string why) =>
        new($"{path} is damaged or not a safetensors file: {why}; copy or download it again");
}
