using System.Buffers;
using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// An open checkpoint file: its headers are read and checked, its elements come when they are asked for. Float32 goes straight into the caller's
/// memory, other types through a buffer of a megabyte. Threads: one at a time, unless <see cref="IsConcurrent"/>.
/// </summary>
abstract class ArrayFile : IDisposable
{
    const int PieceBytes = 1 << 20, MostFloats = 1 << 28;

    private protected ArrayFile(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What the file holds, by name.</summary>
    public abstract IReadOnlyDictionary<string, ArrayHeader> Arrays { get; }

    /// <summary>Strings beside the arrays; only safetensors files have them.</summary>
    public virtual IReadOnlyDictionary<string, string> Metadata => new Dictionary<string, string>();

    /// <summary>True if any number of threads may read elements at once: those at an offset of the file, not those of a stream.</summary>
    public virtual bool IsConcurrent => false;

    /// <summary>Opens an <c>.npz</c> or <c>.safetensors</c> file, or the parts that a <c>.safetensors.index.json</c> names.</summary>
    /// <exception cref="InvalidDataException">The file is damaged; the message names it, the array and what is wrong.</exception>
    /// <exception cref="NotSupportedException">Another format; the message says how to convert it.</exception>
    public static ArrayFile Open(string path) => System.IO.Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".npz" => new NpzFile(path),
        ".safetensors" => new SafetensorsReader(path),
        ".json" when path.EndsWith(JoinedFile.IndexEnding, StringComparison.OrdinalIgnoreCase) => JoinedFile.Parts(path),
        var extension => throw CheckpointFile.NotSupported(path, extension),
    };

    /// <summary>Reads elements from <paramref name="first"/> on as float32.</summary>
    /// <exception cref="InvalidDataException">The data end early.</exception>
    public void Read(ArrayHeader array, long first, Span<float> values)
    {
        int size = array.Type.Bytes(), atOnce = PieceBytes / size;
        if (array.Type == ElementType.Float32)
        {
            // In pieces all the same: spans of bytes end at 2 GiB.
            for (int done = 0; done < values.Length; done += MostFloats)
                ReadBytes(array, (first + done) * size, MemoryMarshal.AsBytes(values.Slice(done, Math.Min(MostFloats, values.Length - done))));
            return;
        }
        // No larger than needed: most arrays are small.
        var piece = ArrayPool<byte>.Shared.Rent((int)Math.Min(PieceBytes, values.Length * (long)size));
        try
        {
            for (int done = 0; done < values.Length;)
            {
                var count = Math.Min(atOnce, values.Length - done);
                var bytes = piece.AsSpan(0, count * size);
                ReadBytes(array, (first + done) * size, bytes);
                Elements.ToFloats(array.Type, bytes, values.Slice(done, count));
                done += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>Reads a whole array.</summary>
    public StoredArray ReadAll(ArrayHeader array)
    {
        var bytes = new byte[StoredArray.Bytes2GiB(array.Count * array.Type.Bytes(), $"{Path}, array '{array.Name}'")];
        ReadBytes(array, 0, bytes);
        return new(array.Name, array.Type, array.Shape, bytes);
    }

    /// <summary>Reads all arrays, in the order of the file.</summary>
    internal Dictionary<string, StoredArray> ReadEverything() =>
        Arrays.ToDictionary(entry => entry.Key, entry => ReadAll(entry.Value));

    /// <summary>Bytes of an array from an offset on, little-endian and in row-major order; the caller keeps within the array.</summary>
    internal abstract void ReadBytes(ArrayHeader array, long offset, Span<byte> target);

    /// <summary>Closes the file.</summary>
    public abstract void Dispose();
}
