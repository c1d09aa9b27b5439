using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Silc;

/// <summary>
/// The safetensors format (github.com/huggingface/safetensors): a header length (8 bytes), a JSON header, then the elements of
/// all arrays without gap or overlap. Float32 on write; any type but float8 on read.
/// </summary>
public static class Safetensors
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
    public static void Write(string path, IEnumerable<NamedArray> arrays, IReadOnlyDictionary<string, string>? metadata = null)
    {
        NamedArray[] all = [.. arrays];
        foreach (var array in all) CheckpointFile.RequireSize(array);
        WritePieces(path, [.. all.Select(ArrayPieces.Of)], metadata);
    }

    /// <summary>The same for arrays that come in pieces.</summary>
    internal static void WritePieces(string path, IReadOnlyList<ArrayPieces> arrays,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        if (arrays.GroupBy(array => array.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"two arrays are named '{twice.Key}'");
        var header = Header(arrays, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var array in arrays) array.Pieces(values => stream.Write(MemoryMarshal.AsBytes(values)));
        });
    }

    static byte[] Header(IEnumerable<ArrayPieces> arrays, IReadOnlyDictionary<string, string>? metadata)
    {
        var entries = new Dictionary<string, object>();
        if (metadata is { Count: > 0 }) entries["__metadata__"] = metadata;
        long begin = 0;
        foreach (var array in arrays)
        {
            var end = begin + 4 * array.Count;
            entries[array.Name] = new { dtype = "F32", shape = array.Shape, data_offsets = new[] { begin, end } };
            begin = end;
        }
        var json = JsonSerializer.SerializeToUtf8Bytes(entries);
        return [.. json, .. Enumerable.Repeat((byte)' ', -json.Length & 7)];   // elements start at a multiple of 8
    }
}
