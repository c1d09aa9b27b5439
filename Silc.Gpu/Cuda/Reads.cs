namespace Silc;

/// <summary>How neighbouring values are read from global memory, and brought to shared memory.</summary>
interface IGlobalLoad
{
    /// <summary>Values that <see cref="Copy{TMma}"/> takes at once.</summary>
    static abstract int Together { get; }

    /// <summary>Four values from an address on, where line &lt; lines and column + i &lt; columns; zeros elsewhere.</summary>
    static abstract Float4 Four(long address, int line, int lines, int column, int columns);

    /// <summary>As <see cref="Four"/>, eight: of bf16 one access of 16 bytes.</summary>
    static abstract Float8 Eight(long address, int line, int lines, int column, int columns);

    /// <summary>Rounds <see cref="Together"/> values for products and stores them in shared memory.</summary>
    static abstract void Copy<TMma>(int shared, long address, int line, int lines, int column, int columns) where TMma : struct, IMma;
}

/// <summary>One access of 16 bytes: addresses are multiples of 16, and the number of columns is one of 4.</summary>
readonly struct VectorLoad : IGlobalLoad
{
    public static int Together => 4;

    public static Float4 Four(long address, int line, int lines, int column, int columns) => Ptx.Load4(address, line, lines, column, columns);

    public static Float8 Eight(long address, int line, int lines, int column, int columns) =>
        new(Four(address, line, lines, column, columns), Four(address + 16, line, lines, column + 4, columns));

    public static void Copy<TMma>(int shared, long address, int line, int lines, int column, int columns) where TMma : struct, IMma =>
        TMma.Store(shared, Four(address, line, lines, column, columns));
}

/// <summary>Four accesses, for any address and size.</summary>
readonly struct ScalarLoad : IGlobalLoad
{
    public static int Together => 4;

    public static Float4 Four(long address, int line, int lines, int column, int columns) => new(
        Ptx.Load(address, line, lines, column, columns), Ptx.Load(address + 4, line, lines, column + 1, columns),
        Ptx.Load(address + 8, line, lines, column + 2, columns), Ptx.Load(address + 12, line, lines, column + 3, columns));

    public static Float8 Eight(long address, int line, int lines, int column, int columns) =>
        new(Four(address, line, lines, column, columns), Four(address + 16, line, lines, column + 4, columns));

    public static void Copy<TMma>(int shared, long address, int line, int lines, int column, int columns) where TMma : struct, IMma =>
        TMma.Store(shared, Four(address, line, lines, column, columns));
}

/// <summary>bfloat16 as it is stored, in whole units: nothing is rounded, so it is for bf16 products alone.</summary>
readonly struct Bf16Load : IGlobalLoad
{
    public static int Together => 8;

    public static Float4 Four(long address, int line, int lines, int column, int columns) =>
        Ptx.LoadBf16Quad(address, line, lines, column, columns);

    public static Float8 Eight(long address, int line, int lines, int column, int columns) =>
        new(Ptx.LoadWords(address, line, lines, column, columns));

    public static void Copy<TMma>(int shared, long address, int line, int lines, int column, int columns) where TMma : struct, IMma
    {
        var words = Ptx.LoadWords(address, line, lines, column, columns);
        Ptx.StoreSharedWords(shared, words.X, words.Y, words.Z, words.W);
    }
}
