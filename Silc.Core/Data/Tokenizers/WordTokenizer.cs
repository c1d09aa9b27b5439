namespace Silc;

/// <summary>
/// Whole words by hashing, without a vocabulary file: lower case, split at everything but letters and digits, id = 2 + hash mod
/// (size - 2). Short rows and one embedding a word suit small closed vocabularies, such as the demo's; two words may share an id.
/// Weinberger et al. 2009, arXiv:0902.2206.
/// </summary>
/// <param name="vocabSize">Ids; ten times the number of words or more keeps them apart.</param>
public sealed class WordTokenizer(int vocabSize = WordTokenizer.UsualSize) : Tokenizer
{
    internal const int UsualSize = 4096;

    const int End = 1, FirstWord = 2;

    /// <inheritdoc/>
    public override int VocabSize => vocabSize;

    /// <inheritdoc/>
    public override TokenizerOrigin Origin => new(Tokenizers.WordsName(vocabSize));

    /// <inheritdoc/>
    public override int[] Encode(string text)
    {
        var ids = new List<int>();
        for (int start = 0; start < text.Length;)
        {
            int end = start;
            while (end < text.Length && char.IsLetterOrDigit(text[end])) end++;
            if (end > start) ids.Add(FirstWord + (int)(Hash(text.AsSpan(start, end - start)) % (uint)(vocabSize - FirstWord)));
            start = end + 1;
        }
        return [.. ids];
    }

    /// <inheritdoc/>
    public override int[] Tokens(string text, int length) => TokenRow.Of(Encode(text), length, End);

    // FNV-1a over UTF-16 units: string.GetHashCode differs from run to run.
    static uint Hash(ReadOnlySpan<char> word)
    {
        uint hash = 2166136261;
        foreach (var letter in word) hash = (hash ^ char.ToLowerInvariant(letter)) * 16777619;
        return hash;
    }
}
