namespace Silc.Samples.Data;

/// <summary>
/// Vectors that are done, row by row, so that hours of them are kept when a signal ends the work: as <c>vectors.partial.npy</c> beside the
/// index that was asked for, which stays as it was. Threads: one adds, another may keep.
/// </summary>
/// <param name="path">The index that was asked for.</param>
/// <param name="total">Rows that it will have.</param>
/// <param name="index">Makes an index of that many rows: their paths and titles are known then.</param>
sealed class PartialIndex(string path, long total, Func<float[,], EmbeddingIndex> index)
{
    readonly List<float[,]> parts = [];
    bool kept;

    /// <summary>What is kept is called.</summary>
    public static string Name(string path) => Path.ChangeExtension(path, $".partial{Path.GetExtension(path)}");

    /// <summary>Takes the next rows.</summary>
    public void Add(float[,] part)
    {
        lock (parts) parts.Add(part);
    }

    /// <summary>All rows as one.</summary>
    public float[,] Rows()
    {
        lock (parts)
        {
            if (parts.Count == 0) return new float[0, 0];
            var (all, at) = (new float[parts.Sum(part => part.GetLength(0)), parts[0].GetLength(1)], 0L);
            foreach (var part in parts)
            {
                Array.Copy(part, 0, all, at, part.LongLength);
                at += part.LongLength;
            }
            return all;
        }
    }

    /// <summary>Writes what is done under its own name, and says so; once.</summary>
    public void Keep()
    {
        lock (parts)
        {
            if (kept) return;
            kept = true;
            var rows = Rows();
            if (rows.Length == 0) return;
            index(rows).Save(Name(path));
            Console.Error.WriteLine($"kept the first {rows.GetLength(0):N0} of {total:N0} vectors in {Name(path)}, which silc search reads as any index");
        }
    }
}
