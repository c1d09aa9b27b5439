using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Silc;

/// <summary>An open safetensors file: the header is checked against the file's length before any of it is used.</summary>
sealed class SafetensorsReader : ArrayFile
{
    const int MaxHeaderBytes = 100_000_000;   // the reference implementation's limit

    sealed record Entry(ArrayHeader Array, long Begin, long End);

    readonly SafeFileHandle file;
    readonly Dictionary<string, ArrayHeader> arrays = [];
    readonly Dictionary<string, long> begins = [];

    public SafetensorsReader(string path) : base(path)
    {
        file = File.OpenHandle(path);
        try
        {
            var (entries, metadata, dataStart) = ReadHeader();
            Metadata = metadata;
            foreach (var entry in entries)
            {
                arrays.Add(entry.Array.Name, entry.Array);
                begins.Add(entry.Array.Name, dataStart + entry.Begin);
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override IReadOnlyDictionary<string, ArrayHeader> Arrays => arrays;

    public override bool IsConcurrent => true;

    public override IReadOnlyDictionary<string, string> Metadata { get; }

    internal override void ReadBytes(ArrayHeader array, long offset, Span<byte> target)
    {
        if (!ReadAt(begins[array.Name] + offset, target)) throw Damaged($"array '{array.Name}' ends early");
    }

    bool ReadAt(long offset, Span<byte> target)
    {
        while (target.Length > 0)
        {
            var count = RandomAccess.Read(file, target, offset);
            if (count == 0) return false;
            target = target[count..];
            offset += count;
        }
        return true;
    }

    (Entry[] Entries, IReadOnlyDictionary<string, string> Metadata, long DataStart) ReadHeader()
    {
        Span<byte> length = stackalloc byte[8];
        var fileBytes = RandomAccess.GetLength(file);
        if (fileBytes < 8 || !ReadAt(0, length)) throw Damaged($"it has {fileBytes} bytes");
        var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(length);
        if (headerBytes > MaxHeaderBytes || (long)headerBytes > fileBytes - 8)
            throw Damaged($"its header claims {headerBytes} bytes, the file has {fileBytes}");
        var header = new byte[headerBytes];
        if (!ReadAt(8, header)) throw Damaged("its header ends early");
        try
        {
            using var json = JsonDocument.Parse(header, new() { AllowDuplicateProperties = false });
            var metadata = new Dictionary<string, string>();
            var entries = new List<Entry>();
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__")
                {
                    if (property.Value.ValueKind == JsonValueKind.Null) continue;
                    foreach (var pair in property.Value.EnumerateObject()) metadata[pair.Name] = pair.Value.GetString() ?? "";
                }
                else
                    entries.Add(ReadEntry(property));
            }
            return (Ordered(entries, fileBytes - 8 - header.Length), metadata, 8 + header.Length);
        }
        catch (Exception wrong)
            when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Damaged($"its header is not as the format says: {wrong.Message}");
        }
    }

    Entry ReadEntry(JsonProperty property)
    {
        var (name, value) = (property.Name, property.Value);
        var dtype = value.GetProperty("dtype").GetString() ?? "null";
        var type = ElementTypes.FromSafetensors(dtype)
            ?? throw new InvalidDataException(
                $"{Path}, array '{name}': element type {dtype} is not supported; store it as F32 or BF16");
        long[] shape = [.. value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        long[] offsets = [.. value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        if (offsets.Length != 2 || type.ArrayBytes(shape) is not { } bytes || offsets[1] - offsets[0] != bytes)
            throw Damaged(
                $"array '{name}' of {type} ({string.Join(", ", shape)}) claims the bytes [{string.Join(", ", offsets)})");
        return new(new(name, type, [.. shape.Select(size => (int)size)]), offsets[0], offsets[1]);
    }

    /// <summary>Entries by offset, once it is sure that they tile the data exactly.</summary>
    Entry[] Ordered(List<Entry> entries, long dataBytes)
    {
        Entry[] ordered = [.. entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End)];
        long end = 0;
        foreach (var entry in ordered)
        {
            if (entry.Begin != end)
                throw Damaged($"array '{entry.Array.Name}' begins at {entry.Begin}, the one before it ends at {end}");
            end = entry.End;
        }
        if (end != dataBytes) throw Damaged($"its arrays take {end} bytes, {dataBytes} follow the header");
        return ordered;
    }

    InvalidDataException Damaged(string why) =>
        new($"{Path} is damaged or not a safetensors file: {why}; copy or download it again");

    public override void Dispose() => file.Dispose();
}
