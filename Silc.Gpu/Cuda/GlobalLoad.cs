namespace Silc;

/// <summary>How vectors are loaded from global memory, and copied to shared memory. All loads are predicated.</summary>
interface IGlobalLoad
{
    /// <summary>Values that <see cref="CopyToShared{TMma}"/> copies at a time.</summary>
    static abstract int CopyWidth { get; }

    /// <summary>Four values from an address on where line &lt; lines and column + i &lt; columns, zeros elsewhere.</summary>
    static abstract Float4 Load4(long address, int line, int lines, int column, int columns);

    /// <summary>As <see cref="Load4"/>, eight values; of bf16 that is one access of 16 bytes.</summary>
    static abstract Float8 Load8(long address, int line, int lines, int column, int columns);

    /// <summary>Rounds <see cref="CopyWidth"/> values to the operand type of the mma and stores them to shared memory.</summary>
    static abstract void CopyToShared<TMma>(int shared, long address, int line, int lines, int column, int columns) where TMma : struct, IMma;
}

/// <summary>
/// float32, vectorized: one access of 16 bytes. Addresses are multiples of 16 bytes, and the number of columns is a multiple of 4.
/// </summary>
readonly struct VectorLoad : IGlobalLoad
{
    public static int CopyWidth => 4;

    public static Float4 Load4(long address, int line, int lines, int column, int columns) => Ptx.Load4(address, line, lines, column, columns);

    public static Float8 Load8(long address, int line, int lines, int column, int columns) =>
        new(Load4(address, line, lines, column, columns), Load4(address + 16, line, lines, column + 4, columns));

    public static void CopyToShared<TMma>(int shared, long address, int line, int lines, int column, int columns) where TMma : struct, IMma =>
        TMma.Store(shared, Load4(address, line, lines, column, columns));
}

/// <summary>float32, four scalar accesses, for any alignment and size.</summary>
readonly struct ScalarLoad : IGlobalLoad
{
    public static int CopyWidth => 4;

    public static Float4 Load4(long address, int line, int lines, int column, int columns) => new(
        Ptx.Load(address, line, lines, column, columns), Ptx.Load(address + 4, line, lines, column + 1, columns),
        Ptx.Load(address + 8, line, lines, column + 2, columns), Ptx.Load(address + 12, line, lines, column + 3, columns));

    public static Float8 Load8(long address, int line, int lines, int column, int columns) =>
        new(Load4(address, line, lines, column, columns), Load4(address + 16, line, lines, column + 4, columns));

    public static void CopyToShared<TMma>(int shared, long address, int line, int lines, int column, int columns) where TMma : struct, IMma =>
        TMma.Store(shared, Load4(address, line, lines, column, columns));
}

/// <summary>bf16, vectorized to 16 bytes. Copies are not rounded, so it is for bf16 mma alone.</summary>
readonly struct Bf16Load : IGlobalLoad
{
    public static int CopyWidth => 8;

    public static Float4 Load4(long address, int line, int lines, int column, int columns) =>
        Ptx.LoadBf16Quad(address, line, lines, column, columns);

    public static Float8 Load8(long address, int line, int lines, int column, int columns) =>
        new(Ptx.LoadWords(address, line, lines, column, columns));

    public static void CopyToShared<TMma>(int shared, long address, int line, int lines, int column, int columns) where TMma : struct, IMma
    {
        var words = Ptx.LoadWords(address, line, lines, column, columns);
        Ptx.StoreSharedWords(shared, words.X, words.Y, words.Z, words.W);
    }
}
