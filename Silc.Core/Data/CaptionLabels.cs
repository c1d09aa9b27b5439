namespace Silc;

/// <summary>
/// What a decoder reads and has to say of captions: each token up to the end of the caption, and the end. It reads the token before, and at first one
/// that begins; or, where all are to be said at once, one that hides them. Both are ids past the vocabulary. Threads: any number may call.
/// </summary>
sealed class CaptionLabels
{
    readonly Tokenizer tokenizer;
    readonly int begin, hidden, end;

    /// <exception cref="ArgumentException">There is no tokenizer, or none that ends captions.</exception>
    public CaptionLabels(Tokenizer? tokenizer, int vocabulary)
    {
        Require.That(tokenizer is not null,
            "the decoder loss has to know where captions end, and this model has no tokenizer: make it with one, or set "
            + "DecoderWeight to 0 (--decoder 0)");
        (this.tokenizer, begin, hidden, end) = (tokenizer!, vocabulary, vocabulary + 1, EndOf(tokenizer!));
    }

    // What stands behind every short caption: the token in front of the padding, unless it is the caption's own, or the padding.
    static int EndOf(Tokenizer tokenizer)
    {
        const int room = 16;
        int[] empty = tokenizer.Tokens("", room), letter = tokenizer.Tokens("a", room);
        Require.That(empty[^1] == letter[^1], "this tokenizer does not end captions, and the decoder loss has to know where they end: take one that "
            + "does (--tokenizer), or set DecoderWeight to 0 (--decoder 0)");
        int padding = empty[^1];
        int Before(int[] row) => Array.FindLastIndex(row, id => id != padding) is >= 0 and var at ? row[at] : padding;
        return Before(empty) == Before(letter) ? Before(empty) : padding;
    }

    /// <summary>Tokens at the beginning of each text that begins with these words, what begins every text among them.</summary>
    public int InFront(string words, int length)
    {
        int[] alone = tokenizer.Tokens(words, length), followed = tokenizer.Tokens($"{words} a", length);
        return alone.Zip(followed).TakeWhile(pair => pair.First == pair.Second).Count();
    }

    /// <summary>
    /// Inputs, labels, which are -1 where they do not count, and weights, which add up to <paramref name="each"/> for each caption; a row that begins
    /// with <see cref="LocatedTexts.None"/> has no caption, and weighs nothing.
    /// </summary>
    /// <param name="tokens">Captions of so many tokens, one after another.</param>
    /// <param name="length">Tokens of a caption.</param>
    /// <param name="atOnce">All are to be said at once.</param>
    /// <param name="each">Weight of a caption.</param>
    /// <param name="prefix">Tokens at its beginning that are read and not said.</param>
    public (int[] Inputs, int[] Labels, float[] Weights) Of(ReadOnlySpan<int> tokens, int length, bool atOnce, double each, int prefix = 0)
    {
        int[] inputs = new int[tokens.Length], labels = new int[tokens.Length];
        var weights = new float[tokens.Length];
        for (int start = 0; start < tokens.Length; start += length)
        {
            var caption = tokens.Slice(start, length);
            int ends = caption.IndexOf(end), read = ends < 0 ? length : ends + 1, said = caption[0] == LocatedTexts.None ? 0 : read - prefix;
            for (int t = 0; t < length; t++)
            {
                inputs[start + t] = atOnce ? hidden : t == 0 || caption[0] == LocatedTexts.None ? begin : caption[t - 1];
                labels[start + t] = said > 0 && t >= prefix && t < read ? caption[t] : -1;
                weights[start + t] = said > 0 ? (float)(each / said) : 0;
            }
        }
        return (inputs, labels, weights);
    }
}
