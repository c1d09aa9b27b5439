namespace Silc.Samples.Evaluation;

/// <summary>The one number of an evaluation, beside what needs no model.</summary>
/// <param name="What">What was asked, of which images.</param>
/// <param name="Metric">Name of the number, and what answered.</param>
/// <param name="Value">A fraction.</param>
/// <param name="Beside">Chance, or the most frequent answer.</param>
/// <param name="BesideValue">Its fraction.</param>
/// <param name="Count">Images that were asked.</param>
sealed record Headline(string What, string Metric, double Value, string Beside, double BesideValue, int Count)
{
    // Of a number drawn by chance one in forty lies higher.
    const double StandardErrors = 2;

    /// <summary>True for a value that knowing nothing may give as well.</summary>
    public bool IsChance => Value <= BesideValue + StandardErrors * Math.Sqrt(BesideValue * (1 - BesideValue) / Math.Max(1, Count));

    /// <summary>Of each set of images the first metric of the line whose method contains <paramref name="method"/>.</summary>
    public static IEnumerable<Headline> Of(string what, IReadOnlyList<Score> scores, string method, string beside) =>
        from set in scores.GroupBy(score => score.Images)
        let line = set.FirstOrDefault(score => score.Method.Contains(method))
        let other = set.FirstOrDefault(score => score.Method.StartsWith(beside, StringComparison.Ordinal))
        where line is not null && other is not null
        select new Headline($"{what}: {set.Key}",
            $"{line.Metrics[0].Name}, {line.Method}", line.Metrics[0].Value, other.Method.Split(',', ':')[0], other.Metrics[0].Value, line.Count);
}
