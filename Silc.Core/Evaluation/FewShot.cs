namespace Silc;

/// <summary>Accuracy of a classifier that saw a few images of each class. Threads: immutable; any number may share it.</summary>
/// <param name="Shots">Images of each class.</param>
/// <param name="Accuracies">One for each draw of those images.</param>
public sealed record FewShotScore(int Shots, IReadOnlyList<double> Accuracies)
{
    /// <summary>Mean over the draws.</summary>
    public double Mean => Accuracies.Average();

    /// <summary>Standard deviation over the draws.</summary>
    public double Spread => Math.Sqrt(Accuracies.Average(accuracy => (accuracy - Mean) * (accuracy - Mean)));
}

/// <summary>
/// big_vision's few-shot evaluation: <see cref="RidgeProbe"/> on 1, 5, 10 and 25 images of each class, three draws.
/// Threads: any number may call.
/// </summary>
public static class FewShot
{
    /// <summary>The numbers of images that big_vision reports.</summary>
    public static IReadOnlyList<int> UsualShots { get; } = [1, 5, 10, 25];

    /// <summary>Learns from a few rows of each class and classifies the test rows.</summary>
    /// <param name="known">Features (M, C) to learn from.</param>
    /// <param name="labels">Their classes.</param>
    /// <param name="test">Features (N, C) to classify.</param>
    /// <param name="testLabels">Their classes.</param>
    /// <param name="shots">Rows of each class.</param>
    /// <param name="seeds">Draws.</param>
    /// <param name="ridge">λ of the regression.</param>
    /// <exception cref="ArgumentException">A class has fewer rows than that.</exception>
    public static FewShotScore Score(
        Vectors known, IReadOnlyList<int> labels, Vectors test, IReadOnlyList<int> testLabels, int shots, int seeds = 3,
            double ridge = 1024)
    {
        Require.Positive(seeds, "number of draws");
        int classes = Math.Max(labels.Max(), testLabels.Max()) + 1;
        return new(shots, [.. Enumerable.Range(0, seeds).Select(seed =>
        {
            var rows = Draw(labels, shots, seed);
            var probe = new RidgeProbe(known.Rows(rows), [.. rows.Select(row => labels[row])], classes, ridge);
            return Classification.Of(probe.Scores(test), testLabels).Top1;
        })]);
    }

    /// <summary>Random rows of each class, of their own stream for each class and seed.</summary>
    internal static int[] Draw(IReadOnlyList<int> labels, int shots, int seed)
    {
        Require.Positive(shots, "number of shots");
        return [.. labels.Index().GroupBy(entry => entry.Item, entry => entry.Index).OrderBy(group => group.Key)
            .SelectMany(group =>
        {
            int[] rows = [.. group];
            Require.That(rows.Length >= shots,
                $"class {group.Key} has {rows.Length} images, {shots} shots want more: use fewer shots");
            var random = new Philox((ulong)seed, (ulong)group.Key);
            for (int i = 0; i < shots; i++)
            {
                int other = i + random.NextInt(rows.Length - i);
                (rows[i], rows[other]) = (rows[other], rows[i]);
            }
            return rows[..shots];
        })];
    }
}
