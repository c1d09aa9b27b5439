namespace Silc.Tests;

static partial class Naive
{
    /// <summary>op(a)·op(b).</summary>
    public static Matrix MatMul(Matrix a, Matrix b, Transpose transpose = Transpose.None)
    {
        if (transpose == Transpose.A) a = Transposed(a);
        if (transpose == Transpose.B) b = Transposed(b);
        var c = new Matrix(a.Rows, b.Cols);
        for (int i = 0; i < a.Rows; i++)
            for (int k = 0; k < a.Cols; k++)
                for (int j = 0; j < b.Cols; j++) c[i, j] += a[i, k] * b[k, j];
        return c;
    }

    /// <summary>x with the single row of <paramref name="bias"/> added to each of its rows.</summary>
    public static Matrix PlusRow(Matrix x, Matrix bias) => Matrix.Make(x.Rows, x.Cols, (r, c) => x[r, c] + bias[0, c]);

    static Matrix Transposed(Matrix x) => Matrix.Make(x.Cols, x.Rows, (r, c) => x[c, r]);
}
