namespace Silc;

/// <summary>How four neighbouring floats are read from global memory.</summary>
interface IReads
{
    /// <summary>Floats from an address on, where line &lt; lines and column + i &lt; columns; zeros elsewhere.</summary>
    static abstract Float4 Four(long address, int line, int lines, int column, int columns);
}

/// <summary>One access of 16 bytes: addresses are multiples of 16, and the number of columns is one of 4.</summary>
readonly struct Aligned : IReads
{
    public static Float4 Four(long address, int line, int lines, int column, int columns) => Ptx.Load4(address, line, lines, column, columns);
}

/// <summary>Four accesses, for any address and size.</summary>
readonly struct Unaligned : IReads
{
    public static Float4 Four(long address, int line, int lines, int column, int columns) => new(
        Ptx.Load(address, line, lines, column, columns), Ptx.Load(address + 4, line, lines, column + 1, columns),
        Ptx.Load(address + 8, line, lines, column + 2, columns), Ptx.Load(address + 12, line, lines, column + 3, columns));
}
