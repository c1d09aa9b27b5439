namespace Silc;

/// <summary>
/// A thread's part of an operand's tiles on their way to shared memory: four units of 16 bytes a tile, 2 KiB apart there. Addresses are
/// moved on, not found again.
/// </summary>
readonly struct Bf16CpAsync<TOperand>(long address, long advance, long step, int offset, int row, int rows, int column, int columns)
    where TOperand : struct, IBf16OperandTile
{
    public const int Depth = 2 * GemmTile.Words;

    static int LinesAtOnce => Bf16GemmTile.Threads / TOperand.UnitsInLine;

    /// <summary>
    /// The part of the tile that begins at row (or column) <paramref name="outer"/> of C and place <paramref name="depth"/> of the sum.
    /// </summary>
    public static Bf16CpAsync<TOperand> At(MatrixPointer x, int outer, int outers, int depth, int depths, int thread)
    {
        int line = thread / TOperand.UnitsInLine, unit = thread % TOperand.UnitsInLine, offset = TOperand.At(line, unit);
        int row = (TOperand.Transposed ? depth : outer) + line, column = (TOperand.Transposed ? outer : depth) + 8 * unit;
        long bytesOfLine = 2L * x.Stride;
        return new(x.At(row, column), TOperand.Transposed ? Depth * bytesOfLine : 2 * Depth, LinesAtOnce * bytesOfLine, offset,
            row, TOperand.Transposed ? depths : outers, column, TOperand.Transposed ? outers : depths);
    }

    /// <summary>Begins to copy; what lies outside becomes zeros.</summary>
    public void Begin(int tile)
    {
        int to = tile + offset;
        Ptx.CpAsync(to, address, row, rows, column, columns);
        Ptx.CpAsync(to + 2048, address + step, row + LinesAtOnce, rows, column, columns);
        Ptx.CpAsync(to + 2 * 2048, address + 2 * step, row + 2 * LinesAtOnce, rows, column, columns);
        Ptx.CpAsync(to + 3 * 2048, address + 3 * step, row + 3 * LinesAtOnce, rows, column, columns);
    }

    /// <summary>The same part of the next tile of the sum.</summary>
    public Bf16CpAsync<TOperand> Next() => new(address + advance, advance, step, offset,
        TOperand.Transposed ? row + Depth : row, rows, TOperand.Transposed ? column : column + Depth, columns);
}
