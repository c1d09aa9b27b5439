namespace Silc;

/// <summary>A tile of sums in vector registers.</summary>
interface IClTile
{
    static abstract int Rows { get; }

    /// <summary>16 or 32.</summary>
    static abstract int Columns { get; }

    /// <summary>
    /// Sums of <paramref name="depth"/> products to <paramref name="to"/> and every <paramref name="toRow"/> floats behind. Row i of the left
    /// operand is at <paramref name="left"/> + i · leftRow, its next term <paramref name="leftStep"/> further; lines of the right one follow each other.
    /// </summary>
    static abstract void Multiply(Floats a, int left, int leftRow, int leftStep, Floats scratch, int right, int depth, int to, int toRow);
}
