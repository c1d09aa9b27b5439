using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Silc;

/// <summary>
/// An .npy of two dimensions, of which any rows are read as float32 without the rest: a file of more than memory is searched block after
/// block, and of more than 2 GiB, where arrays of .NET end, as well. It is read, not mapped: that is about as quick, takes the memory of a block and
/// not of the file, and a file that is cut meanwhile is an error and not the end of the process by SIGBUS.
/// </summary>
sealed class NpyRows : IDisposable
{
    readonly string path;
    readonly SafeFileHandle file;
    readonly NpyHeader header;
    readonly long dataStart;
    byte[] scratch = [];

    /// <exception cref="InvalidDataException">It is damaged, holds no numbers, or has not two dimensions.</exception>
    public NpyRows(string path)
    {
        this.path = path;
        using (var stream = File.OpenRead(path)) header = Npy.ReadHeader(stream, stream.Length, "rows", path);
        if (header.Array.Shape is not [var count, var width])
            throw new InvalidDataException($"{path} has the shape {header.Array.ShapeText}, an index has rows and columns");
        (Count, Width, dataStart) = (count, width, header.DataStart);
        file = File.OpenHandle(path, options: FileOptions.SequentialScan);
    }

    /// <summary>Number of rows.</summary>
    public int Count { get; }

    /// <summary>Values of a row.</summary>
    public int Width { get; }

    /// <summary>Rows from <paramref name="first"/> on; not for several threads at once.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="values">Whole rows, one after another.</param>
    public void Read(int first, Span<float> values)
    {
        if (Width == 0) return;
        if (header.Fortran) ReadColumns(first, values);
        else ReadElements((long)first * Width, values);
    }

    // The file is in Fortran order: one column after another.
    void ReadColumns(int first, Span<float> values)
    {
        int rows = values.Length / Width;
        var column = new float[rows];
        for (int c = 0; c < Width; c++)
        {
            ReadElements((long)c * Count + first, column);
            for (int i = 0; i < rows; i++) values[i * Width + c] = column[i];
        }
    }

    void ReadElements(long first, Span<float> values)
    {
        // Float32 in this machine's byte order, as silc writes it, is read straight into the target.
        if (header.Array.Type == ElementType.Float32 && !header.Swapped && BitConverter.IsLittleEndian)
        {
            Fill(MemoryMarshal.AsBytes(values), dataStart + first * sizeof(float));
            return;
        }
        int size = header.Array.Type.Bytes(), atOnce = (1 << 20) / size;
        if (scratch.Length == 0) scratch = new byte[atOnce * size];
        for (int done = 0; done < values.Length;)
        {
            var count = Math.Min(atOnce, values.Length - done);
            var bytes = scratch.AsSpan(0, count * size);
            Fill(bytes, dataStart + (first + done) * size);
            if (header.Swapped) Npy.SwapBytes(bytes, size);
            Elements.ToFloats(header.Array.Type, bytes, values.Slice(done, count));
            done += count;
        }
    }

    void Fill(Span<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            int got = RandomAccess.Read(file, bytes, offset);
            if (got == 0) throw new InvalidDataException($"{path} ends early: it was cut while it was read");
            bytes = bytes[got..];
            offset += got;
        }
    }

    public void Dispose() => file.Dispose();
}
