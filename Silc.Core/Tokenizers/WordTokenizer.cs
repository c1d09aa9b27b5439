namespace Silc;

/// <summary>
/// Whole words by hashing, without a vocabulary file: composed letters (NFC), lower case, split where Unicode's rules end a word, id = 2 + hash mod
/// (size - 2). Short rows and one embedding a word suit small closed vocabularies, such as the demo's; two words may share an id.
/// Weinberger et al. 2009, arXiv:0902.2206. Safe to call from several threads.
/// </summary>
/// <param name="vocabSize">Ids; ten times the number of words or more keeps them apart.</param>
public sealed class WordTokenizer(int vocabSize = WordTokenizer.UsualSize) : Tokenizer
{
    internal const int UsualSize = 4096;

    const int End = 1, FirstWord = 2;

    /// <inheritdoc/>
    public override int VocabSize => vocabSize;

    /// <inheritdoc/>
    public override string Fingerprint => Tokenizers.WordsName(vocabSize);

    /// <inheritdoc/>
    public override TokenizerOrigin Origin => new(Tokenizers.WordsName(vocabSize));

    /// <inheritdoc/>
    public override int[] Encode(string text)
    {
        text = Nfc.Of(text);
        return [.. WordBreaks.Of(text).Select(word => Id(text.AsSpan(word.Start, word.End - word.Start)))];
    }

    int Id(ReadOnlySpan<char> word) => FirstWord + (int)(Hash(word) % (uint)(vocabSize - FirstWord));

    /// <inheritdoc/>
    public override int[] Tokens(string text, int length) => TokenRow.Of(Encode(text), length, End);

    // FNV-1a over UTF-16 units: string.GetHashCode differs from run to run. Hyphens that do not show, and whether a sign is shown in colour,
    // make no other word.
    static uint Hash(ReadOnlySpan<char> word)
    {
        uint hash = 2166136261;
        foreach (var letter in word)
            if (letter is not ('\u00AD' or '\uFE0E' or '\uFE0F')) hash = (hash ^ char.ToLowerInvariant(letter)) * 16777619;
        return hash;
    }
}
