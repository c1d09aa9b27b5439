namespace Silc;

/// <summary>Packs operands into panels as wide as a tile, one line for each k, so that tiles read them sequentially.</summary>
static class ClPanel<TTile> where TTile : struct, IClTile
{
    /// <summary>Packs B from row-major memory: the columns of a k are contiguous.</summary>
    public static void Pack(FloatPointer b, int from, int kStride, FloatPointer scratch, int to, int kCount, int columns)
    {
        for (int k = 0; k < kCount; k++, from += kStride, to += TTile.Columns)
            for (int j = 0; j < TTile.Columns; j += Pack16.Width)
                Pack16.Store(scratch, to + j, Pack16.Load(b, from + j, columns - j));
    }

    /// <summary>
    /// Packs B from column-major memory: the k of a column are contiguous. Columns past the edge are zero, and so are lines past the last,
    /// up to a multiple of 16.
    /// </summary>
    public static void PackTransposed(FloatPointer b, int from, int columnStride, FloatPointer scratch, int to, int kCount, int columns)
    {
        for (int k = 0; k < kCount; k += Pack16.Width)
            for (int j = 0; j < TTile.Columns; j += Pack16.Width)
                ClVector.Transpose(ref b[from + k + j * columnStride], columnStride, columns - j, kCount - k,
                    ref scratch[to + k * TTile.Columns + j], TTile.Columns);
    }

    /// <summary>
    /// Packs a panel of A from column-major memory: the rows of a k are contiguous. Stores a whole vector a line, and the next line
    /// overwrites what was stored past the end.
    /// </summary>
    public static void PackA(FloatPointer a, int from, int step, FloatPointer scratch, int to, int kCount, int rows)
    {
        for (int k = 0; k < kCount; k++, from += step, to += TTile.Rows) Pack16.Store(scratch, to, Pack16.Load(a, from, rows));
    }
}
