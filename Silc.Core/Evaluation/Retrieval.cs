namespace Silc;

/// <summary>
/// Retrieval between images (N, C) and captions (M, C) by cosine similarity, several captions to an image as in COCO. Rows need
/// not be normalised; of equal scores the lower index comes first.
/// </summary>
public static class Retrieval
{
    /// <summary>Images look for captions: a hit is any caption of the image. Images without a caption do not count.</summary>
    /// <param name="images">Image embeddings (N, C).</param>
    /// <param name="texts">Caption embeddings (M, C).</param>
    /// <param name="imageOfText">Image of each caption; null means caption i belongs to image i.</param>
    public static Recall ImageToText(float[,] images, float[,] texts, IReadOnlyList<int>? imageOfText = null)
    {
        var owners = Owners(images, texts, imageOfText);
        var captions = owners.Select((image, text) => (image, text)).ToLookup(pair => pair.image, pair => pair.text);
        return Measure(images, texts, image => captions[image]);
    }

    /// <summary>Captions look for their image.</summary>
    /// <param name="images">Image embeddings (N, C).</param>
    /// <param name="texts">Caption embeddings (M, C).</param>
    /// <param name="imageOfText">Image of each caption; null means caption i belongs to image i.</param>
    public static Recall TextToImage(float[,] images, float[,] texts, IReadOnlyList<int>? imageOfText = null)
    {
        var owners = Owners(images, texts, imageOfText);
        return Measure(texts, images, text => [owners[text]]);
    }

    static Recall Measure(float[,] queries, float[,] candidates, Func<int, IEnumerable<int>> matches)
    {
        (queries, candidates) = (Embeddings.Normalize(queries), Embeddings.Normalize(candidates));
        var ranks = new int[queries.GetLength(0)];
        Parallel.For(0, ranks.Length, () => new float[candidates.GetLength(0)], (query, _, scores) =>
        {
            Embeddings.DotAll(queries, query, candidates, scores);
            ranks[query] = Rank(scores, matches(query));
            return scores;
        }, _ => { });
        var counted = ranks.Where(rank => rank >= 0).ToArray();
        double At(int k) => counted.Count(rank => rank < k) / (double)counted.Length;
        return new(At(1), At(5), At(10));
    }

    /// <summary>Number of candidates before the best match, -1 if nothing matches.</summary>
    static int Rank(float[] scores, IEnumerable<int> matches)
    {
        var best = -1;
        foreach (var match in matches)
            if (best < 0 || scores[match] > scores[best] || scores[match] == scores[best] && match < best) best = match;
        if (best < 0) return -1;
        var before = 0;
        for (var i = 0; i < scores.Length; i++)
            if (scores[i] > scores[best] || scores[i] == scores[best] && i < best) before++;
        return before;
    }

    static int[] Owners(float[,] images, float[,] texts, IReadOnlyList<int>? imageOfText)
    {
        Embeddings.RequireSameWidth(images, texts);
        var (imageCount, textCount) = (images.GetLength(0), texts.GetLength(0));
        Require.That(imageOfText is not null || imageCount == textCount,
            $"{textCount} captions for {imageCount} images: say which image each belongs to with imageOfText");
        int[] owners = imageOfText is null ? [.. Enumerable.Range(0, textCount)] : [.. imageOfText];
        Require.That(owners.Length == textCount, $"imageOfText has {owners.Length} entries for {textCount} captions");
        foreach (var owner in owners) Require.Within(owner, 0, imageCount - 1, "image of a caption");
        return owners;
    }
}
