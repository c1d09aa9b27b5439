namespace Silc;

/// <summary>
/// A thread's part of an operand's tiles on their way to shared memory: four units of 16 bytes a tile, 2 KiB apart there. Addresses are
/// moved on, not found again.
/// </summary>
readonly struct HalfFetch<TOperand>(long address, long advance, long step, int offset, int row, int rows, int column, int columns)
    where TOperand : struct, IHalfOperand
{
    public const int Depth = 2 * ProductTile.Words;

    static int LinesAtOnce => HalfTile.Threads / TOperand.UnitsInLine;

    /// <summary>
    /// The part of the tile that begins at row (or column) <paramref name="outer"/> of C and place <paramref name="depth"/> of the sum.
    /// </summary>
    public static HalfFetch<TOperand> At(MatrixAt x, int outer, int outers, int depth, int depths, int thread)
    {
        int line = thread / TOperand.UnitsInLine, unit = thread % TOperand.UnitsInLine, offset = TOperand.At(line, unit);
        int row = (TOperand.Turned ? depth : outer) + line, column = (TOperand.Turned ? outer : depth) + 8 * unit;
        long bytesOfLine = 2L * x.Stride;
        return new(x.At(row, column), TOperand.Turned ? Depth * bytesOfLine : 2 * Depth, LinesAtOnce * bytesOfLine, offset,
            row, TOperand.Turned ? depths : outers, column, TOperand.Turned ? outers : depths);
    }

    /// <summary>Begins to copy; what lies outside becomes zeros.</summary>
    public void Begin(int tile)
    {
        int to = tile + offset;
        Ptx.CopyAsync(to, address, row, rows, column, columns);
        Ptx.CopyAsync(to + 2048, address + step, row + LinesAtOnce, rows, column, columns);
        Ptx.CopyAsync(to + 2 * 2048, address + 2 * step, row + 2 * LinesAtOnce, rows, column, columns);
        Ptx.CopyAsync(to + 3 * 2048, address + 3 * step, row + 3 * LinesAtOnce, rows, column, columns);
    }

    /// <summary>The same part of the next tile of the sum.</summary>
    public HalfFetch<TOperand> Next() => new(address + advance, advance, step, offset,
        TOperand.Turned ? row + Depth : row, rows, TOperand.Turned ? column : column + Depth, columns);
}
