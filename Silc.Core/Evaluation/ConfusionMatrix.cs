namespace Silc;

/// <summary>
/// How often each class was taken for each other, over a whole data set: images in classification, pixels in segmentation.
/// Labels below 0 are ignored. Threads: one at a time.
/// </summary>
public sealed class ConfusionMatrix
{
    readonly long[] counts;

    /// <summary>An empty matrix of <paramref name="classes"/> classes.</summary>
    /// <exception cref="ArgumentException"><paramref name="classes"/> is not positive.</exception>
    public ConfusionMatrix(int classes)
    {
        Require.Positive(classes, "number of classes");
        Classes = classes;
        counts = new long[(long)classes * classes];
    }

    /// <summary>Number of classes K.</summary>
    public int Classes { get; }

    /// <summary>Items of class <paramref name="truth"/> that were taken for <paramref name="predicted"/>.</summary>
    public long this[int truth, int predicted] => counts[(long)truth * Classes + predicted];

    /// <summary>Items counted.</summary>
    public long Total => counts.Sum();

    /// <summary>Share of the items that are right; NaN without items.</summary>
    public double Accuracy => Enumerable.Range(0, Classes).Sum(c => this[c, c]) / (double)Total;

    /// <summary>Counts items by their labels; a truth below 0 is not counted.</summary>
    /// <exception cref="ArgumentException">The lengths differ, or a label is no class.</exception>
    public void Add(IReadOnlyList<int> truth, IReadOnlyList<int> predicted)
    {
        Require.That(truth.Count == predicted.Count, $"{predicted.Count} predictions for {truth.Count} labels");
        for (int i = 0; i < truth.Count; i++)
        {
            int of = truth[i], to = predicted[i];
            if (of < 0) continue;
            if (of >= Classes) throw new ArgumentException($"label {of} is not among the {Classes} classes 0 to {Classes - 1}");
            if (to < 0 || to >= Classes) throw new ArgumentException(
                $"prediction {to} is not among the {Classes} classes 0 to {Classes - 1}");
            counts[(long)of * Classes + to]++;
        }
    }

    /// <summary>Counts <paramref name="items"/> items of one class that were taken for another.</summary>
    /// <exception cref="ArgumentException">A label is no class.</exception>
    public void Add(int truth, int predicted, long items)
    {
        Require.Within(truth, 0, Classes - 1, "label");
        Require.Within(predicted, 0, Classes - 1, "prediction");
        counts[(long)truth * Classes + predicted] += items;
    }

    /// <summary>Recall of each class (K): the fraction of its items that are right; NaN for a class without items.</summary>
    public double[] PerClassAccuracy() => [.. Enumerable.Range(0, Classes).Select(c => this[c, c] / (double)Of(c))];

    /// <summary>Intersection over union of each class (K), TP / (TP + FP + FN); NaN where the union is empty.</summary>
    public double[] IntersectionOverUnion() =>
        [.. Enumerable.Range(0, Classes).Select(c => this[c, c] / (double)(Of(c) + TakenFor(c) - this[c, c]))];

    /// <summary>Mean of <see cref="IntersectionOverUnion"/> over the classes whose union is not empty; NaN if there is none.</summary>
    public double MeanIntersectionOverUnion()
    {
        var known = IntersectionOverUnion().Where(double.IsFinite).ToList();
        return known.Count > 0 ? known.Average() : double.NaN;
    }

    /// <summary>
    /// The same over some classes, by one of the two rules in use: over those of which the truth has items, as newer detectron2 averages, or also
    /// over those that were only predicted, which count 0, as older detectron2 and mmseg do. NaN if there is none.
    /// </summary>
    /// <param name="inTruthAlone">The first rule.</param>
    /// <param name="among">Which classes; null means all.</param>
    public double MeanIntersectionOverUnion(bool inTruthAlone, Func<int, bool>? among = null)
    {
        var known = IntersectionOverUnion().Index().Where(entry => double.IsFinite(entry.Item) && among?.Invoke(entry.Index) != false
            && (!inTruthAlone || Of(entry.Index) > 0)).Select(entry => entry.Item).ToList();
        return known.Count > 0 ? known.Average() : double.NaN;
    }

    /// <summary>Intersection over union, the mean weighted by how many items each class has; NaN without items.</summary>
    public double FrequencyWeightedIntersectionOverUnion()
    {
        var each = IntersectionOverUnion();
        return Enumerable.Range(0, Classes).Where(c => Of(c) > 0).Sum(c => each[c] * Of(c)) / Total;
    }

    long Of(int truth) => Enumerable.Range(0, Classes).Sum(predicted => this[truth, predicted]);

    long TakenFor(int predicted) => Enumerable.Range(0, Classes).Sum(truth => this[truth, predicted]);
}
