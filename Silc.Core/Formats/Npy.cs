using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Silc;

/// <summary>One array of numpy's format (numpy.lib.format, versions 1 to 3): magic, version, header length, a Python dictionary, elements.</summary>
static partial class Npy
{
    const int PieceFloats = 1 << 20, MostDimensions = 64,
        MaxHeaderBytes = 1 << 16;    // numpy's own limit on sizes; its headers have a few hundred bytes

    static readonly byte[] magic = [0x93, .. "NUMPY"u8];

    /// <summary>
    /// Reads the header of an array that takes exactly <paramref name="length"/> bytes; <paramref name="where"/> names it in errors.
    /// </summary>
    public static NpyHeader ReadHeader(Stream stream, long length, string name, string where)
    {
        var (header, dataStart) = ReadText(stream, length, where);
        var dtype = Descr().Match(header);
        var order = FortranOrder().Match(header);
        var sizes = ShapeTuple().Match(header);
        if (!dtype.Success || !order.Success || !sizes.Success)
            throw new InvalidDataException($"{where}: the npy header {Shown(header)} is not that of a plain numeric array");
        var type = ElementTypes.FromNpy(dtype.Groups[2].Value)
            ?? throw new InvalidDataException($"{where}: {dtype.Value} {Remedy(dtype.Groups[2].Value)}");
        long[] shape = [.. Number().Matches(sizes.Value).Select(size => long.TryParse(size.Value, out var parsed) ? parsed : -1)];
        if (shape.Length > MostDimensions)
            throw new InvalidDataException($"{where}: {shape.Length} dimensions, numpy has at most {MostDimensions}");
        if (type.ArrayBytes(shape) is not { } bytes || bytes != length - dataStart)
            throw new InvalidDataException(
                $"{where}: {type} of {Shown(sizes.Value)} does not take the {length - dataStart} bytes that follow its header");
        int[] dims = [.. shape.Select(size => (int)size)];
        return new(new(name, type, dims), dataStart, dtype.Groups[1].Value == ">", order.Groups[1].Value == "True"
            && dims.Length > 1);
    }

    /// <summary>Reads an array of <paramref name="length"/> bytes.</summary>
    public static StoredArray Read(Stream stream, long length, string name, string where)
    {
        var header = ReadHeader(stream, length, name, where);
        var (type, shape) = (header.Array.Type, header.Array.Shape);
        var bytes = new byte[StoredArray.Bytes2GiB(length - header.DataStart, where)];
        stream.ReadExactly(bytes);
        if (header.Swapped) SwapBytes(bytes, type.Bytes());
        return new(name, type, shape, header.Fortran ? ToRowMajor(bytes, shape, type.Bytes()) : bytes);
    }

    /// <summary>Bytes of a header with room for any two sizes: it can be written again once the number of rows is known.</summary>
    public const int RoomyHeader = 128;

    /// <summary>
    /// Writes the header of a float32 array in C order, version 1; padded so that the
    /// elements start at a multiple of 64, at <paramref name="atLeast"/> or later.
    /// </summary>
    public static void WriteHeader(Stream stream, int[] sizes, int atLeast = 0)
    {
        var shape = sizes.Length == 1 ? $"({sizes[0]},)" : $"({string.Join(", ", sizes)})";
        var header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}";
        header = header.PadRight(Math.Max(atLeast, (header.Length + 11 + 63) / 64 * 64) - 11) + "\n";
        stream.Write([.. magic, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header)]);
    }

    public static void Write(Stream stream, NamedArray array)
    {
        WriteHeader(stream, array.Shape);
        // Spans of bytes end at 2 GiB.
        for (int at = 0; at < array.Values.Length; at += PieceFloats)
            stream.Write(MemoryMarshal.AsBytes(array.Values.AsSpan(at, Math.Min(PieceFloats, array.Values.Length - at))));
    }

    static (string Header, long DataStart) ReadText(Stream stream, long length, string where)
    {
        Span<byte> start = stackalloc byte[12];
        start.Clear();
        if (length < 12) throw new InvalidDataException($"{where}: {length} bytes are too few for an npy array");
        stream.ReadExactly(start[..10]);
        if (!start[..6].SequenceEqual(magic) || start[6] is < 1 or > 3)
            throw new InvalidDataException($"{where}: not an npy array");
        var headerStart = start[6] == 1 ? 10 : 12;   // the header's length has 16 bits in version 1, then 32
        stream.ReadExactly(start[10..headerStart]);
        long size = BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);   // version 1 leaves the upper half zero
        if (size > Math.Min(length - headerStart, MaxHeaderBytes))
            throw new InvalidDataException($"{where}: an npy header of {size} bytes in {length}");
        var header = new byte[size];
        stream.ReadExactly(header);
        return (Encoding.UTF8.GetString(header), headerStart + size);
    }

    static string Remedy(string code) => code == "O"
        ? "holds Python objects, which can run code when they are opened; store plain numbers with .astype('float32')"
        : "is not supported; store it with .astype('float32')";

    static string Shown(string text) => text.Trim() is { Length: > 200 } longer ? $"{longer[..200]}…" : text.Trim();

    /// <summary>Swaps the bytes of each element, in place.</summary>
    public static void SwapBytes(Span<byte> data, int size)
    {
        for (var i = 0; i < data.Length; i += size) data.Slice(i, size).Reverse();
    }

    /// <summary>Fortran order has the first axis fastest; walks the row-major indices and keeps the column-major offset beside them.</summary>
    public static byte[] ToRowMajor(byte[] data, int[] shape, int size)
    {
        var (result, index, strides) = (new byte[data.Length], new int[shape.Length], new int[shape.Length]);
        for (int axis = 0, stride = size; axis < shape.Length; stride *= shape[axis++]) strides[axis] = stride;
        for (int to = 0, from = 0; to < data.Length; to += size)
        {
            data.AsSpan(from, size).CopyTo(result.AsSpan(to));
            for (var axis = shape.Length - 1; axis >= 0; axis--)
            {
                from += strides[axis];
                if (++index[axis] < shape[axis]) break;
                from -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }
        return result;
    }

    [GeneratedRegex(@"'descr':\s*'([<>|=]?)(\w+)'")]
    private static partial Regex Descr();

    [GeneratedRegex(@"'fortran_order':\s*(True|False)")]
    private static partial Regex FortranOrder();

    [GeneratedRegex(@"'shape':\s*\(([\d,\s]*)\)")]
    private static partial Regex ShapeTuple();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}

/// <summary>What stands before the elements of an npy array.</summary>
/// <param name="Array">Name, type and shape.</param>
/// <param name="DataStart">Bytes before the elements.</param>
/// <param name="Swapped">Elements are big-endian.</param>
/// <param name="Fortran">The first axis is the fastest.</param>
sealed record NpyHeader(ArrayHeader Array, long DataStart, bool Swapped, bool Fortran);
