namespace Silc;

/// <summary>Finds the candidates of the highest dot product with each query: <see cref="Neighbours.Find"/>, or a device's.</summary>
/// <param name="queries">(N, C).</param>
/// <param name="candidates">(M, C).</param>
/// <param name="k">How many.</param>
public delegate Neighbours NeighbourSearch(Vectors queries, Vectors candidates, int k);

/// <summary>
/// For each query its best candidates, best first; of equal scores the lower index comes first.
/// Threads: any number may read it, while nobody changes its arrays.
/// </summary>
/// <param name="Index">Candidates (N, k).</param>
/// <param name="Score">Their dot products (N, k).</param>
public sealed record Neighbours(int[,] Index, float[,] Score)
{
    // Candidates whose rows stay in a core's cache while all its queries pass.
    const int Block = 256;

    /// <summary>Number of queries.</summary>
    public int Count => Index.GetLength(0);

    /// <summary>Candidates for each query.</summary>
    public int K => Index.GetLength(1);

    /// <summary>The search on the processor, for a few thousand rows; never holds more than k scores a query.</summary>
    /// <exception cref="ArgumentException">The rows are of different widths, or there are fewer than k candidates.</exception>
    public static Neighbours Find(Vectors queries, Vectors candidates, int k)
    {
        Check(queries, candidates, k);
        var (n, m) = (queries.Count, candidates.Count);
        var found = new Neighbours(new int[n, k], new float[n, k]);
        ParallelLoop.Run((n + Block - 1) / Block, part =>
        {
            var (from, to) = (part * Block, Math.Min(n, (part + 1) * Block));
            var scores = new float[Block];
            for (int q = from; q < to; q++) TopK.Clear(Indices(found.Index, q), Scores(found.Score, q));
            for (int first = 0; first < m; first += Block)
                for (int q = from; q < to; q++)
                {
                    var block = scores.AsSpan(0, Math.Min(Block, m - first));
                    Vectors.DotAll(queries, q, candidates, block, first);
                    TopK.Add(block, first, Indices(found.Index, q), Scores(found.Score, q));
                }
        });
        return found;
    }

    internal static void Check(Vectors queries, Vectors candidates, int k)
    {
        Vectors.RequireSameWidth(queries, candidates);
        Require.That(k >= 1 && k <= candidates.Count, $"k is {k}, there are {candidates.Count} candidates");
    }

    static Span<float> Scores(float[,] scores, int query) =>
        System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref scores[query, 0], scores.GetLength(1));

    /// <summary>The candidates of one query.</summary>
    internal static Span<int> Indices(int[,] index, int query) =>
        System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref index[query, 0], index.GetLength(1));
}
