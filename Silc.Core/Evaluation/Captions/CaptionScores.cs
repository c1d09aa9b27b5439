namespace Silc;

/// <summary>
/// How close captions are to those that people wrote. Words are those of <see cref="CaptionWords"/>; BLEU, CIDEr-D and ROUGE-L agree with
/// pycocoevalcap on the same words. METEOR and SPICE are Java programs with data of their own: write <see cref="CaptionResults"/> for them.
/// Threads: immutable.
/// </summary>
/// <example>
/// <code>
/// var scores = CaptionScores.Of(["a cat on a sofa", "two dogs"], [["a cat sits on a sofa", "a cat"], ["two dogs play"]]);
/// Console.WriteLine($"CIDEr-D {scores.CiderD:0.000}, BLEU-4 {scores.Bleu[3]:0.000}");
/// </code>
/// </example>
/// <param name="Bleu">BLEU-1 to BLEU-4 of the whole set, 0 to 1.</param>
/// <param name="CiderD">Mean of <see cref="CiderDOfEach"/>, 0 to 10. Papers print it times 100: 1.41 as 141.</param>
/// <param name="CiderDOfEach">CIDEr-D of each caption.</param>
/// <param name="RougeL">Mean of ROUGE-L, 0 to 1.</param>
/// <param name="Exact">Share of the captions whose words are those of a reference.</param>
public sealed record CaptionScores(
    IReadOnlyList<double> Bleu, double CiderD, IReadOnlyList<double> CiderDOfEach, double RougeL, double Exact)
{
    /// <summary>Scores one caption for each image.</summary>
    /// <param name="captions">What was said; an empty one scores 0.</param>
    /// <param name="references">One or more captions that people wrote, of each image.</param>
    /// <exception cref="ArgumentException">
    /// The numbers differ, an image has no reference, or there is one image alone: CIDEr-D weighs words by how few images have them.
    /// </exception>
    public static CaptionScores Of(IReadOnlyList<string> captions, IReadOnlyList<IReadOnlyList<string>> references) =>
        OfWords([.. captions.Select(CaptionWords.Of)],
            [.. references.Select(image => (IReadOnlyList<IReadOnlyList<string>>)[.. image.Select(CaptionWords.Of)])]);

    /// <summary>The same of captions that are words already.</summary>
    /// <inheritdoc cref="Of"/>
    public static CaptionScores OfWords(IReadOnlyList<IReadOnlyList<string>> captions,
        IReadOnlyList<IReadOnlyList<IReadOnlyList<string>>> references)
    {
        Require.That(captions.Count == references.Count, $"{captions.Count} captions for {references.Count} images");
        Require.That(captions.Count > 1, $"CIDEr-D of {captions.Count} images says nothing: it weighs words by how few of the images have them; "
            + "score two or more together");
        foreach (var (i, image) in references.Index()) Require.That(image.Count > 0, $"image {i} has no reference");
        var pairs = captions.Zip(references).ToArray();
        var cider = Silc.CiderD.Of(pairs);
        return new(CorpusBleu.Of(pairs), cider.Average(), cider, pairs.Average(pair => RougeLOf(pair.First, pair.Second)),
            pairs.Average(pair => pair.Second.Any(reference => reference.SequenceEqual(pair.First)) ? 1.0 : 0));
    }

    // Recall counts 1.2 times as much as precision; each is that of the best reference.
    static double RougeLOf(IReadOnlyList<string> caption, IReadOnlyList<IReadOnlyList<string>> references)
    {
        const double Beta = 1.2;
        if (caption.Count == 0) return 0;
        int[] common = [.. references.Select(reference => LongestCommon(caption, reference))];
        double precision = common.Max() / (double)caption.Count;
        double recall = common.Zip(references).Max(pair => pair.First / (double)Math.Max(1, pair.Second.Count));
        return precision == 0 ? 0 : (1 + Beta * Beta) * precision * recall / (recall + Beta * Beta * precision);
    }

    // Length of the longest sequence of words that both have, with gaps.
    static int LongestCommon(IReadOnlyList<string> a, IReadOnlyList<string> b)
    {
        var row = new int[b.Count + 1];
        foreach (var word in a)
            for (int j = 1, corner = 0; j <= b.Count; j++)
                (corner, row[j]) = (row[j], word == b[j - 1] ? corner + 1 : Math.Max(row[j], row[j - 1]));
        return row[^1];
    }
}
