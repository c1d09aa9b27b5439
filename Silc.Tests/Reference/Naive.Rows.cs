namespace Silc.Tests;

static partial class Naive
{
    /// <summary>x[r] + table[r mod T].</summary>
    public static Matrix AddBroadcast(Matrix table, Matrix x) => Matrix.Make(x.Rows, x.Cols, (r, c) => x[r, c] + table[r % table.Rows, c]);

    /// <summary>Row t is the sum of x's rows t, T + t, 2T + t, …</summary>
    public static Matrix SumRows(Matrix x, int period)
    {
        var sums = new Matrix(period, x.Cols);
        for (int r = 0; r < x.Rows; r++)
            for (int c = 0; c < x.Cols; c++) sums[r % period, c] += x[r, c];
        return sums;
    }

    /// <summary>Row b is row b·T + t of x.</summary>
    public static Matrix SelectRows(Matrix x, int period, int t) => Matrix.Make(x.Rows / period, x.Cols, (b, c) => x[b * period + t, c]);

    /// <summary>Row n is row tokens[n] of the table.</summary>
    public static Matrix Embed(int[] tokens, Matrix table) => Matrix.Make(tokens.Length, table.Cols, (n, c) => table[tokens[n], c]);

    /// <summary>Images (N, side·side·3) cut into whole patches (N·T, patch·patch·3), from left to right and then down.</summary>
    public static Matrix Patches(Matrix pixels, int side, int patch)
    {
        int grid = side / patch;
        var patches = new Matrix(pixels.Rows * grid * grid, patch * patch * 3);
        for (int n = 0; n < pixels.Rows; n++)
            for (int y = 0; y < grid * patch; y++)
                for (int x = 0; x < grid * patch; x++)
                    for (int colour = 0; colour < 3; colour++)
                    {
                        int row = (n * grid + y / patch) * grid + x / patch, col = (y % patch * patch + x % patch) * 3 + colour;
                        patches[row, col] = pixels[n, (y * side + x) * 3 + colour];
                    }
        return patches;
    }
}
