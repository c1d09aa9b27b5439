namespace Silc.Tests;

/// <summary>Gradients of the references by central differences, so that no derivation is trusted: (f(x + h) - f(x - h)) / 2h.</summary>
public static class Numeric
{
    // In double the error h²·f‴/6 is below 1e-7 even for softmaxes at temperature 0.1, and that of rounding, 1e-16/h, far smaller.
    const double Step = 1e-5;

    public static Matrix Gradient(Matrix x, Func<Matrix, double> loss)
    {
        var at = x.Map(v => v);
        var gradient = new Matrix(x.Rows, x.Cols);
        for (int i = 0; i < at.Values.Length; i++)
        {
            at.Values[i] = x.Values[i] + Step;
            var above = loss(at);
            at.Values[i] = x.Values[i] - Step;
            gradient.Values[i] = (above - loss(at)) / (2 * Step);
            at.Values[i] = x.Values[i];
        }
        return gradient;
    }

    /// <summary>What a pullback of <paramref name="forward"/> makes of <paramref name="dy"/>: the gradient of Σ forward(x)∘dy.</summary>
    public static Matrix Pullback(Matrix dy, Matrix x, Func<Matrix, Matrix> forward) => Gradient(x, at => Matrix.Dot(forward(at), dy));
}
