namespace Silc.Tests;

static partial class Naive
{
    /// <summary>Mean of each row, (N, 1).</summary>
    public static Matrix Mean(Matrix x) => Matrix.Make(x.Rows, 1, (r, _) => Row(x, r).Average());

    /// <summary>1/√(variance + ε) of each row, (N, 1); the variance is the mean square distance from the mean.</summary>
    public static Matrix Rstd(Matrix x, double epsilon) => Matrix.Make(x.Rows, 1, (r, _) =>
    {
        var mean = Row(x, r).Average();
        return 1 / Math.Sqrt(Row(x, r).Average(v => (v - mean) * (v - mean)) + epsilon);
    });

    /// <summary>(x - mean)·rstd·scale + bias.</summary>
    public static Matrix LayerNorm(Matrix x, Matrix scale, Matrix bias, double epsilon)
    {
        var (mean, rstd) = (Mean(x), Rstd(x, epsilon));
        return Matrix.Make(x.Rows, x.Cols, (r, c) => (x[r, c] - mean[r, 0]) * rstd[r, 0] * scale[0, c] + bias[0, c]);
    }

    /// <summary>Length of each row, (N, 1).</summary>
    public static Matrix Norms(Matrix x) => Matrix.Make(x.Rows, 1, (r, _) => Math.Sqrt(Row(x, r).Sum(v => v * v)));

    /// <summary>x / (|x| + ε).</summary>
    public static Matrix L2Normalize(Matrix x, double epsilon)
    {
        var norms = Norms(x);
        return Matrix.Make(x.Rows, x.Cols, (r, c) => x[r, c] / (norms[r, 0] + epsilon));
    }

    /// <summary>Length of each column, (1, C).</summary>
    public static Matrix ColumnNorms(Matrix x) => Transposed(Norms(Transposed(x)));

    /// <summary>Each column over its length.</summary>
    public static Matrix NormalizeColumns(Matrix x) => Transposed(L2Normalize(Transposed(x), 0));

    /// <summary>dx = rstd·(g - mean(g) - x̂·mean(g·x̂)) with g = dy·scale, and the gradients of scale and bias.</summary>
    public static (Matrix X, Matrix Scale, Matrix Bias) LayerNormGrad(Matrix dy, Matrix x, Matrix scale, double epsilon)
    {
        Matrix mean = Mean(x), rstd = Rstd(x, epsilon), normal = Matrix.Make(x.Rows, x.Cols, (r, c) => (x[r, c] - mean[r, 0]) * rstd[r, 0]);
        Matrix g = Matrix.Make(x.Rows, x.Cols, (r, c) => dy[r, c] * scale[0, c]), meanG = Mean(g);
        var along = Mean(Matrix.Make(x.Rows, x.Cols, (r, c) => g[r, c] * normal[r, c]));
        var rows = Enumerable.Range(0, x.Rows);
        return (Matrix.Make(x.Rows, x.Cols, (r, c) => rstd[r, 0] * (g[r, c] - meanG[r, 0] - normal[r, c] * along[r, 0])),
            Matrix.Make(1, x.Cols, (_, c) => rows.Sum(r => dy[r, c] * normal[r, c])), Matrix.Make(1, x.Cols, (_, c) => rows.Sum(r => dy[r, c])));
    }

    static IEnumerable<double> Row(Matrix x, int row) => x.Values.Skip(row * x.Cols).Take(x.Cols);
}
