namespace Silc;

/// <summary>
/// Products of the few rows of one head, tile by tile and without packing A. The remainder of rows, and of columns of B in place, is covered by
/// moving the last tile back to end at the edge, so that it computes some results twice.
/// </summary>
static unsafe class Tiles<TTile> where TTile : struct, IMicroKernel
{
    static int FewestRows => TTile.FewRows > 0 ? TTile.FewRows : TTile.Rows;

    /// <summary>Whether <paramref name="rows"/> by <paramref name="columns"/> results fill a tile.</summary>
    public static bool Fit(int rows, int columns) => rows >= FewestRows && columns >= TTile.Columns;

    /// <summary>The columns of whole tiles, and of whole vectors of 16, that hold <paramref name="columns"/>.</summary>
    public static int WholeColumns(int columns)
    {
        int unit = Math.Max(TTile.Columns, 16);
        return (columns + unit - 1) / unit * unit;
    }

    /// <summary>
    /// The next rows of <paramref name="all"/> to multiply, as many as a tile has or as its small form has; false if all are done.
    /// </summary>
    public static bool Next(ref int next, int all, out int row, out int rows)
    {
        int left = all - next;
        // A whole tile takes as long as two small ones.
        rows = left >= TTile.Rows || all >= TTile.Rows && (TTile.FewRows == 0 || left > 2 * TTile.FewRows) ? TTile.Rows : FewestRows;
        row = Math.Min(next, all - rows);
        next = row + rows;
        return left > 0;
    }

    /// <summary>C = alpha · A B for B in panels; C is as wide as they are.</summary>
    public static void MultiplyPanels(int rows, int columns, int depth, float* a, nint lda, float* panels, float alpha, float* c, nint ldc)
    {
        for (int column = 0; column < columns; column += TTile.Columns)
            Multiply(rows, depth, a, lda, 1, panels + (nint)column * depth, TTile.Columns, alpha, c + column, ldc);
    }

    /// <summary>C = alpha · A B for B where it lies; A[i, k] is <c>a[i * aRow + k * aStep]</c>.</summary>
    public static void Multiply(int rows, int columns, int depth, float* a, nint aRow, nint aStep, float* b, nint ldb,
        float alpha, float* c, nint ldc)
    {
        for (int next = 0; next < columns; next += TTile.Columns)
        {
            int column = Math.Min(next, columns - TTile.Columns);
            Multiply(rows, depth, a, aRow, aStep, b + column, ldb, alpha, c + column, ldc);
        }
    }

    static void Multiply(int rows, int depth, float* a, nint aRow, nint aStep, float* b, nint bStep, float alpha, float* c, nint ldc)
    {
        if (rows == TTile.Rows) TTile.Multiply(depth, a, aRow, aStep, b, bStep, alpha, null, 0, c, ldc);
        else TTile.MultiplyFew(depth, a, aRow, aStep, b, bStep, alpha, null, 0, c, ldc);
    }
}
