namespace Silc;

/// <summary>
/// How well scores (N, K) name the classes of N images; of equal scores the lower class comes first.
/// Threads: any number may read it, while nobody changes its arrays.
/// </summary>
/// <param name="Top1">Share whose class scores highest.</param>
/// <param name="Top5">Share whose class is among the five highest, or all if there are fewer.</param>
/// <param name="Confusion">What each class was taken for.</param>
public sealed record Classification(double Top1, double Top5, ConfusionMatrix Confusion)
{
    /// <summary>Counts hits.</summary>
    /// <param name="scores">Scores (N, K), higher for likelier classes.</param>
    /// <param name="labels">The true class of each row, N of them.</param>
    /// <exception cref="ArgumentException">No labels, another number of labels than scores, or a label that is no class.</exception>
    public static Classification Of(Vectors scores, IReadOnlyList<int> labels)
    {
        var (count, classes) = (scores.Count, scores.Width);
        Require.That(labels.Count == count && count > 0, $"{labels.Count} labels for the scores of {count} images");
        foreach (var label in labels) Require.Within(label, 0, classes - 1, "label");
        var best = new int[count][];
        Parallel.For(0, count, i => best[i] = TopK.Of(scores.Row(i), Math.Min(5, classes)));
        var confusion = new ConfusionMatrix(classes);
        confusion.Add(labels, [.. best.Select(found => found[0])]);
        double hits = best.Index().Count(entry => entry.Item.Contains(labels[entry.Index]));
        return new(confusion.Accuracy, hits / count, confusion);
    }
}
