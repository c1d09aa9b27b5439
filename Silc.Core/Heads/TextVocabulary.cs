namespace Silc;

/// <summary>
/// The words that a decoder writes and reads, whole and in lower case, and a few ids besides. A vocabulary of its own rather than the tower's: that
/// of hashed words cannot be turned back, and a tower may have none. Threads: immutable; any number may share it.
/// </summary>
/// <param name="words">In the order of their ids, from <see cref="FirstWord"/> on.</param>
sealed class TextVocabulary(IReadOnlyList<string> words)
{
    public const int Padding = 0, Begin = 1, End = 2, Unknown = 3, Separator = 4, FirstWord = 5;

    readonly Dictionary<string, int> ids = words.Index().ToDictionary(word => word.Item, word => FirstWord + word.Index);

    /// <summary>Number of ids.</summary>
    public int Count => FirstWord + words.Count;

    /// <summary>Ids that no text contains: a search leaves them out.</summary>
    public static IReadOnlyList<int> Barred { get; } = [Padding, Begin, Unknown, Separator];

    /// <summary>The words of texts, the most frequent first, of equal frequency in the order of their code points.</summary>
    /// <param name="texts">Each as its words.</param>
    /// <param name="leastUses">Rarer words are left out.</param>
    public static IReadOnlyList<string> Choose(IEnumerable<IReadOnlyList<string>> texts, int leastUses)
    {
        var uses = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var text in texts)
            foreach (var word in text) uses[word] = uses.GetValueOrDefault(word) + 1;
        return [.. uses.Where(word => word.Value >= leastUses).OrderByDescending(word => word.Value).ThenBy(word => word.Key, StringComparer.Ordinal)
            .Select(word => word.Key)];
    }

    /// <summary>Words of a caption or a question.</summary>
    public static IReadOnlyList<string> Words(string text) => CaptionWords.Of(text);

    /// <summary>Words of an answer: what stands between spaces, for <c>1:30</c> and <c>t-shirt</c> are compared as they are written.</summary>
    public static IReadOnlyList<string> AnswerWords(string text) =>
        text.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The ids of words; <see cref="Unknown"/> for those that are not here.</summary>
    public int[] Encode(IEnumerable<string> text) => [.. text.Select(word => ids.GetValueOrDefault(word, Unknown))];

    /// <summary>The words of ids with spaces between them; other ids are left out.</summary>
    public string Decode(IEnumerable<int> text) => string.Join(' ', text.Where(id => id >= FirstWord).Select(id => words[id - FirstWord]));
}
