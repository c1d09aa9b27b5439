using System.Runtime.InteropServices;

namespace Silc;

/// <summary>Stored elements to float32, without a copy of their own.</summary>
static class Elements
{
    public static void ToFloats(ElementType type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        switch (type)
        {
            case ElementType.Float32: bytes.CopyTo(MemoryMarshal.AsBytes(values)); break;
            case ElementType.Float64: Convert<double>(bytes, values, value => (float)value); break;
            case ElementType.Float16: Convert<Half>(bytes, values, value => (float)value); break;
            case ElementType.BFloat16:
                Convert<ushort>(bytes, values, value =>
                BitConverter.UInt32BitsToSingle((uint)value << 16)); break;
            case ElementType.Bool or ElementType.UInt8: Convert<byte>(bytes, values, value => value); break;
            case ElementType.Int8: Convert<sbyte>(bytes, values, value => value); break;
            case ElementType.UInt16: Convert<ushort>(bytes, values, value => value); break;
            case ElementType.Int16: Convert<short>(bytes, values, value => value); break;
            case ElementType.UInt32: Convert<uint>(bytes, values, value => value); break;
            case ElementType.Int32: Convert<int>(bytes, values, value => value); break;
            case ElementType.UInt64: Convert<ulong>(bytes, values, value => value); break;
            case ElementType.Int64: Convert<long>(bytes, values, value => value); break;
            case ElementType.Float8E4M3: Convert<byte>(bytes, values, FromE4M3); break;
            case ElementType.Float8E5M2: Convert<byte>(bytes, values, value => (float)BitConverter.UInt16BitsToHalf((ushort)(value << 8))); break;
            case ElementType.Float8E8M0: Convert<byte>(bytes, values, value => value == 255 ? float.NaN : MathF.ScaleB(1, value - 127)); break;
            default: throw new NotSupportedException($"elements of {type} are no real numbers");
        }
    }

    // Sign, 4 bits of exponent with a bias of 7, 3 of fraction; all ones are NaN, and an exponent of 0 is 2^-6 without the leading 1.
    static float FromE4M3(byte value)
    {
        int exponent = value >> 3 & 15, fraction = value & 7;
        if (exponent == 15 && fraction == 7) return float.NaN;
        var size = exponent == 0 ? MathF.ScaleB(fraction, -9) : MathF.ScaleB(8 + fraction, exponent - 10);
        return (value & 128) == 0 ? size : -size;
    }

    static void Convert<T>(ReadOnlySpan<byte> bytes, Span<float> values, Func<T, float> convert) where T : struct
    {
        var elements = MemoryMarshal.Cast<byte, T>(bytes);
        for (var i = 0; i < elements.Length; i++) values[i] = convert(elements[i]);
    }
}
