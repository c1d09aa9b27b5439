using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Silc;

// Nearest neighbours, for retrieval, search and votes.
public sealed partial class Device
{
    const int QueriesAtOnce = 1024, CandidatesAtOnce = 8192;

    /// <summary>
    /// For each query (N, C) the <paramref name="k"/> candidates (M, C) of the highest dot product. Scores are float32 at
    /// every precision, computed in blocks of 1,024 x 8,192 that are never stored: memory grows with N·k alone. Of equal scores the
    /// lower index comes first.
    /// </summary>
    /// <exception cref="ArgumentException">The rows are of different widths, or there are fewer than k candidates.</exception>
    /// <exception cref="InvalidDataException">Rows hold NaN or infinities.</exception>
    public Neighbours FindNeighbours(Vectors queries, Vectors candidates, int k)
    {
        Neighbours.Check(queries, candidates, k);
        int n = queries.Count, m = candidates.Count, width = queries.Width;
        int rows = Math.Min(n, QueriesAtOnce), cols = Math.Min(m, CandidatesAtOnce);
        if (n == 0) return new(new int[0, k], new float[0, k]);
        using var exclusive = Exclusive();
        var buffers = new List<MemoryBuffer1D<float, Stride1D.Dense>>();
        ArrayView<float> Allocate(long floats)
        {
            buffers.Add(this.Allocate(floats, "a search"));
            return buffers[^1].View.AsContiguous();
        }
        MemoryBuffer1D<int, Stride1D.Dense>? index = null;
        try
        {
            ArrayView<float> q = Allocate((long)rows * width), c = Allocate((long)cols * width), s = Allocate((long)rows * cols),
                best = Allocate((long)n * k);
            index = Allocate<int>((long)n * k, "a search");
            var lists = index.View.AsContiguous();
            Ops.Fill(new(best, n, k), float.NegativeInfinity);
            for (int to = 0; to < m; to += cols)
            {
                int blockCols = Math.Min(cols, m - to);
                Upload<float>(candidates.Span(to, blockCols), c);
                for (int from = 0; from < n; from += rows)
                {
                    int blockRows = Math.Min(rows, n - from);
                    Upload<float>(queries.Span(from, blockRows), q);
                    var scores = new Tensor(s, blockRows, blockCols);
                    Ops.CosineSimilarity(new(q, blockRows, width), new(c, blockCols, width), scores);
                    Ops.TopK(scores, new Tensor(best, n, k).Slice(from, blockRows), lists.SubView((long)from * k, (long)blockRows * k), to);
                }
            }
            return Read(best, lists, n, k);
        }
        finally
        {
            buffers.ForEach(Free);
            Free(index);
        }
    }

    Neighbours Read(ArrayView<float> best, ArrayView<int> index, int n, int k)
    {
        var found = new Neighbours(new int[n, k], new float[n, k]);
        Download(best).CopyTo(MemoryMarshal.CreateSpan(ref found.Score[0, 0], n * k));
        Download(index).CopyTo(MemoryMarshal.CreateSpan(ref found.Index[0, 0], n * k));
        for (int i = 0; i < n; i++)
            if (float.IsNegativeInfinity(found.Score[i, k - 1]) || !float.IsFinite(found.Score[i, 0]))
                throw new InvalidDataException($"the scores of query {i} are not finite: embeddings hold NaN or infinities");
        return found;
    }
}
