namespace Silc;

/// <summary>A micro-kernel: a tile of C accumulated in vector registers.</summary>
interface IClTile
{
    static abstract int Rows { get; }

    /// <summary>16 or 32.</summary>
    static abstract int Columns { get; }

    /// <summary>
    /// C = Σ over <paramref name="depth"/> k of A[·, k]·B[k, ·], stored to <paramref name="to"/>, rows <paramref name="toRow"/> floats
    /// apart. Row i of A is at <paramref name="a0"/> + i · leftRow, its next k <paramref name="leftStep"/> further; the lines of the panel
    /// of B are contiguous.
    /// </summary>
    static abstract void Multiply(
        FloatPointer a, int a0, int leftRow, int leftStep, FloatPointer scratch, int b0, int depth, int to, int toRow);
}

/// <summary>For 32 vector registers of 512 bits (AVX-512): 24 accumulators.</summary>
readonly struct ClTile12x32 : IClTile
{
    public static int Rows => 12;
    public static int Columns => 32;

    public static void Multiply(
        FloatPointer a, int a0, int leftRow, int leftStep, FloatPointer scratch, int b0, int depth, int to, int toRow) =>
        ClVector.Tile12x32(ref a[a0], leftRow, leftStep, ref scratch[b0], depth, ref scratch[to], toRow);
}

/// <summary>For 16 vector registers of 256 bits (AVX2): 12 accumulators.</summary>
readonly struct ClTile6x16 : IClTile
{
    public static int Rows => 6;
    public static int Columns => 16;

    public static void Multiply(
        FloatPointer a, int a0, int leftRow, int leftStep, FloatPointer scratch, int b0, int depth, int to, int toRow) =>
        ClVector.Tile6x16(ref a[a0], leftRow, leftStep, ref scratch[b0], depth, ref scratch[to], toRow);
}
