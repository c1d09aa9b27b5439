using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// numpy's <c>.npz</c>: a zip of npy arrays. big_vision publishes its checkpoints so; bfloat16 appears as <c>|V2</c>.
/// Threads: any number may call.
/// </summary>
static class Npz
{
    /// <summary>Reads every array, by its name without <c>.npy</c>.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or holds something other than numbers.</exception>
    public static IReadOnlyDictionary<string, StoredArray> Read(string path)
    {
        using var file = new NpzFile(path);
        return file.ReadEverything();
    }

    /// <summary>Writes float32 arrays, uncompressed as numpy.savez does; the file appears under its name only when it is whole.</summary>
    public static void Write(string path, IEnumerable<NamedArray> arrays) => AtomicFile.Write(path, stream =>
    {
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var array in arrays)
        {
            CheckpointFile.RequireSize(array);
            using var entry = zip.CreateEntry($"{array.Name}.npy", CompressionLevel.NoCompression).Open();
            Npy.Write(entry, array);
        }
    });

    /// <summary>The same for arrays that come in pieces, with a comment of the zip, which numpy does not mind.</summary>
    internal static void WritePieces(string path, IReadOnlyList<ArrayPieces> arrays, string comment = "") => AtomicFile.Write(path, stream =>
    {
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true) { Comment = comment };
        foreach (var array in arrays)
        {
            using var entry = zip.CreateEntry($"{array.Name}.npy", CompressionLevel.NoCompression).Open();
            Npy.WriteHeader(entry, array.Shape);
            array.Pieces(values => entry.Write(MemoryMarshal.AsBytes(values)));
        }
    }, arrays.Sum(array => sizeof(float) * array.Count));
}
