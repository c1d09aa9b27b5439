using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

namespace Silc;

/// <summary>
/// A linear classifier on frozen features: multinomial logistic regression, loss = mean cross-entropy + λ/2 · |W|², the bias free, to the
/// minimum by L-BFGS as in CLIP (Radford et al. 2021, arXiv:2103.00020, appendix A.3), in double. Features are standardised first.
/// </summary>
public sealed class LinearProbe
{
    const double Epsilon = 1e-8, GradientTolerance = 1e-6;
    const int MaxIterations = 1000, Memory = 10;

    readonly Matrix<double> weights;       // (C + 1, K), the bias last
    readonly double[] mean, deviation;

    LinearProbe(Matrix<double> weights, double[] mean, double[] deviation) => (this.weights, this.mean, this.deviation) = (weights, mean, deviation);

    /// <summary>The penalties that <see cref="Tune"/> tries.</summary>
    public static IReadOnlyList<double> UsualPenalties { get; } = [1e-4, 1e-3, 1e-2, 1e-1, 1];

    /// <summary>Fits the classifier.</summary>
    /// <param name="features">(N, C).</param>
    /// <param name="labels">Class of each row.</param>
    /// <param name="classes">Number of classes K.</param>
    /// <param name="penalty">λ.</param>
    public static LinearProbe Fit(float[,] features, IReadOnlyList<int> labels, int classes, double penalty)
    {
        int n = features.GetLength(0), width = features.GetLength(1);
        Require.That(labels.Count == n && n > 0, $"{labels.Count} labels for {n} features");
        foreach (var label in labels) Require.Within(label, 0, classes - 1, "label");
        Require.That(penalty > 0, $"the penalty is {penalty}, it must be positive");
        var (mean, deviation) = Moments(features);
        var x = Standardised(features, mean, deviation);
        var start = Vector<double>.Build.Dense((width + 1) * classes);
        var objective = ObjectiveFunction.Gradient(flat => Loss(x, labels, classes, penalty, flat));
        var found = new LimitedMemoryBfgsMinimizer(GradientTolerance, 0, 0, Memory, MaxIterations).FindMinimum(objective, start);
        return new(Matrix<double>.Build.Dense(width + 1, classes, found.MinimizingPoint.AsArray() ?? found.MinimizingPoint.ToArray()), mean, deviation);
    }

    /// <summary>Chooses the penalty on a fifth of the rows, every fifth of each class, and fits all rows with it.</summary>
    /// <returns>The classifier and its λ; of equally good ones the largest.</returns>
    public static (LinearProbe Probe, double Penalty) Tune(float[,] features, IReadOnlyList<int> labels, int classes, IReadOnlyList<double>? penalties = null)
    {
        var seen = new int[classes];
        var kept = labels.Select(label => ++seen[label] % 5 == 0).ToArray();
        int[] train = [.. kept.Index().Where(entry => !entry.Item).Select(entry => entry.Index)], check = [.. kept.Index().Where(entry => entry.Item).Select(entry => entry.Index)];
        Require.Positive(check.Length, "number of pictures to choose the penalty on, one of five of a class,");
        int[] trainLabels = [.. train.Select(row => labels[row])], checkLabels = [.. check.Select(row => labels[row])];
        var (trainRows, checkRows) = (Embeddings.Rows(features, train), Embeddings.Rows(features, check));
        var best = (penalties ?? UsualPenalties).OrderDescending()
            .MaxBy(penalty => Classification.Of(Fit(trainRows, trainLabels, classes, penalty).Scores(checkRows), checkLabels).Top1);
        return (Fit(features, labels, classes, best), best);
    }

    /// <summary>Logits (N, K).</summary>
    public float[,] Scores(float[,] features)
    {
        Require.That(features.GetLength(1) == mean.Length, $"features are {features.GetLength(1)} wide, those it learned from {mean.Length}");
        var logits = Standardised(features, mean, deviation) * weights;
        var result = new float[logits.RowCount, logits.ColumnCount];
        for (int i = 0; i < logits.RowCount; i++)
            for (int k = 0; k < logits.ColumnCount; k++) result[i, k] = (float)logits[i, k];
        return result;
    }

    static (double, Vector<double>) Loss(Matrix<double> x, IReadOnlyList<int> labels, int classes, double penalty, Vector<double> flat)
    {
        int n = x.RowCount, width = x.ColumnCount - 1;
        var w = Matrix<double>.Build.Dense(width + 1, classes, flat.ToArray());
        var p = x * w;
        double loss = 0;
        for (int i = 0; i < n; i++)
        {
            var row = p.Row(i);
            double peak = row.Maximum(), log = peak + Math.Log(row.Sum(logit => Math.Exp(logit - peak)));
            loss += (log - row[labels[i]]) / n;
            for (int k = 0; k < classes; k++) p[i, k] = (Math.Exp(row[k] - log) - (k == labels[i] ? 1 : 0)) / n;
        }
        var gradient = x.TransposeThisAndMultiply(p);
        for (int c = 0; c < width; c++)
            for (int k = 0; k < classes; k++)
            {
                loss += penalty / 2 * w[c, k] * w[c, k];
                gradient[c, k] += penalty * w[c, k];
            }
        return (loss, Vector<double>.Build.Dense(gradient.ToColumnMajorArray()));
    }

    static (double[] Mean, double[] Deviation) Moments(float[,] features)
    {
        int n = features.GetLength(0);
        var (mean, deviation) = (new double[features.GetLength(1)], new double[features.GetLength(1)]);
        for (int c = 0; c < mean.Length; c++)
        {
            for (int i = 0; i < n; i++) mean[c] += features[i, c] / (double)n;
            for (int i = 0; i < n; i++) deviation[c] += (features[i, c] - mean[c]) * (features[i, c] - mean[c]) / n;
            deviation[c] = Math.Sqrt(deviation[c]) + Epsilon;
        }
        return (mean, deviation);
    }

    static Matrix<double> Standardised(float[,] features, double[] mean, double[] deviation) => Matrix<double>.Build.Dense(
        features.GetLength(0), mean.Length + 1, (i, c) => c == mean.Length ? 1 : (features[i, c] - mean[c]) / deviation[c]);
}
