namespace Silc;

/// <summary>How a kernel reads and writes four neighbours of a tensor; see <see cref="Stored"/>.</summary>
interface IValues
{
    /// <summary>True for bfloat16: every access is whole and aligned, for rows are units of 16 bytes.</summary>
    static abstract bool Halves { get; }
    static abstract Float4 Load(long address);
    static abstract void Store(long address, Float4 values);

    /// <summary>Both where line &lt; lines and column &lt; columns; elsewhere zeros are read, and nothing is stored.</summary>
    static abstract Float4 Load(long address, int line, int lines, int column, int columns);
    static abstract void Store(long address, Float4 values, int line, int lines, int column, int columns);
}

/// <summary>float32, at multiples of 16 bytes.</summary>
readonly struct FloatValues : IValues
{
    public static bool Halves => false;
    public static Float4 Load(long address) => Ptx.Load4(address);
    public static void Store(long address, Float4 values) => Ptx.Store4(address, values);

    public static Float4 Load(long address, int line, int lines, int column, int columns) => Ptx.Load4(address, line, lines, column, columns);

    public static void Store(long address, Float4 values, int line, int lines, int column, int columns) =>
        Ptx.Store4(address, values, line, lines, column, columns);
}

/// <summary>bfloat16, at multiples of 8 bytes.</summary>
readonly struct HalfValues : IValues
{
    public static bool Halves => true;
    public static Float4 Load(long address) => Ptx.LoadHalves(address);
    public static void Store(long address, Float4 values) => Ptx.StoreHalves(address, values);

    public static Float4 Load(long address, int line, int lines, int column, int columns) => Ptx.LoadHalves(address, line, lines, column, columns);

    public static void Store(long address, Float4 values, int line, int lines, int column, int columns) =>
        Ptx.StoreHalves(address, values, line, lines, column, columns);
}

/// <summary>Float32 at any address.</summary>
readonly struct AnyFloats : IValues
{
    public static bool Halves => false;
    public static Float4 Load(long address) => Ptx.LoadFour(address);
    public static void Store(long address, Float4 values) => Ptx.StoreFour(address, values);

    public static Float4 Load(long address, int line, int lines, int column, int columns) =>
        Unaligned.Four(address, line, lines, column, columns);

    public static void Store(long address, Float4 values, int line, int lines, int column, int columns)
    {
        int end = line < lines ? columns : 0;
        Ptx.Store(address, values.X, column, end);
        Ptx.Store(address + 4, values.Y, column + 1, end);
        Ptx.Store(address + 8, values.Z, column + 2, end);
        Ptx.Store(address + 12, values.W, column + 3, end);
    }
}

/// <summary>Nothing: what is stored nowhere.</summary>
readonly struct NoValues : IValues
{
    public static bool Halves => false;
    public static Float4 Load(long address) => default;
    public static void Store(long address, Float4 values) { }
    public static Float4 Load(long address, int line, int lines, int column, int columns) => default;
    public static void Store(long address, Float4 values, int line, int lines, int column, int columns) { }
}
