namespace Silc;

/// <summary>
/// DINO's k-nearest-neighbour classifier on frozen features (Caron et al. 2021, arXiv:2104.14294; Wu et al. 2018,
/// arXiv:1805.01978): each of the k nearest known images votes for its class with weight exp(cosine / 0.07).
/// Threads: any number may call.
/// </summary>
public static class KnnClassifier
{
    const double Temperature = 0.07;

    /// <summary>The k that DINO reports.</summary>
    public static IReadOnlyList<int> UsualK { get; } = [10, 20, 100, 200];

    /// <summary>Votes (N, K) for each query, for every k in turn; rows need not be normalised.</summary>
    /// <param name="known">Features (M, C) whose classes are known.</param>
    /// <param name="labels">Their classes.</param>
    /// <param name="queries">Features (N, C).</param>
    /// <param name="classes">Number of classes K.</param>
    /// <param name="ks">How many neighbours vote; at most M.</param>
    /// <param name="search">Finds neighbours; null does so on the processor.</param>
    public static IEnumerable<(int K, Vectors Votes)> Votes(
        Vectors known, IReadOnlyList<int> labels, Vectors queries, int classes, IReadOnlyList<int> ks,
            NeighbourSearch? search = null)
    {
        Require.That(labels.Count == known.Count, $"{labels.Count} labels for {known.Count} features");
        foreach (var label in labels) Require.Within(label, 0, classes - 1, "label");
        foreach (var k in ks) Require.Within(k, 1, known.Count, "number of neighbours");
        var found = (search ?? Neighbours.Find)(queries.Unit(), known.Unit(), ks.Max());
        foreach (var k in ks)
        {
            var votes = new Vectors(found.Count, classes);
            Parallel.For(0, found.Count, query =>
            {
                var sums = new double[classes];
                for (int i = 0; i < k; i++) sums[labels[found.Index[query, i]]] += Math.Exp(found.Score[query, i] / Temperature);
                for (int c = 0; c < classes; c++) votes[query, c] = (float)sums[c];
            });
            yield return (k, votes);
        }
    }
}
