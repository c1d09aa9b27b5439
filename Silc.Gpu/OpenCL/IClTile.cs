namespace Silc;

/// <summary>A micro-kernel: a tile of C accumulated in vector registers.</summary>
interface IClTile
{
    static abstract int Rows { get; }

    /// <summary>16 or 32.</summary>
    static abstract int Columns { get; }

    /// <summary>
    /// C = Σ over <paramref name="kCount"/> k of A[·, k]·B[k, ·], stored to <paramref name="c0"/>, rows <paramref name="cRow"/> floats
    /// apart. Row i of A is at <paramref name="a0"/> + i · aRow, its next k <paramref name="aStep"/> further; the lines of the panel
    /// of B are contiguous.
    /// </summary>
    static abstract void Multiply(
        FloatPointer a, int a0, int aRow, int aStep, FloatPointer scratch, int b0, int kCount, int c0, int cRow);
}

/// <summary>For 32 vector registers of 512 bits (AVX-512): 24 accumulators.</summary>
readonly struct ClTile12x32 : IClTile
{
    public static int Rows => 12;
    public static int Columns => 32;

    public static void Multiply(
        FloatPointer a, int a0, int aRow, int aStep, FloatPointer scratch, int b0, int kCount, int c0, int cRow) =>
        ClVector.Tile12x32(ref a[a0], aRow, aStep, ref scratch[b0], kCount, ref scratch[c0], cRow);
}

/// <summary>For 16 vector registers of 256 bits (AVX2): 12 accumulators.</summary>
readonly struct ClTile6x16 : IClTile
{
    public static int Rows => 6;
    public static int Columns => 16;

    public static void Multiply(
        FloatPointer a, int a0, int aRow, int aStep, FloatPointer scratch, int b0, int kCount, int c0, int cRow) =>
        ClVector.Tile6x16(ref a[a0], aRow, aStep, ref scratch[b0], kCount, ref scratch[c0], cRow);
}
