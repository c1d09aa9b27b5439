namespace Silc;

/// <summary>Runs of words and how often they occur. Threads: any number may call.</summary>
static class NGrams
{
    /// <summary>Counts of the runs of <paramref name="n"/> words, each written with spaces between.</summary>
    public static Dictionary<string, int> Count(IReadOnlyList<string> words, int n)
    {
        var counts = new Dictionary<string, int>();
        for (int i = 0; i + n <= words.Count; i++)
        {
            var key = string.Join(' ', words.Skip(i).Take(n));
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }
        return counts;
    }
}
