namespace Silc;

/// <summary>
/// Precision at 101 recalls and the last recall, of every category (K), area range (A), limit of detections (M) and threshold of IoU (T); -1
/// where a category has no truth in the range. Threads: immutable once measured.
/// </summary>
sealed class PrecisionTable(int categories, int areas, int limits)
{
    /// <summary>Thresholds of IoU, .50 to .95 by .05, to the last bit those of numpy.linspace, which the official programs take.</summary>
    public static IReadOnlyList<double> Thresholds { get; } = Steps(0.5, 0.95, 10);

    /// <summary>Recalls at which precision is read, 0 to 1 by .01.</summary>
    public static IReadOnlyList<double> Recalls { get; } = Steps(0, 1, 101);

    readonly double[] precision = Filled(categories * areas * limits * 10 * 101);
    readonly double[] recall = Filled(categories * areas * limits * 10);

    public int Categories => categories;

    /// <summary>The 101 precisions at a threshold.</summary>
    public Span<double> Precision(int category, int area, int limit, int threshold) =>
        precision.AsSpan(Place(category, area, limit, threshold) * Recalls.Count, Recalls.Count);

    /// <summary>The last recall at a threshold.</summary>
    public ref double Recall(int category, int area, int limit, int threshold) => ref recall[Place(category, area, limit, threshold)];

    /// <summary>Mean precision over recalls, thresholds and those of the categories that have a truth; -1 if none has.</summary>
    public double MeanPrecision(IEnumerable<int> of, int area, int limit, int? threshold = null)
    {
        var (sum, count) = (0.0, 0L);
        foreach (int category in of)
            foreach (int t in threshold is { } one ? [one] : Enumerable.Range(0, Thresholds.Count))
                foreach (double value in Precision(category, area, limit, t))
                    if (value > -1) (sum, count) = (sum + value, count + 1);
        return count == 0 ? -1 : sum / count;
    }

    /// <summary>Mean of the last recalls over thresholds and those of the categories that have a truth; -1 if none has.</summary>
    public double MeanRecall(IEnumerable<int> of, int area, int limit)
    {
        var (sum, count) = (0.0, 0L);
        foreach (int category in of)
            for (int t = 0; t < Thresholds.Count; t++)
                if (Recall(category, area, limit, t) is > -1 and var value) (sum, count) = (sum + value, count + 1);
        return count == 0 ? -1 : sum / count;
    }

    int Place(int category, int area, int limit, int threshold) =>
        ((category * areas + area) * limits + limit) * Thresholds.Count + threshold;

    static double[] Filled(int count)
    {
        var values = new double[count];
        Array.Fill(values, -1);
        return values;
    }

    static double[] Steps(double first, double last, int count)
    {
        double step = (last - first) / (count - 1);
        double[] steps = [.. Enumerable.Range(0, count).Select(i => i * step + first)];
        steps[^1] = last;
        return steps;
    }
}
