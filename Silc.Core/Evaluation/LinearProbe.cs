using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;
using Lanes = System.Numerics.Vector<double>;

namespace Silc;

/// <summary>
/// A linear classifier on frozen features: multinomial logistic regression, loss = mean cross-entropy + λ/2 · |W|², the bias
/// free, to the minimum by L-BFGS as in CLIP (Radford et al. 2021, arXiv:2103.00020, appendix A.3), in double. Features are
/// standardised first. Threads: any number may use it at once.
/// </summary>
/// <example>
/// <code>
/// var (probe, penalty) = LinearProbe.Tune(model.EmbedImages(images, normalize: false), labels, classes: 10);
/// </code>
/// </example>
public sealed class LinearProbe
{
    const double Epsilon = 1e-8, GradientTolerance = 1e-5;
    const int MaxIterations = 200, Memory = 10, Block = 256;

    /// <summary><see cref="Tune"/> chooses the penalty on one of so many images of each class.</summary>
    internal const int Fold = 5;

    readonly double[] weights;       // (K, C + 1), the bias last
    readonly double[] mean, deviation;

    LinearProbe(double[] weights, double[] mean, double[] deviation) =>
        (this.weights, this.mean, this.deviation) = (weights, mean, deviation);

    /// <summary>The penalties that <see cref="Tune"/> tries.</summary>
    public static IReadOnlyList<double> UsualPenalties { get; } = [1e-3, 1e-2, 1e-1, 1];

    /// <summary>Fits the classifier.</summary>
    /// <param name="features">(N, C).</param>
    /// <param name="labels">Class of each row.</param>
    /// <param name="classes">Number of classes K.</param>
    /// <param name="penalty">λ.</param>
    /// <param name="start">A probe of the same sizes to start from; the minimum is the same.</param>
    /// <exception cref="ArgumentException">
    /// No features, another number of labels, a label that is no class, or a penalty that is not positive.
    /// </exception>
    public static LinearProbe Fit(Vectors features, IReadOnlyList<int> labels, int classes, double penalty,
        LinearProbe? start = null)
    {
        int n = features.Count, width = features.Width;
        Require.That(labels.Count == n && n > 0, $"{labels.Count} labels for {n} features");
        foreach (var label in labels) Require.Within(label, 0, classes - 1, "label");
        Require.That(penalty > 0, $"the penalty is {penalty}, it must be positive");
        var (mean, deviation) = features.Moments(Epsilon);
        var x = Standardised(features, mean, deviation);
        var from = Vector<double>.Build.Dense(start?.weights ?? new double[(width + 1) * classes]);
        return new(Minimum(flat => Loss(x, labels, classes, penalty, flat), from).ToArray(), mean, deviation);
    }

    /// <summary>Chooses the penalty on a fifth of the rows, every fifth of each class, and fits all rows with it.</summary>
    /// <returns>The classifier and its λ; of equally good ones the largest.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Fit"/>; or no class has five images.</exception>
    public static (LinearProbe Probe, double Penalty) Tune(Vectors features, IReadOnlyList<int> labels, int classes,
        IReadOnlyList<double>? penalties = null)
    {
        var seen = new int[classes];
        var kept = labels.Select(label => ++seen[label] % Fold == 0).ToArray();
        int[] train = [.. kept.Index().Where(entry => !entry.Item).Select(entry => entry.Index)],
            check = [.. kept.Index().Where(entry => entry.Item).Select(entry => entry.Index)];
        Require.Positive(check.Length, "number of images to choose the penalty on, one of five of a class,");
        int[] trainLabels = [.. train.Select(row => labels[row])], checkLabels = [.. check.Select(row => labels[row])];
        var (trainRows, checkRows) = (features.Rows(train), features.Rows(check));
        (LinearProbe? Probe, double Penalty, double Accuracy) best = (null, 0, -1);
        LinearProbe? probe = null;
        foreach (var penalty in (penalties ?? UsualPenalties).OrderDescending())
        {
            probe = Fit(trainRows, trainLabels, classes, penalty, probe);
            var accuracy = Classification.Of(probe.Scores(checkRows), checkLabels).Top1;
            if (accuracy > best.Accuracy) best = (probe, penalty, accuracy);
        }
        return (Fit(features, labels, classes, best.Penalty, best.Probe), best.Penalty);
    }

    // Near the minimum rounding can stop the line search, and the iterations are limited: the best point seen is the answer.
    static Vector<double> Minimum(Func<Vector<double>, (double, Vector<double>)> loss, Vector<double> start)
    {
        var (least, best) = (double.PositiveInfinity, start);
        var objective = ObjectiveFunction.Gradient(at =>
        {
            var (value, gradient) = loss(at);
            if (value < least) (least, best) = (value, at.Clone());
            return (value, gradient);
        });
        try
        {
            new LimitedMemoryBfgsMinimizer(GradientTolerance, 0, 0, Memory, MaxIterations).FindMinimum(objective, start);
        }
        catch (OptimizationException)
        {
        }
        return best;
    }

    /// <summary>Logits (N, K).</summary>
    /// <exception cref="ArgumentException">The features have another width than those of the fit.</exception>
    public Vectors Scores(Vectors features)
    {
        Require.That(features.Width == mean.Length,
            $"features are {features.Width} wide, those it learned from {mean.Length}");
        var (x, width) = (Standardised(features, mean, deviation), mean.Length + 1);
        var logits = new Vectors(features.Count, weights.Length / width);
        Parallel.For(0, logits.Count, i =>
        {
            for (int k = 0; k < logits.Width; k++)
                logits[i, k] = (float)Dot(weights.AsSpan(k * width, width), x.AsSpan(i * width, width));
        });
        return logits;
    }

    // x is (N, C + 1) and w (K, C + 1), both row by row: everything is a product of contiguous rows.
    static (double, Vector<double>) Loss(double[] x, IReadOnlyList<int> labels, int classes, double penalty, Vector<double> flat)
    {
        int n = labels.Count, width = x.Length / n, blocks = (n + Block - 1) / Block;
        var w = flat.ToArray();
        var (losses, gradients) = (new double[blocks], new double[blocks][]);
        // Fixed blocks, summed in order: the result does not depend on the number of threads.
        Parallel.For(0, blocks, block =>
        {
            var (gradient, logits) = (gradients[block] = new double[w.Length], new double[classes]);
            for (int i = block * Block; i < Math.Min(n, (block + 1) * Block); i++)
            {
                var row = x.AsSpan(i * width, width);
                for (int k = 0; k < classes; k++) logits[k] = Dot(w.AsSpan(k * width, width), row);
                double peak = logits.Max(), log = peak + Math.Log(logits.Sum(logit => Math.Exp(logit - peak)));
                losses[block] += (log - logits[labels[i]]) / n;
                for (int k = 0; k < classes; k++)
                    AddScaled(row, (Math.Exp(logits[k] - log) - (k == labels[i] ? 1 : 0)) / n, gradient.AsSpan(k * width, width));
            }
        });
        var (loss, sum) = (losses.Sum(), new double[w.Length]);
        foreach (var gradient in gradients) AddScaled(gradient, 1, sum);
        for (int i = 0; i < w.Length; i++)
        {
            if (i % width == width - 1) continue;     // the bias is free
            loss += penalty / 2 * w[i] * w[i];
            sum[i] += penalty * w[i];
        }
        return (loss, Vector<double>.Build.Dense(sum));
    }

    static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var (sums, i) = (Lanes.Zero, 0);
        for (; i <= a.Length - Lanes.Count; i += Lanes.Count) sums += new Lanes(a[i..]) * new Lanes(b[i..]);
        double sum = System.Numerics.Vector.Sum(sums);
        for (; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    static void AddScaled(ReadOnlySpan<double> x, double factor, Span<double> y)
    {
        int i = 0;
        for (; i <= x.Length - Lanes.Count; i += Lanes.Count) (new Lanes(x[i..]) * factor + new Lanes(y[i..])).CopyTo(y[i..]);
        for (; i < x.Length; i++) y[i] += factor * x[i];
    }

    // With a column of ones for the bias.
    static double[] Standardised(Vectors features, double[] mean, double[] deviation)
    {
        var (n, width) = (features.Count, mean.Length + 1);
        var x = new double[n * width];
        for (int i = 0; i < n; i++)
        {
            for (int c = 0; c < mean.Length; c++) x[i * width + c] = (features[i, c] - mean[c]) / deviation[c];
            x[(i + 1) * width - 1] = 1;
        }
        return x;
    }
}
