using CsvHelper;

namespace Silc;

/// <summary>
/// A table of image paths and captions, as open_clip reads it: UTF-8 with a header line. Rows that name the same image
/// become one pair with several captions, so that no batch holds an image twice. Threads: any number may call <see cref="Read"/>.
/// </summary>
/// <example>
/// <code>
/// var pairs = new CsvSource("captions.csv", imageColumn: "file", captionColumn: "text");
/// Console.WriteLine($"{pairs.Count} pairs, the first is {pairs.Read(0).Captions[0]}");
/// </code>
/// </example>
public sealed class CsvSource : ILabelled
{
    /// <summary>The column of captions in open_clip's tables.</summary>
    public const string UsualCaptions = "title";

    readonly List<(string Path, List<string> Captions)> pairs = [];
    readonly List<string> labels = [];
    readonly bool needCaptions;

    /// <summary>Reads the table, not the images.</summary>
    /// <param name="path">CSV or TSV file; relative image paths start from its folder.</param>
    /// <param name="imageColumn">Header of the image paths.</param>
    /// <param name="captionColumn">
    /// Header of the captions; null means title. A column that is named must exist, also where captions are not needed.
    /// </param>
    /// <param name="separator">Between columns; null detects comma, semicolon, tab or bar from the first lines.</param>
    /// <param name="needCaptions">
    /// False lets the usual column of captions be missing, and cells of it be empty, for what looks at images alone.
    /// </param>
    /// <param name="labelColumn">Header of the classes, names or numbers; null for images without.</param>
    /// <exception cref="InvalidDataException">
    /// A column or a value is missing, a row has more values than the header, a byte is not UTF-8, all images are addresses of the web, or
    /// there is no row; the message says where.
    /// </exception>
    public CsvSource(string path, string imageColumn = "filepath", string? captionColumn = null, char? separator = null, bool needCaptions = true,
        string? labelColumn = null)
        : this(Utf8File.Open(path), path, Path.GetDirectoryName(Path.GetFullPath(path))!, imageColumn, captionColumn, separator, needCaptions,
            labelColumn)
    {
    }

    /// <summary>The same from a pipe.</summary>
    /// <param name="table">The bytes of the table; disposed of when it has been read.</param>
    /// <param name="path">What errors call it.</param>
    /// <param name="folder">Where relative image paths start.</param>
    /// <param name="imageColumn">Header of the image paths.</param>
    /// <param name="captionColumn">Header of the captions.</param>
    /// <param name="separator">Between columns; null detects it.</param>
    /// <param name="needCaptions">As above.</param>
    /// <param name="labelColumn">As above.</param>
    CsvSource(Stream table, string path, string folder, string imageColumn, string? captionColumn, char? separator, bool needCaptions,
        string? labelColumn)
    {
        this.needCaptions = needCaptions;
        Name = Path.GetFileNameWithoutExtension(path);
        var options = new CsvReaderOptions
        {
            Separator = separator,
            TrackLineNumbers = true,
            OnMalformedRecord = record => Reject(path, record),
        };
        using var csv = CsvReader.Create(table, options);
        Load(csv, path, folder, imageColumn, captionColumn, labelColumn);
        if (labelColumn is not null) Classes = LabelSet.From(labels, label => label);
    }

    /// <summary>A table that comes through a pipe; relative image paths start from the working directory.</summary>
    /// <exception cref="InvalidDataException">As for a file.</exception>
    public static CsvSource FromPipe(Stream table, string imageColumn = "filepath", string? captionColumn = null, char? separator = null,
        bool needCaptions = true, string? labelColumn = null)
    {
        const string Name = "the table from the pipe";
        return new(Utf8File.Check(table, Name), Name, Directory.GetCurrentDirectory(), imageColumn, captionColumn, separator, needCaptions,
            labelColumn);
    }

    /// <summary>Paths with their captions.</summary>
    internal IReadOnlyList<(string Path, List<string> Captions)> Pairs => pairs;

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => pairs.Count;

    /// <summary>The class of each image, as its row says; null without a column of classes.</summary>
    public LabelSet? Classes { get; }

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        var (path, captions) = pairs[index];
        return new(path, ImagePath.Read(path), captions);
    }

    void Load(CsvReader csv, string path, string folder, string imageColumn, string? captionColumn, string? labelColumn)
    {
        csv.ReadHeader();
        if (csv.Headers.Count == 0)
            throw new InvalidDataException($"{path} is empty; it needs a header line and a row for each caption");
        int image = Column(csv, path, imageColumn);
        var caption = !needCaptions && captionColumn is null && !csv.TryGetFieldIndex(UsualCaptions, out _)
            ? -1 : Column(csv, path, captionColumn ?? UsualCaptions);
        var label = labelColumn is null ? -1 : Column(csv, path, labelColumn);
        var known = new Dictionary<string, int>();
        while (csv.Read())
        {
            CheckWidth(csv, path);
            var text = needCaptions ? Value(csv, caption, path) : caption < 0 ? "" : csv.GetString(caption).Trim();
            var (file, first) = (ImagePath.Of(folder, Value(csv, image, path)), pairs.Count);
            var index = Add(file, text, known);
            if (label < 0) continue;
            var given = Value(csv, label, path);
            if (index == first) labels.Add(given);
            else if (labels[index] != given)
                throw new InvalidDataException($"{path} line {csv.LineNumber}: {file} is of the class '{given}', and in an earlier row of "
                    + $"'{labels[index]}'; an image has one class");
        }
        if (pairs.Count == 0) throw new InvalidDataException($"{path} has a header but no rows");
        ImagePath.Check(path, imageColumn, pairs.Select(pair => pair.Path));
    }

    // A bare separator inside a value would cut it, and move what follows into the wrong column. Spreadsheets add empty cells at the end.
    static void CheckWidth(CsvReader csv, string path)
    {
        int given = csv.FieldCount;
        while (given > csv.Headers.Count && csv.GetString(given - 1).Trim() == "") given--;
        if (given <= csv.Headers.Count) return;
        throw new InvalidDataException($"{path} line {csv.LineNumber}: {given} values under {csv.Headers.Count} columns "
            + $"({string.Join(", ", csv.Headers)}); put quotes around a value with a '{csv.Separator}' in it");
    }

    int Add(string image, string caption, Dictionary<string, int> known)
    {
        if (!known.TryGetValue(image, out int index))
        {
            known[image] = index = pairs.Count;
            pairs.Add((image, []));
        }
        if (caption != "") pairs[index].Captions.Add(caption);
        return index;
    }

    // A quote inside an unquoted value is taken as it is (an inch sign). Any other
    // misplaced quote is an error: the value may have run on over several rows.
    static void Reject(string path, CsvMalformedRecord record)
    {
        if (record.Reason == CsvMalformedReason.StrayQuote) return;
        var reason = record.Reason switch
        {
            CsvMalformedReason.UnterminatedQuote => "a quote is never closed",
            CsvMalformedReason.TextAfterClosingQuote => "text follows a closing quote",
            _ => "its quotes do not fit",
        };
        throw new InvalidDataException($"{path} line {record.LineNumber}: {reason}; close the quotes of each value and double those inside");
    }

    static int Column(CsvReader csv, string path, string name)
    {
        if (csv.TryGetFieldIndex(name, out int index)) return index;
        var found = string.Join(", ", csv.Headers.Select(column => $"'{column}'"));
        throw new InvalidDataException(
            $"{path} has no column '{name}', it has {found}; name the column, or the separator if it is not '{csv.Separator}'"
            + NearWord.Hint(name, csv.Headers));
    }

    static string Value(CsvReader csv, int column, string path)
    {
        var value = csv.GetString(column).Trim();
        if (value != "") return value;
        throw new InvalidDataException(
            $"{path} line {csv.LineNumber}: nothing in column '{csv.Headers[column]}'; fill it in or delete the row");
    }
}
