namespace Silc;

/// <summary>How a kernel loads and stores vectors of four elements of a tensor; see <see cref="DType"/>.</summary>
interface IQuadAccess
{
    /// <summary>True for bf16: every access is whole and aligned, because rows are multiples of 16 bytes.</summary>
    static abstract bool IsBf16 { get; }
    static abstract Float4 Load(long address);
    static abstract void Store(long address, Float4 values);

    /// <summary>Predicated by line &lt; lines and column &lt; columns: elsewhere zeros are loaded, and nothing is stored.</summary>
    static abstract Float4 Load(long address, int line, int lines, int column, int columns);
    static abstract void Store(long address, Float4 values, int line, int lines, int column, int columns);
}

/// <summary>float32 at multiples of 16 bytes: vectorized.</summary>
readonly struct Float32Quads : IQuadAccess
{
    public static bool IsBf16 => false;
    public static Float4 Load(long address) => Ptx.Load4(address);
    public static void Store(long address, Float4 values) => Ptx.Store4(address, values);

    public static Float4 Load(long address, int line, int lines, int column, int columns) => Ptx.Load4(address, line, lines, column, columns);

    public static void Store(long address, Float4 values, int line, int lines, int column, int columns) =>
        Ptx.Store4(address, values, line, lines, column, columns);
}

/// <summary>bf16 at multiples of 8 bytes: vectorized.</summary>
readonly struct Bf16Quads : IQuadAccess
{
    public static bool IsBf16 => true;
    public static Float4 Load(long address) => Ptx.LoadBf16Quad(address);
    public static void Store(long address, Float4 values) => Ptx.StoreBf16Quad(address, values);

    public static Float4 Load(long address, int line, int lines, int column, int columns) => Ptx.LoadBf16Quad(address, line, lines, column, columns);

    public static void Store(long address, Float4 values, int line, int lines, int column, int columns) =>
        Ptx.StoreBf16Quad(address, values, line, lines, column, columns);
}

/// <summary>float32 at any alignment.</summary>
readonly struct UnalignedQuads : IQuadAccess
{
    public static bool IsBf16 => false;
    public static Float4 Load(long address) => Ptx.LoadQuad(address);
    public static void Store(long address, Float4 values) => Ptx.StoreQuad(address, values);

    public static Float4 Load(long address, int line, int lines, int column, int columns) =>
        ScalarLoad.Load4(address, line, lines, column, columns);

    public static void Store(long address, Float4 values, int line, int lines, int column, int columns)
    {
        int end = line < lines ? columns : 0;
        Ptx.Store(address, values.X, column, end);
        Ptx.Store(address + 4, values.Y, column + 1, end);
        Ptx.Store(address + 8, values.Z, column + 2, end);
        Ptx.Store(address + 12, values.W, column + 3, end);
    }
}

/// <summary>No tensor: loads give zeros, stores do nothing. For an optional output that is not wanted.</summary>
readonly struct NoQuads : IQuadAccess
{
    public static bool IsBf16 => false;
    public static Float4 Load(long address) => default;
    public static void Store(long address, Float4 values) { }
    public static Float4 Load(long address, int line, int lines, int column, int columns) => default;
    public static void Store(long address, Float4 values, int line, int lines, int column, int columns) { }
}
