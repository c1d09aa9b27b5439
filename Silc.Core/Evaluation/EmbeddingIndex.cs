using System.Globalization;
using CsvHelper;

namespace Silc;

/// <summary>
/// Embeddings and what they are of. As files: <c>index.npy</c> with the rows (N, C), float32, and <c>index.csv</c> beside it with
/// the columns filepath and title, row for row; or one <c>index.csv</c> whose further columns e0, e1, … are the embedding.
/// Threads: any number may read it, while nobody changes its arrays.
/// </summary>
/// <param name="Rows">Embeddings (N, C).</param>
/// <param name="Paths">Path or id of each row; empty for a caption without a picture.</param>
/// <param name="Titles">Caption of each row.</param>
public sealed record EmbeddingIndex(float[,] Rows, IReadOnlyList<string> Paths, IReadOnlyList<string> Titles)
{
    const string PathColumn = "filepath", TitleColumn = "title", ModelColumn = "model";

    /// <summary>Number of rows.</summary>
    public int Count => Rows.GetLength(0);

    /// <summary>
    /// Writes the files; nothing is left half-written. Paths of files are written relative to the index, so that both can move
    /// together.
    /// </summary>
    /// <param name="path">Ends in .npy or .csv.</param>
    /// <exception cref="ArgumentException">Another ending, or numbers of rows that differ.</exception>
    public void Save(string path)
    {
        Require.That(Paths.Count == Count && Titles.Count == Count,
            $"{Count} embeddings for {Paths.Count} paths and {Titles.Count} titles");
        var (table, inside) = Files(path);
        if (!inside) AtomicFile.Write(path, stream =>
            Npy.Write(stream, new("", [Count, Rows.GetLength(1)], [.. Rows.Cast<float>()])));
        AtomicFile.Write(table, stream =>
        {
            using var csv = CsvWriter.Create(stream, new CsvWriterOptions(), leaveOpen: true);
            WriteTable(csv, Path.GetDirectoryName(Path.GetFullPath(path))!, inside);
        });
    }

    /// <summary>Reads what <see cref="Save"/> wrote, or an .npy of somebody else's with such a table beside it.</summary>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, or the two do not fit each other; the message says how.
    /// </exception>
    public static EmbeddingIndex Load(string path)
    {
        var (table, inside) = Files(path);
        foreach (var file in (string[])[path, table])
            if (!File.Exists(file)) throw new FileNotFoundException($"there is no file {file}; make an index with silc embed");
        var (paths, titles, values) = ReadTable(table, inside);
        var rows = inside ? values : ReadRows(path);
        if (rows.GetLength(0) != paths.Count)
            throw new InvalidDataException(
                $"{path} has {rows.GetLength(0)} rows, {table} {paths.Count}; they belong to different indices");
        return new(rows, paths, titles);
    }

    void WriteTable(CsvWriter csv, string folder, bool inside)
    {
        int width = inside ? Rows.GetLength(1) : 0;
        csv.WriteRecord([PathColumn, TitleColumn, ModelColumn, .. Enumerable.Range(0, width).Select(c => $"e{c}")]);
        for (int i = 0; i < Count; i++)
            csv.WriteRecord([
                File.Exists(Paths[i]) ? Path.GetRelativePath(folder, Paths[i]).Replace('\\', '/') : Paths[i], Titles[i], "",
                .. Enumerable.Range(0, width).Select(c => Rows[i, c].ToString("R", CultureInfo.InvariantCulture))]);
    }

    static (List<string> Paths, List<string> Titles, float[,] Rows) ReadTable(string table, bool inside)
    {
        using var csv = CsvReader.FromFile(table, new CsvReaderOptions { Separator = ',', TrackLineNumbers = true });
        csv.ReadHeader();
        foreach (var column in (string[])[PathColumn, TitleColumn])
            if (!csv.Headers.Contains(column)) throw new InvalidDataException(
                $"{table} has no column '{column}'; make it again with silc embed");
        int width = csv.Headers.Count(header => header.StartsWith('e') && int.TryParse(header.AsSpan(1), out _));
        if (inside && width == 0) throw new InvalidDataException(
            $"{table} has no columns e0, e1, … with embeddings; name the .npy file beside it");
        var (folder, paths, titles, rows) = (Path.GetDirectoryName(Path.GetFullPath(table))!, new List<string>(),
            new List<string>(), new List<float[]>());
        while (csv.Read())
        {
            var (file, line) = (csv.GetString(PathColumn), csv.LineNumber);
            paths.Add(file != "" && File.Exists(Path.Combine(folder, file)) ? Path.Combine(folder, file) : file);
            titles.Add(csv.GetString(TitleColumn));
            if (inside) rows.Add([.. Enumerable.Range(0, width).Select(c => Number(csv.GetString($"e{c}"), table, line))]);
        }
        var values = new float[rows.Count, width];
        foreach (var (i, row) in rows.Index()) row.CopyTo(Embeddings.Row(values, i));
        return (paths, titles, values);
    }

    static float Number(string text, string table, long line) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value
            : throw new InvalidDataException($"{table} line {line}: '{text}' is no number");

    static float[,] ReadRows(string path)
    {
        using var stream = File.OpenRead(path);
        var array = Npy.Read(stream, stream.Length, "rows", path);
        if (array.Shape is not [var count, var width])
            throw new InvalidDataException(
                $"{path} has the shape ({string.Join(", ", array.Shape)}), an index has rows and columns");
        var (values, rows) = (array.Floats(), new float[count, width]);
        for (int i = 0; i < count; i++) values.AsSpan(i * width, width).CopyTo(Embeddings.Row(rows, i));
        return rows;
    }

    /// <summary>True for a table that belongs to an index: its columns say so, which a user's table of pictures has not got.</summary>
    internal static bool IsTable(string path)
    {
        using var csv = CsvReader.FromFile(path, new CsvReaderOptions { Separator = ',' });
        csv.ReadHeader();
        return csv.Headers is [PathColumn, TitleColumn, ModelColumn, ..];
    }

    /// <summary>The table of an index, and whether the embeddings are in it.</summary>
    internal static (string Table, bool Inside) Files(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".npy" => (Path.ChangeExtension(path, ".csv"), false),
        ".csv" => (path, true),
        _ => throw new ArgumentException($"an index is called .npy or .csv, not {path}"),
    };
}
