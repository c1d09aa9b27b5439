using System.Globalization;
using System.Runtime.InteropServices;
using CsvHelper;

namespace Silc;

/// <summary>
/// Writes an index row by row, as embeddings are made: of any size, without holding it. Vectors and table get their names together by
/// <see cref="Commit"/>, which may also come early: what was added is then a whole index. Without it nothing is left, and what the names held
/// stays. Threads: one at a time.
/// </summary>
public sealed class IndexWriter : IDisposable
{
    const int FaultsNamed = 10;

    readonly string path, folder;
    readonly int width;
    readonly string model, crop, resize, background;
    readonly bool inside;
    readonly StagedFile table;
    readonly StagedFile? rows;
    readonly CsvWriter csv;
    readonly List<int> faults = [];

    /// <summary>Begins an index.</summary>
    /// <param name="path">Ends in .npy, which gets a table called .csv beside it, or in .csv, a table with all in one.</param>
    /// <param name="width">Values of a row, C.</param>
    /// <param name="model">Fingerprint of the model that makes the rows; see <c>SilcModel.Fingerprint</c>.</param>
    /// <param name="crop">How its images become squares; null for captions.</param>
    /// <param name="images">How they are resized and what shows through them; null for captions.</param>
    /// <exception cref="ArgumentException">Another ending.</exception>
    /// <exception cref="IOException">The files cannot be written.</exception>
    public IndexWriter(string path, int width, string? model = null, EvalCrop? crop = null, ImageRule? images = null)
    {
        (this.path, this.width, this.model, this.crop) = (path, width, model ?? "", IndexColumns.Text(crop));
        (resize, background) = (images?.Resize ?? "", images?.Background ?? "");
        (var tableName, inside) = IndexColumns.Files(path);
        folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        try
        {
            table = new(tableName);
            rows = inside ? null : new(path);
            if (rows is not null) Npy.WriteHeader(rows.Stream, [0, width], Npy.RoomyHeader);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            table?.Dispose();
            throw AtomicFile.Failed(path, error, rows ?? table, bytes: 0);
        }
        csv = CsvWriter.Create(table.Stream, new CsvWriterOptions(), leaveOpen: true);
        csv.WriteRecord(IndexColumns.Header(width, inside));
    }

    /// <summary>Rows added.</summary>
    public int Count { get; private set; }

    /// <summary>Rows that are zero or hold a value that is no number, of which nothing can be found; the first ten are named.</summary>
    public (int Count, IReadOnlyList<int> First) Faults { get; private set; } = (0, []);

    /// <summary>Adds a row.</summary>
    /// <param name="embedding">C values.</param>
    /// <param name="image">Path or id; that of a file is written relative to the index, so that both can move together.</param>
    /// <param name="title">Caption.</param>
    /// <exception cref="IOException">The disk is full; the message says what was needed.</exception>
    /// <exception cref="ArgumentException">The row has another number of values than the index.</exception>
    public void Add(ReadOnlySpan<float> embedding, string image, string title)
    {
        Require.That(embedding.Length == width, $"a row has {embedding.Length} values, the index has {width}");
        if (Vectors.IsFaulty(embedding))
        {
            if (faults.Count < FaultsNamed) faults.Add(Count);
            Faults = (Faults.Count + 1, faults);
        }
        try
        {
            var name = File.Exists(image) ? Path.GetRelativePath(folder, image).Replace('\\', '/') : image;
            rows?.Stream.Write(MemoryMarshal.AsBytes(embedding));
            csv.WriteRecord([name, title, model, crop, resize, background, .. inside ? Values(embedding) : [IndexColumns.ChecksumOf(embedding)]]);
        }
        catch (IOException error)
        {
            throw AtomicFile.Failed(path, error, rows ?? table, (long)(Count + 1) * width * sizeof(float));
        }
        Count++;
    }

    /// <summary>Adds several rows.</summary>
    /// <exception cref="ArgumentException">
    /// The numbers of embeddings, images and titles differ, or the rows have another width than the index.
    /// </exception>
    public void Add(Vectors embeddings, IReadOnlyList<string> images, IReadOnlyList<string> titles)
    {
        Require.That(images.Count == embeddings.Count && titles.Count == embeddings.Count,
            $"{embeddings.Count} embeddings for {images.Count} paths and {titles.Count} titles");
        for (int i = 0; i < images.Count; i++) Add(embeddings.Row(i), images[i], titles[i]);
    }

    /// <summary>
    /// Gives the files their names. Both are on the disk before either has one; should the machine stop between the two renames, the table's
    /// checksums tell that the vectors are older.
    /// </summary>
    /// <param name="other">Another name in the same folder, of the same ending; null takes the one that was given.</param>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Commit(string? other = null)
    {
        try
        {
            csv.Dispose();
            if (rows is not null)
            {
                rows.Stream.Position = 0;
                Npy.WriteHeader(rows.Stream, [Count, width], Npy.RoomyHeader);
                rows.Flush();
            }
            table.Flush();
            table.Commit(other is null ? null : IndexColumns.Files(other).Table);
            rows?.Commit(other);
        }
        catch (IOException error)
        {
            throw AtomicFile.Failed(path, error, rows ?? table, (long)Count * width * sizeof(float));
        }
    }

    static string[] Values(ReadOnlySpan<float> embedding)
    {
        var texts = new string[embedding.Length];
        for (int c = 0; c < texts.Length; c++) texts[c] = embedding[c].ToString("R", CultureInfo.InvariantCulture);
        return texts;
    }

    /// <summary>Leaves nothing of an index that was not committed.</summary>
    public void Dispose()
    {
        rows?.Dispose();
        table.Dispose();
    }
}
