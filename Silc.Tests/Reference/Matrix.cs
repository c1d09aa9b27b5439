namespace Silc.Tests;

/// <summary>A matrix of doubles on the host: what the references compute with.</summary>
public sealed class Matrix(int rows, int cols)
{
    public int Rows { get; } = rows;

    public int Cols { get; } = cols;

    public double[] Values { get; private init; } = new double[rows * cols];

    public double this[int row, int col]
    {
        get => Values[row * Cols + col];
        set => Values[row * Cols + col] = value;
    }

    public static Matrix Make(int rows, int cols, Func<int, int, double> value)
    {
        var matrix = new Matrix(rows, cols);
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < cols; c++) matrix[r, c] = value(r, c);
        return matrix;
    }

    /// <summary>The same shape with other values.</summary>
    public Matrix With(double[] values) => new(Rows, Cols) { Values = values };

    public static Matrix operator +(Matrix a, Matrix b) => Make(a.Rows, a.Cols, (r, c) => a[r, c] + b[r, c]);

    public Matrix Map(Func<double, double> f) => Make(Rows, Cols, (r, c) => f(this[r, c]));

    public static double Dot(Matrix a, Matrix b)
    {
        double sum = 0;
        for (int i = 0; i < a.Values.Length; i++) sum += a.Values[i] * b.Values[i];
        return sum;
    }
}
