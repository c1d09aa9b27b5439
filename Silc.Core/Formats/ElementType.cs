namespace Silc;

/// <summary>What one element of a stored array is; little-endian in memory whatever the file says.</summary>
enum ElementType
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>Unsigned 8 bits.</summary>
    UInt8,

    /// <summary>Signed 8 bits.</summary>
    Int8,

    /// <summary>Unsigned 16 bits.</summary>
    UInt16,

    /// <summary>Signed 16 bits.</summary>
    Int16,

    /// <summary>Unsigned 32 bits.</summary>
    UInt32,

    /// <summary>Signed 32 bits.</summary>
    Int32,

    /// <summary>Unsigned 64 bits.</summary>
    UInt64,

    /// <summary>Signed 64 bits.</summary>
    Int64,

    /// <summary>IEEE half precision.</summary>
    Float16,

    /// <summary>The upper half of a float32; numpy, which lacks it, stores it as void, <c>|V2</c>.</summary>
    BFloat16,

    /// <summary>IEEE single precision.</summary>
    Float32,

    /// <summary>IEEE double precision.</summary>
    Float64,

    /// <summary>
    /// 8 bits with 4 of exponent and 3 of fraction, no infinities: PyTorch's float8_e4m3fn (Micikevicius et al. 2022, arXiv:2209.05433).
    /// </summary>
    Float8E4M3,

    /// <summary>8 bits with 5 of exponent and 2 of fraction: the upper half of an IEEE half.</summary>
    Float8E5M2,

    /// <summary>8 bits of exponent alone: a scale, a power of 2 (OCP's microscaling formats).</summary>
    Float8E8M0,

    /// <summary>Two float32, a real and an imaginary part; it is listed and not read.</summary>
    Complex64,
}

/// <summary>Sizes, and the names that npy and safetensors files give to element types.</summary>
static class ElementTypes
{
    static readonly (ElementType Type, int Bytes, string Npy, string Safetensors)[] table =
    [
        (ElementType.Bool, 1, "b1", "BOOL"),
        (ElementType.UInt8, 1, "u1", "U8"),
        (ElementType.Int8, 1, "i1", "I8"),
        (ElementType.UInt16, 2, "u2", "U16"),
        (ElementType.Int16, 2, "i2", "I16"),
        (ElementType.UInt32, 4, "u4", "U32"),
        (ElementType.Int32, 4, "i4", "I32"),
        (ElementType.UInt64, 8, "u8", "U64"),
        (ElementType.Int64, 8, "i8", "I64"),
        (ElementType.Float16, 2, "f2", "F16"),
        (ElementType.BFloat16, 2, "V2", "BF16"),
        (ElementType.Float32, 4, "f4", "F32"),
        (ElementType.Float64, 8, "f8", "F64"),
        (ElementType.Float8E4M3, 1, "", "F8_E4M3"),
        (ElementType.Float8E5M2, 1, "", "F8_E5M2"),
        (ElementType.Float8E8M0, 1, "", "F8_E8M0"),
        (ElementType.Complex64, 8, "", "C64"),
    ];

    public static int Bytes(this ElementType type) => table[(int)type].Bytes;

    public static ElementType? FromNpy(string code) => Find(row => row.Npy != "" && row.Npy == code);

    public static ElementType? FromSafetensors(string code) => Find(row => row.Safetensors == code);

    /// <summary>Bytes of an array of that shape; null if a size is negative or beyond .NET's, or the product beyond any disk.</summary>
    public static long? ArrayBytes(this ElementType type, IEnumerable<long> shape)
    {
        long bytes = type.Bytes();
        var empty = false;
        foreach (var size in shape)
        {
            if (size < 0 || size > Array.MaxLength || long.MaxValue / Math.Max(1, size) < bytes) return null;
            bytes *= Math.Max(1, size);
            empty |= size == 0;
        }
        return empty ? 0 : bytes;
    }

    static ElementType? Find(Func<(ElementType Type, int Bytes, string Npy, string Safetensors), bool> match)
    {
        foreach (var row in table)
            if (match(row)) return row.Type;
        return null;
    }
}
