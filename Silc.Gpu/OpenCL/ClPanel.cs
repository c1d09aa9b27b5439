namespace Silc;

/// <summary>
/// Packs operands: a line for each term of the sums, as wide as a tile, so that tiles read them from first to last.
/// </summary>
static class ClPanel<TTile> where TTile : struct, IClTile
{
    /// <summary>Lines of a right operand whose columns lie together.</summary>
    public static void Copy(FloatPointer b, int from, int line, FloatPointer scratch, int to, int lines, int columns)
    {
        for (int k = 0; k < lines; k++, from += line, to += TTile.Columns)
            for (int j = 0; j < TTile.Columns; j += Pack16.Width)
                Pack16.Store(scratch, to + j, Pack16.Load(b, from + j, columns - j));
    }

    /// <summary>
    /// The same of one whose lines lie together. Columns of the tile that are missing are zero, and so are lines behind the last,
    /// up to a multiple of 16.
    /// </summary>
    public static void Turn(FloatPointer b, int from, int column, FloatPointer scratch, int to, int lines, int columns)
    {
        for (int k = 0; k < lines; k += Pack16.Width)
            for (int j = 0; j < TTile.Columns; j += Pack16.Width)
                ClVector.Turn(ref b[from + k + j * column], column, columns - j, lines - k,
                    ref scratch[to + k * TTile.Columns + j], TTile.Columns);
    }

    /// <summary>
    /// A panel of rows of a left operand, which lie together, for a tile. Writes a vector a line: the next one corrects what
    /// it wrote too far.
    /// </summary>
    public static void CopyLeft(FloatPointer a, int from, int step, FloatPointer scratch, int to, int lines, int rows)
    {
        for (int k = 0; k < lines; k++, from += step, to += TTile.Rows) Pack16.Store(scratch, to, Pack16.Load(a, from, rows));
    }
}
