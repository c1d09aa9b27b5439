using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Silc;

/// <summary>
/// One array of numpy's format (numpy.lib.format, versions 1 to 3): magic, version, header length, a Python dictionary, elements.
/// </summary>
static partial class Npy
{
    static readonly byte[] magic = [0x93, .. "NUMPY"u8];

    /// <summary>
    /// Reads an array that takes exactly <paramref name="length"/> bytes; <paramref name="where"/> names it in errors.
    /// </summary>
    public static StoredArray Read(Stream stream, long length, string name, string where)
    {
        var (header, dataStart) = ReadHeader(stream, length, where);
        var dtype = Descr().Match(header);
        var order = FortranOrder().Match(header);
        var sizes = ShapeTuple().Match(header);
        if (!dtype.Success || !order.Success || !sizes.Success)
            throw new InvalidDataException($"{where}: the npy header {header.Trim()} is not that of a plain numeric array");
        var type = ElementTypes.FromNpy(dtype.Groups[2].Value)
            ?? throw new InvalidDataException($"{where}: {dtype.Value} is not supported; store it with .astype('float32')");
        long[] shape = [.. Number().Matches(sizes.Value).Select(size => long.TryParse(size.Value, out var parsed) ? parsed : -1)];
        if (type.ArrayBytes(shape) is not { } bytes || bytes != length - dataStart)
            throw new InvalidDataException(
                $"{where}: {type} of {sizes.Value} does not take the {length - dataStart} bytes that follow its header");

        var data = new byte[bytes];
        stream.ReadExactly(data);
        if (dtype.Groups[1].Value == ">") SwapBytes(data, type.Bytes());
        int[] dims = [.. shape.Select(size => (int)size)];
        if (order.Groups[1].Value == "True" && dims.Length > 1) data = ToRowMajor(data, dims, type.Bytes());
        return new(name, type, dims, data);
    }

    /// <summary>
    /// Writes float32 in C order, version 1; the header is padded so that the elements start at a multiple of 64.
    /// </summary>
    public static void Write(Stream stream, NamedArray array)
    {
        var shape = array.Shape.Length == 1 ? $"({array.Shape[0]},)" : $"({string.Join(", ", array.Shape)})";
        var header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}";
        header = header.PadRight((header.Length + 11 + 63) / 64 * 64 - 11) + "\n";
        stream.Write([.. magic, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header)]);
        stream.Write(MemoryMarshal.AsBytes(array.Values.AsSpan()));
    }

    static (string Header, long DataStart) ReadHeader(Stream stream, long length, string where)
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
        if (size > Math.Min(length - headerStart, 1 << 20))
            throw new InvalidDataException($"{where}: an npy header of {size} bytes in {length}");
        var header = new byte[size];
        stream.ReadExactly(header);
        return (Encoding.UTF8.GetString(header), headerStart + size);
    }

    static void SwapBytes(byte[] data, int size)
    {
        for (var i = 0; i < data.Length; i += size) data.AsSpan(i, size).Reverse();
    }

    /// <summary>
    /// Fortran order has the first axis fastest; walks the row-major indices and keeps the column-major offset beside them.
    /// </summary>
    static byte[] ToRowMajor(byte[] data, int[] shape, int size)
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
