namespace Silc.Samples.Evaluation;

/// <summary>A few captions of a set and the images that a model finds closest to each; every image that has the caption is a hit.</summary>
static class RetrievalSheet
{
    const int Queries = 8, Found = 8;

    /// <param name="model">Embeds the captions.</param>
    /// <param name="source">Images to find.</param>
    /// <param name="zImage">Their embeddings (N, C).</param>
    /// <param name="captionsOf">Captions of each.</param>
    public static IReadOnlyList<ContactSheetRow> Rows(
        SilcModel model, IImageTextSource source, Vectors zImage, Func<int, IReadOnlyList<string>> captionsOf)
    {
        // Spread over the set, whose neighbours may be of one class.
        string[] queries = [.. Enumerable.Range(0, source.Count).OrderBy(i => i * (long)Queries % source.Count).ThenBy(i => i)
            .Select(i => captionsOf(i)[0]).Distinct().Take(Queries)];
        var best = ZeroShot.TopK(model.EmbedTexts(queries), zImage, Math.Min(Found, source.Count));
        return [.. queries.Zip(best, (query, found) => new ContactSheetRow(query,
            [.. found.Select(i => new ContactSheetCell(source.Read(i).Image, captionsOf(i)[0], captionsOf(i).Contains(query)))]))];
    }
}
