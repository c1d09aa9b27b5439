using System.Runtime.InteropServices;

namespace Silc;

/// <summary>An array as a checkpoint file holds it, before its values are widened.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Type">Type of one element.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Bytes">The elements, little-endian, in row-major order.</param>
public sealed record StoredArray(string Name, ElementType Type, int[] Shape, byte[] Bytes)
{
    /// <summary>Number of elements.</summary>
    public int Count => Bytes.Length / Type.Bytes();

    /// <summary>The values as float32.</summary>
    public float[] Floats() => Type switch
    {
        ElementType.Float32 => Elements<float>().ToArray(),
        ElementType.Float64 => Convert<double, float>(value => (float)value),
        ElementType.Float16 => Convert<Half, float>(value => (float)value),
        ElementType.BFloat16 => Convert<ushort, float>(value => BitConverter.UInt32BitsToSingle((uint)value << 16)),
        _ => [.. Longs().Select(value => (float)value)],
    };

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
        ElementType.Bool or ElementType.UInt8 => Convert<byte, long>(value => value),
        ElementType.Int8 => Convert<sbyte, long>(value => value),
        ElementType.UInt16 => Convert<ushort, long>(value => value),
        ElementType.Int16 => Convert<short, long>(value => value),
        ElementType.UInt32 => Convert<uint, long>(value => value),
        ElementType.Int32 => Convert<int, long>(value => value),
        ElementType.UInt64 => Convert<ulong, long>(value => checked((long)value)),
        ElementType.Int64 => Elements<long>().ToArray(),
        _ => throw new InvalidDataException($"'{Name}' holds {Type}, not integers; read it with Floats()"),
    };

    TOut[] Convert<TIn, TOut>(Func<TIn, TOut> convert) where TIn : struct
    {
        var elements = Elements<TIn>();
        var values = new TOut[elements.Length];
        for (var i = 0; i < values.Length; i++) values[i] = convert(elements[i]);
        return values;
    }

    ReadOnlySpan<T> Elements<T>() where T : struct => MemoryMarshal.Cast<byte, T>(Bytes);
}
