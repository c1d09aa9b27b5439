using System.IO.Compression;

namespace Silc;

/// <summary>
/// numpy's <c>.npz</c>: a zip of npy arrays. big_vision publishes its checkpoints so; bfloat16 appears as <c>|V2</c>.
/// </summary>
public static class Npz
{
    /// <summary>Reads every array, by its name without <c>.npy</c>.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or holds something other than numbers.</exception>
    public static IReadOnlyDictionary<string, StoredArray> Read(string path)
    {
        using var file = File.OpenRead(path);
        try
        {
            using var zip = new ZipArchive(file, ZipArchiveMode.Read);
            var arrays = new Dictionary<string, StoredArray>();
            foreach (var entry in zip.Entries)
            {
                var name = entry.FullName.EndsWith(".npy", StringComparison.Ordinal) ? entry.FullName[..^4] : entry.FullName;
                arrays[name] = Read(entry, name, $"{path}, array '{name}'");
            }
            return arrays;
        }
        catch (Exception damage) when (damage is InvalidDataException or EndOfStreamException)
        {
            if (damage.Message.StartsWith(path, StringComparison.Ordinal)) throw;
            throw new InvalidDataException(
                $"{path} is damaged or not an npz file ({damage.Message}); copy or download it again", damage);
        }
    }

    /// <summary>
    /// Writes float32 arrays, uncompressed as numpy.savez does; the file appears under its name only when it is whole.
    /// </summary>
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

    static StoredArray Read(ZipArchiveEntry entry, string name, string where)
    {
        // Deflate cannot shrink more than 1032-fold, so a larger claim is a lie that would only cost memory.
        if (entry.Length > 1032 * entry.CompressedLength)
            throw new InvalidDataException(
                $"{where}: {entry.CompressedLength} bytes cannot hold the {entry.Length} that the zip claims");
        using var stream = entry.Open();
        return Npy.Read(stream, entry.Length, name, where);
    }
}
