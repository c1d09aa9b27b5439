namespace Silc;

/// <summary>
/// Embeddings with the path and the caption of each. As files: <c>index.npy</c> with the rows (N, C), float32, and
/// <c>index.csv</c> beside it with the columns filepath, title, model, crop, resize, background and checksum, row for row;
/// or one <c>index.csv</c> whose further columns e0, e1, … are the embedding. <see cref="IndexWriter"/> and
/// <see cref="IndexFile"/> do without the whole in memory. Threads: any number may read it, while nobody changes its arrays.
/// </summary>
/// <example>
/// <code>
/// string[] paths = Directory.GetFiles("photos");
/// var index = new EmbeddingIndex(model.EmbedImages(paths), paths, paths, model.Fingerprint());
/// index.Save("photos.npy");
/// foreach (var hit in Search.Find(index, model.EmbedTexts(["a red bicycle"]), k: 5)[0]) Console.WriteLine($"{hit.Score:F2} {hit.Path}");
/// </code>
/// </example>
/// <param name="Rows">Embeddings (N, C).</param>
/// <param name="Paths">Path or id of each row; empty for a caption without an image.</param>
/// <param name="Titles">Caption of each row.</param>
/// <param name="Model">Fingerprint of the model that made the rows; null if that is not known.</param>
/// <param name="Crop">How images became squares; null if that is not known, or the rows are of captions.</param>
public sealed record EmbeddingIndex(
    Vectors Rows, IReadOnlyList<string> Paths, IReadOnlyList<string> Titles, string? Model = null, EvalCrop? Crop = null)
{
    /// <summary>How images were resized and what showed through them; null if that is not known, or the rows are of captions.</summary>
    public ImageRule? Images { get; init; }

    /// <summary>Number of rows.</summary>
    public int Count => Rows.Count;

    /// <summary>
    /// Writes the files; nothing is left half-written. Paths of files are written relative to the index, so that both can move together.
    /// </summary>
    /// <param name="path">Ends in .npy or .csv.</param>
    /// <exception cref="ArgumentException">Another ending, or numbers of rows that differ.</exception>
    public void Save(string path)
    {
        using var writer = new IndexWriter(path, Rows.Width, Model, Crop, Images);
        writer.Add(Rows, Paths, Titles);
        writer.Commit();
    }

    /// <summary>Reads what <see cref="Save"/> wrote, or an .npy of somebody else's with such a table beside it.</summary>
    /// <exception cref="InvalidDataException">A file is damaged, or the two do not fit each other; the message says how.</exception>
    public static EmbeddingIndex Load(string path)
    {
        using var file = IndexFile.Open(path);
        var (rows, paths, titles) = (new Vectors(file.Count, file.Width), new string[file.Count], new string[file.Count]);
        file.Read(0, rows);
        for (int i = 0; i < file.Count; i++) (paths[i], titles[i]) = file.Row(i, rows.Row(i));
        return new(rows, paths, titles, file.Model, file.Crop) { Images = file.Images };
    }
}
