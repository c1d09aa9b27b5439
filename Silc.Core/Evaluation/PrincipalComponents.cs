using MathNet.Numerics.LinearAlgebra;

namespace Silc;

/// <summary>
/// Rows (N, C) along the directions in which they vary most: the eigenvectors of their covariance with the largest eigenvalues.
/// Threads: any number may call.
/// </summary>
static class PrincipalComponents
{
    /// <summary>
    /// Coordinates (N, <paramref name="count"/>) of the centred rows, most variance first. A direction points to where its
    /// largest coordinate is positive, so that the same rows give the same signs.
    /// </summary>
    /// <exception cref="ArgumentException">There are no rows, or fewer channels than components.</exception>
    public static Vectors Project(Vectors rows, int count)
    {
        var (n, width) = (rows.Count, rows.Width);
        Require.Positive(n, "number of rows");
        Require.Within(count, 1, width, "number of principal components");
        var (mean, _) = rows.Moments(epsilon: 0);
        var centred = Matrix<double>.Build.Dense(n, width, (i, c) => rows[i, c] - mean[c]);
        // Eigenvalues of a symmetric matrix come in ascending order.
        var vectors = centred.TransposeThisAndMultiply(centred).Evd(Symmetricity.Symmetric).EigenVectors;
        var projected = new Vectors(n, count);
        for (int k = 0; k < count; k++)
        {
            var along = centred * vectors.Column(width - 1 - k);
            var sign = Math.Sign(along[along.AbsoluteMaximumIndex()]);
            for (int i = 0; i < n; i++) projected[i, k] = (float)(sign * along[i]);
        }
        return projected;
    }
}
