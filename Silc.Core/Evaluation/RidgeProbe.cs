using MathNet.Numerics.LinearAlgebra;

namespace Silc;

/// <summary>
/// big_vision's few-shot classifier (<c>evaluators/fewshot_lsr.py</c>): ridge regression in closed form from whitened features to
/// targets of ±1. X = [(f - mean) / (std + 1e-5), 100]; W = (XᵀX + λI)⁻¹XᵀY = Xᵀ(XXᵀ + λI)⁻¹Y, whichever matrix is smaller; in
/// double. Threads: any number may use it at once.
/// </summary>
/// <example>
/// <code>
/// Vectors known = model.EmbedImages(images, normalize: false);
/// var probe = new RidgeProbe(known, labels, classes: 10);
/// Classification result = Classification.Of(probe.Scores(known), labels);
/// </code>
/// </example>
public sealed class RidgeProbe
{
    // So large that the ridge leaves the bias nearly alone.
    const double BiasConstant = 100, Epsilon = 1e-5;

    readonly double[] mean, deviation;
    readonly Matrix<double> weights;

    /// <summary>Fits the classifier.</summary>
    /// <param name="features">(N, C), not normalised by row.</param>
    /// <param name="labels">Class of each row.</param>
    /// <param name="classes">Number of classes K.</param>
    /// <param name="ridge">λ.</param>
    /// <exception cref="ArgumentException">
    /// No features, another number of labels, a label that is no class, or a ridge that is not positive.
    /// </exception>
    public RidgeProbe(Vectors features, IReadOnlyList<int> labels, int classes, double ridge = 1024)
    {
        int n = features.Count;
        Require.That(labels.Count == n && n > 0, $"{labels.Count} labels for {n} features");
        foreach (var label in labels) Require.Within(label, 0, classes - 1, "label");
        Require.That(ridge > 0, $"the ridge is {ridge}, it must be positive");
        (mean, deviation) = features.Moments(Epsilon);
        var x = Whitened(features);
        var y = Matrix<double>.Build.Dense(n, classes, (i, k) => labels[i] == k ? 1 : -1);
        weights = n >= x.ColumnCount
            ? Ridged(x.TransposeThisAndMultiply(x), ridge).Cholesky().Solve(x.TransposeThisAndMultiply(y))
            : x.TransposeThisAndMultiply(Ridged(x.TransposeAndMultiply(x), ridge).Cholesky().Solve(y));
    }

    /// <summary>Scores (N, K); the highest is the class.</summary>
    /// <exception cref="ArgumentException">The features have another width than those of the fit.</exception>
    public Vectors Scores(Vectors features)
    {
        Require.That(features.Width == mean.Length,
            $"features are {features.Width} wide, those it learned from {mean.Length}");
        var scores = Whitened(features) * weights;
        var result = new Vectors(scores.RowCount, scores.ColumnCount);
        for (int i = 0; i < scores.RowCount; i++)
            for (int k = 0; k < scores.ColumnCount; k++) result[i, k] = (float)scores[i, k];
        return result;
    }

    Matrix<double> Whitened(Vectors features) => Matrix<double>.Build.Dense(features.Count, mean.Length + 1,
        (i, c) => c == mean.Length ? BiasConstant : (features[i, c] - mean[c]) / deviation[c]);

    static Matrix<double> Ridged(Matrix<double> square, double ridge)
    {
        for (int i = 0; i < square.RowCount; i++) square[i, i] += ridge;
        return square;
    }
}
