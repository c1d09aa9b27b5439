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
            default: Convert<long>(bytes, values, value => value); break;
        }
    }

    static void Convert<T>(ReadOnlySpan<byte> bytes, Span<float> values, Func<T, float> convert) where T : struct
    {
        var elements = MemoryMarshal.Cast<byte, T>(bytes);
        for (var i = 0; i < elements.Length; i++) values[i] = convert(elements[i]);
    }
}
