namespace Silc;

/// <summary>A tile of sums in vector registers.</summary>
interface IClTile
{
    static abstract int Rows { get; }

    /// <summary>16 or 32.</summary>
    static abstract int Columns { get; }

    /// <summary>
    /// Sums of <paramref name="depth"/> products to <paramref name="to"/> and every <paramref name="toRow"/> floats behind.
    /// Row i of the left operand is at <paramref name="left"/> + i · leftRow, its next term <paramref name="leftStep"/>
    /// further; lines of the right one follow each other.
    /// </summary>
    static abstract void Multiply(
        FloatPointer a, int left, int leftRow, int leftStep, FloatPointer scratch, int right, int depth, int to, int toRow);
}

/// <summary>Processors with 32 vector registers of 512 bits: 24 of them hold sums.</summary>
readonly struct ClTile12x32 : IClTile
{
    public static int Rows => 12;
    public static int Columns => 32;

    public static void Multiply(
        FloatPointer a, int left, int leftRow, int leftStep, FloatPointer scratch, int right, int depth, int to, int toRow) =>
        ClVector.Tile12x32(ref a[left], leftRow, leftStep, ref scratch[right], depth, ref scratch[to], toRow);
}

/// <summary>Processors with 16 vector registers of 256 bits: 12 of them hold sums.</summary>
readonly struct ClTile6x16 : IClTile
{
    public static int Rows => 6;
    public static int Columns => 16;

    public static void Multiply(
        FloatPointer a, int left, int leftRow, int leftStep, FloatPointer scratch, int right, int depth, int to, int toRow) =>
        ClVector.Tile6x16(ref a[left], leftRow, leftStep, ref scratch[right], depth, ref scratch[to], toRow);
}
