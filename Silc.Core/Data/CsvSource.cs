using CsvHelper;

namespace Silc;

/// <summary>
/// A table of picture paths and captions, as open_clip reads it: UTF-8 with a header line. Rows that name the same picture
/// become one pair with several captions, so that no batch holds a picture twice.
/// </summary>
public sealed class CsvSource : IImageTextSource
{
    readonly List<(string Path, List<string> Captions)> pairs = [];

    /// <summary>Reads the table, not the pictures.</summary>
    /// <param name="path">CSV or TSV file; relative picture paths start from its folder.</param>
    /// <param name="imageColumn">Header of the picture paths.</param>
    /// <param name="captionColumn">Header of the captions.</param>
    /// <param name="separator">Between columns; null detects comma, semicolon, tab or bar from the first lines.</param>
    /// <exception cref="InvalidDataException">A column or a value is missing, or there is no row.</exception>
    public CsvSource(string path, string imageColumn = "filepath", string captionColumn = "title", char? separator = null)
    {
        Name = Path.GetFileNameWithoutExtension(path);
        var options = new CsvReaderOptions
        {
            Separator = separator,
            TrackLineNumbers = true,
            OnMalformedRecord = record => Reject(path, record),
        };
        using var csv = CsvReader.FromFile(path, options);
        Load(csv, path, imageColumn, captionColumn);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => pairs.Count;

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        var (path, captions) = pairs[index];
        return new(path, PictureFile.Read(path), captions);
    }

    void Load(CsvReader csv, string path, string imageColumn, string captionColumn)
    {
        csv.ReadHeader();
        if (csv.Headers.Count == 0)
            throw new InvalidDataException($"{path} is empty; it needs a header line and a row for each caption");
        int image = Column(csv, path, imageColumn), caption = Column(csv, path, captionColumn);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var known = new Dictionary<string, int>();
        while (csv.Read()) Add(Path.Combine(folder, Value(csv, image, path)), Value(csv, caption, path), known);
        if (pairs.Count == 0) throw new InvalidDataException($"{path} has a header but no rows");
    }

    void Add(string picture, string caption, Dictionary<string, int> known)
    {
        if (!known.TryGetValue(picture, out int index))
        {
            known[picture] = index = pairs.Count;
            pairs.Add((picture, []));
        }
        pairs[index].Captions.Add(caption);
    }

    // A quote inside a bare value is an inch sign; any other may have swallowed the rows up to the next quote.
    static void Reject(string path, CsvMalformedRecord record)
    {
        if (record.Reason == CsvMalformedReason.StrayQuote) return;
        throw new InvalidDataException(
            $"{path} line {record.LineNumber}: {record.Reason}; close the quotes of each value and double those inside");
    }

    static int Column(CsvReader csv, string path, string name)
    {
        if (csv.TryGetFieldIndex(name, out int index)) return index;
        var found = string.Join(", ", csv.Headers.Select(column => $"'{column}'"));
        throw new InvalidDataException(
            $"{path} has no column '{name}', it has {found}; name the column, or the separator if it is not '{csv.Separator}'");
    }

    static string Value(CsvReader csv, int column, string path)
    {
        var value = csv.GetString(column).Trim();
        if (value != "") return value;
        throw new InvalidDataException(
            $"{path} line {csv.LineNumber}: nothing in column '{csv.Headers[column]}'; fill it in or delete the row");
    }
}
