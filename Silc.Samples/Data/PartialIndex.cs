namespace Silc.Samples.Data;

/// <summary>
/// An index that grows on the disk while vectors are made, so that hours of them are kept when a signal ends the work: as
/// <c>vectors.partial.npy</c> beside the index that was asked for, which stays as it was. Threads: one adds and finishes, another may keep.
/// </summary>
/// <param name="path">The index that was asked for.</param>
/// <param name="total">Rows that it will have.</param>
/// <param name="model">Makes the vectors.</param>
/// <param name="crop">How its images become squares; null for captions.</param>
sealed class PartialIndex(string path, long total, SilcModel model, EvalCrop? crop) : IDisposable
{
    readonly IVectorFile writer = IsParquet(path) ? new ParquetVectors(path, model, crop)
        : new IndexVectors(new(path, model.Config.EmbedDim, model.Fingerprint(), crop, crop is null ? null : model.Config.Images));
    readonly Lock gate = new();
    bool over;

    /// <summary>What is kept is called.</summary>
    public static string Name(string path) => Path.ChangeExtension(path, $".partial{Path.GetExtension(path)}");

    /// <summary>True for a name that asks for Parquet, which silc search does not read.</summary>
    public static bool IsParquet(string path) => Path.GetExtension(path).Equals(ParquetVectors.Ending, StringComparison.OrdinalIgnoreCase);

    /// <summary>Says that an index which was kept before is not gone on with: nothing tells that the data are still the same.</summary>
    public static void Announce(string path)
    {
        if (File.Exists(Name(path)))
            Console.Error.WriteLine($"note: {Name(path)}, kept when an earlier embed was stopped, is not gone on with: this one begins anew, and "
                + "deletes it when it is whole");
    }

    /// <summary>Takes the next rows.</summary>
    public void Add(Vectors rows, IReadOnlyList<string> paths, IReadOnlyList<string> titles)
    {
        lock (gate)
            if (!over) writer.Add(rows, paths, titles);
    }

    /// <summary>Writes what is done under its own name, and says so; once.</summary>
    public void Keep()
    {
        lock (gate)
        {
            if (over || writer.Count == 0) return;
            over = true;
            writer.Commit(Name(path));
            Console.Error.WriteLine($"kept the first {writer.Count:N0} of {total:N0} vectors in {Name(path)}"
                + (IsParquet(path) ? "" : ", which silc search reads as any index"));
        }
    }

    /// <summary>Gives the whole index its name, and returns its number of rows.</summary>
    /// <exception cref="InvalidDataException">Nothing could ever be found in it.</exception>
    public int Finish()
    {
        lock (gate)
        {
            Check();
            writer.Commit();
            over = true;
            DeletePartial();
            return writer.Count;
        }
    }

    // What an earlier embed of this name kept when it was stopped is in the whole one. That it is silc's was looked at before the work.
    void DeletePartial()
    {
        var name = Name(path);
        var table = IsParquet(name) ? name : IndexColumns.Files(name).Table;
        if (!File.Exists(table)) return;
        AtomicFile.TryDelete(name);
        AtomicFile.TryDelete(table);
    }

    // A model whose weights are spoiled gives vectors of NaN.
    void Check()
    {
        var (count, first) = writer.Faults;
        if (count == 0) return;
        if (count == writer.Count)
            throw new InvalidDataException($"every vector is zero or holds values that are no numbers: the weights of this model are spoiled, "
                + $"and {path} is not written");
        Console.Error.WriteLine($"warning: {count:N0} of {writer.Count:N0} vectors are zero or hold values that are no numbers; nothing will be "
            + "found in them: "
            + $"rows {string.Join(", ", first)}{(count > first.Count ? ", …" : "")}");
    }

    public void Dispose()
    {
        lock (gate) writer.Dispose();
    }
}
