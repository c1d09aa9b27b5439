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
    readonly Lock gate = new();
    float[,] rows = new float[0, 0];
    int done;
    bool kept;

    /// <summary>What is kept is called.</summary>
    public static string Name(string path) => Path.ChangeExtension(path, $".partial{Path.GetExtension(path)}");

    /// <summary>The first rows; the same array if those are all.</summary>
    public static float[,] First(float[,] rows, int count)
    {
        if (count == rows.GetLength(0)) return rows;
        var first = new float[count, rows.GetLength(1)];
        Array.Copy(rows, first, first.LongLength);
        return first;
    }

    /// <summary>Takes note of how many rows are done; those do not change any more.</summary>
    public void Reached(float[,] rows, int done)
    {
        lock (gate) (this.rows, this.done) = (rows, done);
    }

    /// <summary>Writes what is done under its own name, and says so; once.</summary>
    public void Keep()
    {
        lock (gate)
        {
            if (kept || done == 0) return;
            kept = true;
            index(First(rows, done)).Save(Name(path));
            Console.Error.WriteLine($"kept the first {done:N0} of {total:N0} vectors in {Name(path)}, which silc search reads as any index");
        }
    }
}
