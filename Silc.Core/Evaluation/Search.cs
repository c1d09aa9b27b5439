namespace Silc;

/// <summary>Something found in an <see cref="EmbeddingIndex"/>. Threads: immutable; any number may share it.</summary>
/// <param name="Row">Its row.</param>
/// <param name="Path">Path or id of the picture.</param>
/// <param name="Title">Its caption.</param>
/// <param name="Score">Cosine similarity to the query.</param>
public sealed record SearchHit(int Row, string Path, string Title, float Score);

/// <summary>Searches an index of pictures by text, of captions by picture, or either by its own kind. Threads: any number may call.</summary>
public static class Search
{
    /// <summary>The best rows for each query, best first; of equals the lower row comes first.</summary>
    /// <param name="index">Where to look.</param>
    /// <param name="queries">Embeddings (N, C) of the same model; rows need not be normalised.</param>
    /// <param name="k">How many; fewer if the index is smaller.</param>
    /// <param name="search">Finds neighbours; null does so on the processor.</param>
    public static IReadOnlyList<IReadOnlyList<SearchHit>> Find(EmbeddingIndex index, float[,] queries, int k = 10,
        NeighbourSearch? search = null)
    {
        Require.Positive(k, "number of rows to find");
        Require.Positive(index.Count, "number of rows of the index");
        var found = (search ?? Neighbours.Find)(Embeddings.Unit(queries), Embeddings.Unit(index.Rows),
            Math.Min(k, index.Count));
        return [.. Enumerable.Range(0, found.Count)
            .Select(query => (IReadOnlyList<SearchHit>)[.. Enumerable.Range(0, found.K).Select(i => found.Index[query, i]).Index()
            .Select(entry => new SearchHit(entry.Item, index.Paths[entry.Item], index.Titles[entry.Item],
                found.Score[query, entry.Index]))])];
    }
}
