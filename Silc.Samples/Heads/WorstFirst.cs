namespace Silc.Samples.Heads;

/// <summary>Of many things the few that scored lowest, and the first as they came.</summary>
/// <param name="most">How many of each.</param>
sealed class WorstFirst<T>(int most)
{
    readonly List<(double Score, T Thing)> worst = [];
    readonly List<T> first = [];

    /// <summary>Those that scored lowest, the lowest first, of equal scores the earlier.</summary>
    public IReadOnlyList<T> Worst => [.. worst.Select(one => one.Thing)];

    /// <summary>The first.</summary>
    public IReadOnlyList<T> First => first;

    public void Add(double score, T thing)
    {
        if (first.Count < most) first.Add(thing);
        int at = worst.FindIndex(one => one.Score > score);
        if (at < 0) at = worst.Count;
        if (at >= most) return;
        worst.Insert(at, (score, thing));
        if (worst.Count > most) worst.RemoveAt(most);
    }
}
