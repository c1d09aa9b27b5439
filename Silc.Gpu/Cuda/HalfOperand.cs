namespace Silc;

/// <summary>
/// A tile of stored bf16 in shared memory, without room between its lines: units of 16 bytes change places within a line instead, so
/// that eight neighbouring lines have any one unit in different banks. 8 KiB either way. Offsets are bytes from the tile's beginning;
/// what a lane reads is found once, and moved by constants.
/// </summary>
interface IBf16OperandTile
{
    /// <summary>True if lines run along rows of A or columns of B, one line for each place in the sum.</summary>
    static abstract bool Transposed { get; }

    /// <summary>Units of 16 bytes in a line. The lines that 128 threads copy at once take 2 KiB.</summary>
    static abstract int UnitsInLine { get; }

    /// <summary>Offset of a unit of a line.</summary>
    static abstract int At(int line, int unit);

    /// <summary>
    /// Offset that a lane gives to read a left operand: 16 rows from <paramref name="row"/> on, the first 16 places of the sum.
    /// </summary>
    static abstract int Left(int row, int lane);

    /// <summary>The same for two right operands: 16 columns from <paramref name="column"/> on.</summary>
    static abstract int Right(int column, int lane);

    /// <summary>The offset <paramref name="i"/> · 16 rows (or columns) further on, i &lt; 4.</summary>
    static abstract int Block(int offset, int i);

    /// <summary>The offset of the other 16 places of the sum.</summary>
    static abstract int Next(int offset);

    static abstract Fragment Load(int address);
}

/// <summary>Lines along the sum: 128 rows (or columns) of C, 32 places of the sum each.</summary>
readonly struct Bf16KMajor : IBf16OperandTile
{
    public static bool Transposed => false;
    public static int UnitsInLine => 4;

    // Two lines share the 128 bytes of all banks.
    public static int At(int line, int unit) => 64 * line + 16 * (unit ^ line >> 1 & 3);

    public static int Left(int row, int lane) => At(row + FragmentLayout.LeftMatrixRow(lane), FragmentLayout.LeftMatrixWord(lane) / 4);
    public static int Right(int column, int lane) => At(column + FragmentLayout.RightMatrixColumn(lane), FragmentLayout.RightMatrixWord(lane) / 4);
    public static int Block(int offset, int i) => offset + 64 * 16 * i;
    public static int Next(int offset) => offset ^ 32;      // two units
    public static Fragment Load(int address) => Ptx.LoadMatrices(address);
}

/// <summary>Lines across the sum: 32 places of it, 128 rows (or columns) of C each.</summary>
readonly struct Bf16MMajor : IBf16OperandTile
{
    public static bool Transposed => true;
    public static int UnitsInLine => 16;
    public static int At(int line, int unit) => 256 * line + 16 * (unit ^ line & 7);

    public static int Left(int row, int lane) => At(FragmentLayout.TransposedLeftLine(lane), (row + FragmentLayout.TransposedLeftRow(lane)) / 8);
    public static int Right(int column, int lane) =>
        At(FragmentLayout.TransposedRightLine(lane), (column + FragmentLayout.TransposedRightColumn(lane)) / 8);
    public static int Block(int offset, int i) => offset ^ 32 * i;
    public static int Next(int offset) => offset + 256 * 16;
    public static Fragment Load(int address) => Ptx.LoadMatricesTransposed(address);
}
