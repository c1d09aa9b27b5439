namespace Silc;

/// <summary>
/// What a decoder reads and has to say of captions: each token up to the end of the caption, and the end. It reads the token before, and at first one
/// that begins; or, where all are to be said at once, one that hides them. Both are ids past the vocabulary. Threads: any number may call.
/// </summary>
sealed class CaptionLabels
{
    readonly int begin, hidden, end;

    /// <exception cref="ArgumentException">There is no tokenizer, or none that ends captions.</exception>
    public CaptionLabels(Tokenizer? tokenizer, int vocabulary)
    {
        Require.That(tokenizer is not null,
            "the decoder loss has to know where captions end, and this model has no tokenizer: make it with one, or set "
            + "DecoderWeight to 0 (--decoder 0)");
        (begin, hidden, end) = (vocabulary, vocabulary + 1, EndOf(tokenizer!));
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

    /// <summary>
    /// Inputs, labels, which are -1 where they do not count, and weights, which add up to <paramref name="each"/> for each caption.
    /// </summary>
    /// <param name="tokens">Captions of so many tokens, one after another.</param>
    /// <param name="length">Tokens of a caption.</param>
    /// <param name="atOnce">All are to be said at once.</param>
    /// <param name="each">Weight of a caption.</param>
    public (int[] Inputs, int[] Labels, float[] Weights) Of(ReadOnlySpan<int> tokens, int length, bool atOnce, double each)
    {
        int[] inputs = new int[tokens.Length], labels = new int[tokens.Length];
        var weights = new float[tokens.Length];
        for (int start = 0; start < tokens.Length; start += length)
        {
            var caption = tokens.Slice(start, length);
            int ends = caption.IndexOf(end), said = ends < 0 ? length : ends + 1;
            for (int t = 0; t < length; t++)
            {
                inputs[start + t] = atOnce ? hidden : t == 0 ? begin : caption[t - 1];
                labels[start + t] = t < said ? caption[t] : -1;
                weights[start + t] = (float)(each / said);
            }
        }
        return (inputs, labels, weights);
    }
}
