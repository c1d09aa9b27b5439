namespace Silc;

/// <summary>Something found in an index. Threads: immutable; any number may share it.</summary>
/// <param name="Row">Its row.</param>
/// <param name="Path">Path or id of the image.</param>
/// <param name="Title">Its caption.</param>
/// <param name="Score">Cosine similarity to the query.</param>
public sealed record SearchHit(int Row, string Path, string Title, float Score);

/// <summary>
/// Searches an index of images by text, of captions by image, or either by its own kind. Rows of zeros come last, and rows with a value
/// that is no number are not found. Threads: any number may call, each with an <see cref="IndexFile"/> of its own.
/// </summary>
public static class Search
{
    /// <summary>The best rows for each query, best first; of equals the lower row comes first.</summary>
    /// <param name="index">Where to look.</param>
    /// <param name="queries">Embeddings (N, C) of the same model; rows need not be normalised.</param>
    /// <param name="k">How many; fewer if the index is smaller.</param>
    /// <param name="search">Finds neighbours; null does so on the processor.</param>
    /// <exception cref="ArgumentException"><paramref name="k"/> is not positive, the index is empty, or its rows have another width.</exception>
    public static IReadOnlyList<IReadOnlyList<SearchHit>> Find(EmbeddingIndex index, Vectors queries, int k = 10,
        NeighbourSearch? search = null)
    {
        Check(index.Count, k);
        var best = new BestRows(queries, k, search);
        best.Add(index.Rows, first: 0);
        return best.Hits((row, _) => (index.Paths[row], index.Titles[row]));
    }

    /// <summary>The same in files, of which a block at a time is in memory.</summary>
    /// <param name="index">Where to look.</param>
    /// <param name="queries">Embeddings (N, C) of the same model; rows need not be normalised.</param>
    /// <param name="k">How many; fewer if the index is smaller.</param>
    /// <param name="search">Finds neighbours; null does so on the processor.</param>
    /// <param name="faults">Is told the rows that are zero or hold a value that is no number.</param>
    /// <exception cref="InvalidDataException">The table belongs to other vectors.</exception>
    /// <exception cref="ArgumentException"><paramref name="k"/> is not positive, the index is empty, or its rows have another width.</exception>
    public static IReadOnlyList<IReadOnlyList<SearchHit>> Find(IndexFile index, Vectors queries, int k = 10,
        NeighbourSearch? search = null, Action<int>? faults = null)
    {
        Check(index.Count, k);
        var best = new BestRows(queries, k, search) { Faults = faults };
        var block = new Vectors(index.BlockRows, index.Width);
        for (int first = 0; first < index.Count; first += block.Count)
        {
            if (index.Count - first < block.Count) block = new Vectors(index.Count - first, index.Width);
            index.Read(first, block);
            best.Add(block, first);
        }
        var row = new Vectors(1, index.Width);
        return best.Hits((hit, _) =>
        {
            index.Read(hit, row);
            return index.Row(hit, row.Row(0));
        });
    }

    static void Check(int count, int k)
    {
        Require.Positive(k, "number of rows to find");
        Require.Positive(count, "number of rows of the index");
    }
}
