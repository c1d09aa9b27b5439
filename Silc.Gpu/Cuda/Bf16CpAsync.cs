namespace Silc;

/// <summary>
/// A thread's share of the cp.async copies of an operand's tiles: four vectors of 16 bytes a tile, 2 KiB apart in shared memory. Addresses
/// are advanced from tile to tile, not recomputed.
/// </summary>
readonly struct Bf16CpAsync<TOperand>(long address, long advance, long step, int offset, int row, int rows, int column, int columns)
    where TOperand : struct, IBf16OperandTile
{
    public const int TileK = 2 * GemmTile.KWords;

    static int LinesPerPass => Bf16GemmTile.Threads / TOperand.UnitsPerLine;

    /// <summary>
    /// This thread's share of the tile that begins at row (or column) <paramref name="outer"/> of C and at k = <paramref name="k"/>.
    /// </summary>
    public static Bf16CpAsync<TOperand> At(MatrixPointer x, int outer, int outerEnd, int k, int kEnd, int thread)
    {
        int line = thread / TOperand.UnitsPerLine, unit = thread % TOperand.UnitsPerLine, offset = TOperand.SwizzledOffset(line, unit);
        int row = (TOperand.Transposed ? k : outer) + line, column = (TOperand.Transposed ? outer : k) + 8 * unit;
        long lineBytes = 2L * x.Stride;
        return new(x.At(row, column), TOperand.Transposed ? TileK * lineBytes : 2 * TileK, LinesPerPass * lineBytes, offset,
            row, TOperand.Transposed ? kEnd : outerEnd, column, TOperand.Transposed ? outerEnd : kEnd);
    }

    /// <summary>Issues the copies; elements outside of the matrix become zeros.</summary>
    public void Issue(int tile)
    {
        int to = tile + offset;
        Ptx.CpAsync(to, address, row, rows, column, columns);
        Ptx.CpAsync(to + 2048, address + step, row + LinesPerPass, rows, column, columns);
        Ptx.CpAsync(to + 2 * 2048, address + 2 * step, row + 2 * LinesPerPass, rows, column, columns);
        Ptx.CpAsync(to + 3 * 2048, address + 3 * step, row + 3 * LinesPerPass, rows, column, columns);
    }

    /// <summary>This thread's share of the next tile along K.</summary>
    public Bf16CpAsync<TOperand> Next() => new(address + advance, advance, step, offset,
        TOperand.Transposed ? row + TileK : row, rows, TOperand.Transposed ? column : column + TileK, columns);
}
