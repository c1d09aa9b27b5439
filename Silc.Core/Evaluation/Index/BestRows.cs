namespace Silc;

/// <summary>The best rows for each query among blocks that come one after another.</summary>
/// <param name="queries">Embeddings (N, C).</param>
/// <param name="k">How many.</param>
/// <param name="search">Finds neighbours in a block; null does so on the processor.</param>
sealed class BestRows(Vectors queries, int k, NeighbourSearch? search)
{
    readonly Vectors queries = queries.Unit();
    readonly List<(int Row, float Score)>[] best = [.. Enumerable.Range(0, queries.Count).Select(_ => new List<(int, float)>())];

    // Rows of zeros have no direction: they rank after all others, negative cosines included.
    readonly List<int> zeros = [];

    /// <summary>Receives the index of each row that has no direction.</summary>
    public Action<int>? Faults { get; init; }

    /// <summary>Looks through rows that begin with <paramref name="first"/> of the index.</summary>
    public void Add(Vectors rows, int first)
    {
        Vectors.RequireSameWidth(queries, rows);
        var (unit, places) = Searchable(rows, first);
        int count = unit.Count;
        if (count == 0) return;
        var found = (search ?? Neighbours.Find)(queries, unit, Math.Min(k, count));
        for (int query = 0; query < best.Length; query++)
        {
            var hits = Enumerable.Range(0, found.K).Select(i =>
                (Row: first + (places?[found.Index[query, i]] ?? found.Index[query, i]), Score: found.Score[query, i]));
            // Earlier rows come first among equals, for the order is stable.
            best[query] = [.. best[query].Concat(hits).OrderByDescending(hit => hit.Score).Take(k)];
        }
    }

    /// <summary>What was found, with the path and title of each row.</summary>
    public IReadOnlyList<IReadOnlyList<SearchHit>> Hits(Func<int, float, (string Path, string Title)> describe) =>
        [.. best.Select(hits => (IReadOnlyList<SearchHit>)[.. hits.Concat(zeros.Select(row => (Row: row, Score: 0f))).Take(k).Select(hit =>
        {
            var (path, title) = describe(hit.Row, hit.Score);
            return new SearchHit(hit.Row, path, title, hit.Score);
        })])];

    // The rows of length 1, and where they were; null if they are all there.
    (Vectors Unit, List<int>? Places) Searchable(Vectors rows, int first)
    {
        List<int>? places = null;
        bool isUnit = true;
        for (int i = 0; i < rows.Count; i++)
        {
            var squares = rows.Squares(i);
            isUnit &= Vectors.IsUnit(squares);
            if (squares is > 0 and < float.PositiveInfinity)
            {
                places?.Add(i);
                continue;
            }
            places ??= [.. Enumerable.Range(0, i)];
            if (squares == 0 && zeros.Count < k) zeros.Add(first + i);
            Faults?.Invoke(first + i);
        }
        if (places is not null) return (rows.Rows(places).Normalize(), places);
        return (isUnit ? rows : rows.Normalize(), null);
    }
}
