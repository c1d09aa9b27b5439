namespace Silc;

/// <summary>Suggests the known word that is nearest to a misspelt one: options, commands, columns and fields.</summary>
static class NearWord
{
    /// <summary>A question to put behind an error, or nothing if no word is near.</summary>
    public static string Hint(string given, IEnumerable<string> known) => Hint(given, known.Select(word => (word, word)));

    /// <summary>The same where a word may be spelled in several ways.</summary>
    public static string Hint(string given, IEnumerable<(string Spelled, string Word)> known)
    {
        given = given.ToLowerInvariant();
        var near = known.Distinct().Select(entry => (entry.Spelled, entry.Word, Distance: Distance(given, entry.Spelled.ToLowerInvariant())))
            .Where(entry => entry.Distance <= Math.Max(1, entry.Spelled.Length / 4) || Extends(given, entry.Spelled))
            .OrderBy(entry => entry.Distance).ThenBy(entry => entry.Word, StringComparer.Ordinal).Take(1).ToList();
        return near is [var best] ? $"; did you mean {best.Word}?" : "";
    }

    // --batch-size for --batch, --tok for --tokenizer.
    static bool Extends(string given, string word) => Math.Min(given.Length, word.Length) >= 5
        && (given.StartsWith(word, StringComparison.Ordinal) || word.StartsWith(given, StringComparison.Ordinal));

    /// <summary>Letters to insert, delete, replace or swap with their neighbour (Damerau 1964).</summary>
    internal static int Distance(string one, string other)
    {
        var table = new int[one.Length + 1, other.Length + 1];
        for (int i = 0; i <= one.Length; i++) table[i, 0] = i;
        for (int j = 0; j <= other.Length; j++) table[0, j] = j;
        for (int i = 1; i <= one.Length; i++)
            for (int j = 1; j <= other.Length; j++)
            {
                int change = table[i - 1, j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
                table[i, j] = Math.Min(change, Math.Min(table[i - 1, j], table[i, j - 1]) + 1);
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                    table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
            }
        return table[one.Length, other.Length];
    }
}
