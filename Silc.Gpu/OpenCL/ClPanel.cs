namespace Silc;

/// <summary>Packs operands: a line for each term of the sums, as wide as a tile, so that tiles read them from first to last.</summary>
static class ClPanel<TTile> where TTile : struct, IClTile
{
    /// <summary>Lines of a right operand whose columns lie together.</summary>
    public static void Copy(Floats b, int from, int line, Floats scratch, int to, int lines, int columns)
    {
        if (columns == TTile.Columns)
            for (int k = 0; k < lines; k++, from += line, to += TTile.Columns)
                for (int j = 0; j < TTile.Columns; j += Sixteen.Width) Sixteen.Store(scratch, to + j, Sixteen.Load(b, from + j));
        else
            for (int k = 0; k < lines; k++, from += line, to += TTile.Columns)
                for (int j = 0; j < columns; j++) scratch[to + j] = b[from + j];
    }

    /// <summary>The same of one whose columns lie anywhere; those of the tile that are missing are zero.</summary>
    public static void Turn(Floats b, int from, int line, int column, Floats scratch, int to, int lines, int columns)
    {
        for (int j = 0; j < TTile.Columns; j += Sixteen.Width)
            for (int k = 0; k < lines; k += Sixteen.Width)
                if (line == 1 && k + Sixteen.Width <= lines && j + Sixteen.Width <= columns)
                    ClVector.Turn(ref b[from + k + j * column], column, ref scratch[to + k * TTile.Columns + j], TTile.Columns);
                else
                    for (int kk = k; kk < k + Sixteen.Width && kk < lines; kk++)
                        for (int jj = j; jj < j + Sixteen.Width; jj++)
                            scratch[to + kk * TTile.Columns + jj] = jj < columns ? b[from + kk * line + jj * column] : 0;
    }

    /// <summary>Rows of a turned left operand; those of the tile that are missing stay what they are.</summary>
    public static void CopyLeft(Floats a, int from, int row, int step, Floats scratch, int to, int lines, int rows)
    {
        for (int k = 0; k < lines; k++, from += step, to += TTile.Rows)
            for (int i = 0; i < rows; i++) scratch[to + i] = a[from + i * row];
    }
}
