namespace Silc;

/// <summary>
/// Assignments of least cost. Shortest augmenting paths with potentials, O(M² N); of equal costs the lower row is looked at first, so that the
/// same costs give the same rows. Source: Jonker and Volgenant, Computing 38 (1987). Threads: any number may call.
/// </summary>
static class Hungarian
{
    /// <summary>The row of each column (M): every column has a row of its own, and the sum of their costs is the least there is.</summary>
    /// <param name="cost">N rows by M columns, finite, N &gt;= M.</param>
    /// <exception cref="ArgumentException">Fewer rows than columns, or a cost that is not finite.</exception>
    public static int[] Assign(double[,] cost)
    {
        int rows = cost.GetLength(0), columns = cost.GetLength(1);
        Require.That(rows >= columns, $"{columns} columns want a row each, there are {rows} rows");
        foreach (double value in cost) Require.That(double.IsFinite(value), $"a cost of the assignment is {value}, it must be finite");
        // Place 0 stands for the column that looks for a row; owner is the column of a row, 0 for a free row, both counted from 1.
        var (ofColumn, ofRow, owner) = (new double[columns + 1], new double[rows + 1], new int[rows + 1]);
        for (int column = 1; column <= columns; column++)
        {
            owner[0] = column;
            for (int at = Search(cost, ofColumn, ofRow, owner, out var way); at != 0; at = way[at]) owner[at] = owner[way[at]];
        }
        var assigned = new int[columns];
        for (int row = 1; row <= rows; row++)
            if (owner[row] > 0) assigned[owner[row] - 1] = row - 1;
        return assigned;
    }

    // Dijkstra from the column of place 0 to the nearest free row; way leads back.
    static int Search(double[,] cost, double[] ofColumn, double[] ofRow, int[] owner, out int[] way)
    {
        int rows = ofRow.Length - 1, at = 0;
        var (nearest, seen) = (new double[rows + 1], new bool[rows + 1]);
        way = new int[rows + 1];
        Array.Fill(nearest, double.PositiveInfinity);
        do
        {
            seen[at] = true;
            var (column, least, next) = (owner[at], double.PositiveInfinity, 0);
            for (int row = 1; row <= rows; row++)
            {
                if (seen[row]) continue;
                double reduced = cost[row - 1, column - 1] - ofColumn[column] - ofRow[row];
                if (reduced < nearest[row]) (nearest[row], way[row]) = (reduced, at);
                if (nearest[row] < least) (least, next) = (nearest[row], row);
            }
            for (int row = 0; row <= rows; row++)
            {
                if (!seen[row])
                {
                    nearest[row] -= least;
                    continue;
                }
                ofColumn[owner[row]] += least;
                ofRow[row] -= least;
            }
            at = next;
        }
        while (owner[at] != 0);
        return at;
    }
}
