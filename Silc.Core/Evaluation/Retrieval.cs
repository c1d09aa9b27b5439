namespace Silc;

/// <summary>
/// Retrieval between images (N, C) and captions (M, C) by cosine similarity, several captions to an image as in COCO. Rows need
/// not be normalised; of equal scores the lower index comes first. Threads: any number may call.
/// </summary>
/// <example>
/// <code>
/// Recall recall = Retrieval.TextToImage(model.EmbedImages(images), model.EmbedTexts(captions));
/// Console.WriteLine($"of the captions {recall.At1:P1} find their image first, {recall.At5:P1} among five");
/// </code>
/// </example>
public static class Retrieval
{
    const int Deepest = 10;

    /// <summary>Images look for captions: a hit is any caption of the image. Images without a caption do not count.</summary>
    /// <param name="images">Image embeddings (N, C).</param>
    /// <param name="texts">Caption embeddings (M, C).</param>
    /// <param name="imageOfText">Image of each caption; null means caption i belongs to image i.</param>
    /// <param name="search">Finds neighbours; null does so on the processor. A device's search takes hundreds of thousands of rows.</param>
    /// <exception cref="ArgumentException">The numbers of rows do not fit each other, or no image has a caption.</exception>
    public static Recall ImageToText(Vectors images, Vectors texts, IReadOnlyList<int>? imageOfText = null,
        NeighbourSearch? search = null) =>
        ImageToText(images, texts, Pairs(images, texts, imageOfText), search);

    /// <summary>Captions look for their image.</summary>
    /// <param name="images">Image embeddings (N, C).</param>
    /// <param name="texts">Caption embeddings (M, C).</param>
    /// <param name="imageOfText">Image of each caption; null means caption i belongs to image i.</param>
    /// <param name="search">Finds neighbours; null does so on the processor.</param>
    /// <exception cref="ArgumentException">The numbers of rows do not fit each other, or there is no caption.</exception>
    public static Recall TextToImage(Vectors images, Vectors texts, IReadOnlyList<int>? imageOfText = null,
        NeighbourSearch? search = null) =>
        TextToImage(images, texts, Pairs(images, texts, imageOfText), search);

    /// <summary>Images look for captions: a hit is any caption that belongs to the image. Images without a caption do not count.</summary>
    /// <param name="images">Image embeddings (N, C).</param>
    /// <param name="texts">Caption embeddings (M, C).</param>
    /// <param name="pairs">What belongs together.</param>
    /// <param name="search">Finds neighbours; null does so on the processor.</param>
    /// <exception cref="ArgumentException">The numbers of rows are not those of the pairs, or no image has a caption.</exception>
    public static Recall ImageToText(Vectors images, Vectors texts, RetrievalPairs pairs, NeighbourSearch? search = null) =>
        Measure(images, texts, pairs.TextsOfImage, search);

    /// <summary>Captions look for images: a hit is any image that the caption belongs to.</summary>
    /// <param name="images">Image embeddings (N, C).</param>
    /// <param name="texts">Caption embeddings (M, C).</param>
    /// <param name="pairs">What belongs together.</param>
    /// <param name="search">Finds neighbours; null does so on the processor.</param>
    /// <exception cref="ArgumentException">The numbers of rows are not those of the pairs, or no caption has an image.</exception>
    public static Recall TextToImage(Vectors images, Vectors texts, RetrievalPairs pairs, NeighbourSearch? search = null) =>
        Measure(texts, images, pairs.ImagesOfText, search);

    static Recall Measure(Vectors queries, Vectors candidates, IReadOnlyList<IReadOnlyList<int>> matches,
        NeighbourSearch? search)
    {
        Require.That(matches.Count == queries.Count, $"{queries.Count} queries, but pairs of {matches.Count}");
        var found = (search ?? Neighbours.Find)(
            queries.Unit(), candidates.Unit(), Math.Min(Deepest, candidates.Count));
        int[] ranks = [.. Enumerable.Range(0, found.Count).Where(query => matches[query].Count > 0)
            .Select(query => Rank(found, query, matches[query]))];
        Require.Positive(ranks.Length, "number of queries that have a match");
        double At(int k) => ranks.Count(rank => rank < k) / (double)ranks.Length;
        return new(At(1), At(5), At(Deepest));
    }

    // Number of candidates before the first match; past the list if none is in it.
    static int Rank(Neighbours found, int query, IReadOnlyList<int> matches)
    {
        for (int rank = 0; rank < found.K; rank++)
            if (matches.Contains(found.Index[query, rank])) return rank;
        return int.MaxValue;
    }

    static RetrievalPairs Pairs(Vectors images, Vectors texts, IReadOnlyList<int>? imageOfText)
    {
        Vectors.RequireSameWidth(images, texts);
        return RetrievalPairs.Of(images.Count, texts.Count, imageOfText);
    }
}

/// <summary>Share of the queries that find a match among the first 1, 5 and 10. Threads: immutable; any number may share it.</summary>
/// <param name="At1">Recall@1.</param>
/// <param name="At5">Recall@5.</param>
/// <param name="At10">Recall@10.</param>
public sealed record Recall(double At1, double At5, double At10);
