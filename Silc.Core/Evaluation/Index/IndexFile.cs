namespace Silc;

/// <summary>
/// An index that lies in files, open to be searched: its rows are read block by block and its table row by row, so memory does not grow with
/// the index. <see cref="EmbeddingIndex.Load"/> reads one whole instead. Threads: one at a time.
/// </summary>
/// <example>
/// <code>
/// using var index = IndexFile.Open("photos.npy");                            // of any size: rows are read as they are looked through
/// var hits = Search.Find(index, model.EmbedTexts(["a red bicycle"]), k: 5, device.FindNeighbours)[0];
/// </code>
/// </example>
public sealed class IndexFile : IDisposable
{
    const int BlockFloats = 1 << 22;        // 16 MiB

    readonly string path, tableName;
    readonly IndexTable table;
    readonly NpyRows? rows;

    IndexFile(string path, string tableName, IndexTable table, NpyRows? rows) =>
        (this.path, this.tableName, this.table, this.rows) = (path, tableName, table, rows);

    /// <summary>Opens what <see cref="IndexWriter"/> or <c>silc embed</c> wrote, or an .npy of somebody else's with a table beside it.</summary>
    /// <param name="path">Ends in .npy or .csv.</param>
    /// <exception cref="ArgumentException">Another ending.</exception>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or the two do not fit each other; the message says how.</exception>
    public static IndexFile Open(string path)
    {
        var (tableName, inside) = IndexColumns.Files(path);
        foreach (var file in (string[])[path, tableName])
            if (!File.Exists(file)) throw new FileNotFoundException($"there is no file {file}; make an index with silc embed");
        var table = new IndexTable(tableName, inside);
        NpyRows? rows = null;
        try
        {
            rows = inside ? null : new NpyRows(path);
            if (rows is null || rows.Count == table.Count) return new(path, tableName, table, rows);
            throw new InvalidDataException($"{path} has {rows.Count} rows, {tableName} {table.Count}; they belong to different indices: make both "
                + "again with silc embed");
        }
        catch
        {
            rows?.Dispose();
            table.Dispose();
            throw;
        }
    }

    /// <summary>Number of rows.</summary>
    public int Count => table.Count;

    /// <summary>Values of a row, C.</summary>
    public int Width => rows?.Width ?? table.Width;

    /// <summary>Fingerprint of the model that made the rows; null if the index does not say.</summary>
    public string? Model => table.Model;

    /// <summary>How images became squares; null if the index does not say, or has captions.</summary>
    public EvalCrop? Crop => table.Crop;

    /// <summary>How images were resized and what showed through them; null if the index does not say, or has captions.</summary>
    public ImageRule? Images => table.Images;

    /// <summary>Rows that can be read at once without much memory.</summary>
    internal int BlockRows => Math.Clamp(BlockFloats / Math.Max(1, Width), 1, Math.Max(1, Count));

    /// <summary>Embeddings of some rows, (count, C).</summary>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentException">The index has no such rows.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or was cut since it was opened.</exception>
    public Vectors Read(int first, int count)
    {
        Require.That(count >= 0, $"{count} rows cannot be read");
        var rows = new Vectors(count, Width);
        Read(first, rows);
        return rows;
    }

    /// <summary>Embeddings of rows from <paramref name="first"/> on, as many as <paramref name="block"/> has.</summary>
    internal void Read(int first, Vectors block)
    {
        Require.That(block.Width == Width, $"rows have {Width} values, the array has room for {block.Width}");
        Require.That(first >= 0 && first + (long)block.Count <= Count, $"there are no {block.Count} rows from {first} on, the index has {Count}");
        for (int at = 0; at < block.Count;)
        {
            var count = Math.Min(BlockRows, block.Count - at);
            var values = block.Span(at, count);
            if (rows is not null) rows.Read(first + at, values);
            else table.ReadValues(first + at, count, values);
            at += count;
        }
    }

    /// <summary>Path and title of a row; <paramref name="embedding"/> must be the one that the table was written for.</summary>
    /// <exception cref="InvalidDataException">The row of the table belongs to another embedding.</exception>
    internal (string Path, string Title) Row(int row, ReadOnlySpan<float> embedding)
    {
        var (name, title, checksum) = table.Row(row);
        if (checksum is not null && checksum != IndexColumns.ChecksumOf(embedding))
            throw new InvalidDataException($"row {row} of {tableName} belongs to other vectors than {path} holds: the table was sorted or changed, "
                + "or one of the "
                + "two files is older than the other. Make both again with silc embed");
        return (name, title);
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        rows?.Dispose();
        table.Dispose();
    }
}
