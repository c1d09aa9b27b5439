namespace Silc;

/// <summary>
/// A tile of stored bf16 in shared memory, without room between its lines: units of 16 bytes change places within a line instead, so
/// that eight neighbouring lines have any one unit in different banks. 8 KiB either way.
/// </summary>
interface IHalfOperand : IOperand
{
    /// <summary>Units of 16 bytes in a line.</summary>
    static abstract int Units { get; }

    /// <summary>Bytes from the tile's beginning to a unit of a line.</summary>
    static abstract int At(int line, int unit);
}

/// <summary>Lines along the sum: 128 rows (or columns) of C, 32 places of the sum each.</summary>
readonly struct HalvesAlongSum : IHalfOperand
{
    public static bool Turned => false;
    public static int Lines => ProductTile.Side;
    public static int LineFloats => 2 * ProductTile.Words;
    public static int Stride => ProductTile.Words;
    public static int Units => 4;

    // Two lines share the 128 bytes of all banks.
    public static int At(int line, int unit) => 64 * line + 16 * (unit ^ line >> 1 & 3);

    public static Words Left(int tile, int row, int word, int lane) =>
        Ptx.LoadMatrices(tile + At(row + FragmentLayout.LeftMatrixRow(lane), (word + FragmentLayout.LeftMatrixWord(lane)) / 4));

    public static Words Right(int tile, int column, int word, int lane) =>
        Ptx.LoadMatrices(tile + At(column + FragmentLayout.RightMatrixColumn(lane), (word + FragmentLayout.RightMatrixWord(lane)) / 4));
}

/// <summary>Lines across the sum: 32 places of it, 128 rows (or columns) of C each.</summary>
readonly struct HalvesAcrossSum : IHalfOperand
{
    public static bool Turned => true;
    public static int Lines => 2 * ProductTile.Words;
    public static int LineFloats => ProductTile.Side;
    public static int Stride => ProductTile.Side / 2;
    public static int Units => 16;

    public static int At(int line, int unit) => 256 * line + 16 * (unit ^ line & 7);

    public static Words Left(int tile, int row, int word, int lane) =>
        Ptx.LoadMatricesTurned(tile + At(2 * word + FragmentLayout.TurnedLeftLine(lane), (row + FragmentLayout.TurnedLeftRow(lane)) / 8));

    public static Words Right(int tile, int column, int word, int lane) =>
        Ptx.LoadMatricesTurned(tile + At(2 * word + FragmentLayout.TurnedRightLine(lane), (column + FragmentLayout.TurnedRightColumn(lane)) / 8));
}
