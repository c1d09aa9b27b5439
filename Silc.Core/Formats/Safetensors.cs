using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Silc;

/// <summary>
/// The safetensors format (github.com/huggingface/safetensors): a header length (8 bytes), a JSON header, then the elements of
/// all arrays without gap or overlap. Float32 on write; any type of real numbers on read. Threads: any number may call.
/// </summary>
static class Safetensors
{
    /// <summary>Reads every array and the metadata.</summary>
    /// <exception cref="InvalidDataException">The file is cut short, or its header contradicts its length.</exception>
    public static SafetensorsFile Read(string path)
    {
        using var file = new SafetensorsReader(path);
        return new(file.ReadEverything(), file.Metadata);
    }

    /// <summary>Reads the metadata alone: enough to know the model before its arrays are loaded.</summary>
    public static IReadOnlyDictionary<string, string> ReadMetadata(string path)
    {
        using var file = new SafetensorsReader(path);
        return file.Metadata;
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
        WritePieces(path, [.. all.Select(ArrayPieces.Of)], metadata, isSealed);
    }

    /// <summary>The same for arrays that come in pieces.</summary>
    internal static void WritePieces(string path, IReadOnlyList<ArrayPieces> arrays,
        IReadOnlyDictionary<string, string>? metadata = null, bool isSealed = false)
    {
        if (arrays.GroupBy(array => array.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"two arrays are named '{twice.Key}'");
        var header = Header(arrays, metadata, isSealed);
        var bytes = 8L + header.Length + arrays.Sum(array => sizeof(float) * array.Count) + (isSealed ? Seal.Bytes : 0);
        AtomicFile.Write(path, stream =>
        {
            var hash = isSealed ? new XxHash128() : null;
            Put(BitConverter.GetBytes((long)header.Length));
            Put(header);
            foreach (var array in arrays) array.Pieces(values => Put(MemoryMarshal.AsBytes(values)));
            if (hash is not null) stream.Write(hash.GetCurrentHash());

            void Put(ReadOnlySpan<byte> data)
            {
                stream.Write(data);
                hash?.Append(data);
            }
        }, bytes);
    }

    static byte[] Header(IReadOnlyList<ArrayPieces> arrays, IReadOnlyDictionary<string, string>? metadata, bool isSealed)
    {
        var entries = new Dictionary<string, object>();
        if (metadata is { Count: > 0 }) entries["__metadata__"] = metadata;
        long begin = 0;
        foreach (var array in arrays) Add(array.Name, "F32", array.Shape, sizeof(float) * array.Count);
        if (isSealed) Add(Seal.Name, "U8", [Seal.Bytes], Seal.Bytes);
        var json = JsonSerializer.SerializeToUtf8Bytes(entries);
        return [.. json, .. Enumerable.Repeat((byte)' ', -json.Length & 7)];   // elements start at a multiple of 8

        void Add(string name, string dtype, int[] shape, long bytes)
        {
            entries[name] = new { dtype, shape, data_offsets = new[] { begin, begin + bytes } };
            begin += bytes;
        }
    }
}

/// <summary>What a safetensors file holds. Threads: immutable; any number may share it.</summary>
/// <param name="Arrays">Arrays by name.</param>
/// <param name="Metadata">Strings beside the arrays, e.g. the configuration.</param>
sealed record SafetensorsFile(
    IReadOnlyDictionary<string, StoredArray> Arrays, IReadOnlyDictionary<string, string> Metadata);
