using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// An array as a checkpoint file holds it, before its values are widened.
/// Threads: any number may read it, while nobody changes its arrays.
/// </summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Type">Type of one element.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Bytes">The elements, little-endian, in row-major order.</param>
sealed record StoredArray(string Name, ElementType Type, int[] Shape, byte[] Bytes)
{
    /// <summary>The number of bytes of an array that is read whole.</summary>
    /// <exception cref="InvalidDataException">It is beyond 2 GiB, where arrays of .NET end.</exception>
    internal static int Bytes2GiB(long bytes, string where) => bytes <= Array.MaxLength ? (int)bytes
        : throw new InvalidDataException($"{where} takes {bytes:N0} bytes; an array that is read whole may have 2 GiB at most");

    /// <summary>Number of elements.</summary>
    public int Count => Bytes.Length / Type.Bytes();

    /// <summary>The values as float32.</summary>
    public float[] Floats()
    {
        var values = new float[Count];
        Elements.ToFloats(Type, Bytes, values);
        return values;
    }

    /// <summary>The values as 32-bit integers.</summary>
    /// <exception cref="InvalidDataException">The array holds floats, or a value does not fit.</exception>
    public int[] Ints()
    {
        var wide = Longs();
        var values = new int[wide.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (int)wide[i];
            if (values[i] != wide[i])
                throw new InvalidDataException($"'{Name}' holds {wide[i]} at {i}, which does not fit 32 bits");
        }
        return values;
    }

    /// <summary>Name, shape and float32 values.</summary>
    public NamedArray ToNamedArray() => new(Name, Shape, Floats());

    long[] Longs() => Type switch
    {
        ElementType.Bool or ElementType.UInt8 => Widen<byte>(value => value),
        ElementType.Int8 => Widen<sbyte>(value => value),
        ElementType.UInt16 => Widen<ushort>(value => value),
        ElementType.Int16 => Widen<short>(value => value),
        ElementType.UInt32 => Widen<uint>(value => value),
        ElementType.Int32 => Widen<int>(value => value),
        ElementType.UInt64 => Widen<ulong>(value => checked((long)value)),
        ElementType.Int64 => Widen<long>(value => value),
        _ => throw new InvalidDataException($"'{Name}' holds {Type}, not integers; read it with Floats()"),
    };

    long[] Widen<T>(Func<T, long> widen) where T : struct
    {
        var elements = MemoryMarshal.Cast<byte, T>(Bytes);
        var values = new long[elements.Length];
        for (var i = 0; i < values.Length; i++) values[i] = widen(elements[i]);
        return values;
    }
}
