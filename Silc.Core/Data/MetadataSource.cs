using System.Text.Json;
using CsvHelper;

namespace Silc;

/// <summary>
/// Images that a table beside them names, as Hugging Face's imagefolder: <c>metadata.csv</c> or <c>metadata.jsonl</c> in the folder or in
/// folders below, whose paths start from where the table lies. Or one table of JSON lines, whatever its name. Threads: <see cref="Read"/> is
/// called by any number of them.
/// </summary>
public sealed class MetadataSource : ILabelled
{
    static readonly string[] usualTables = ["metadata.csv", "metadata.jsonl"];

    static readonly string[] usualImages = ["file_name", "filepath", "image", "path", "filename"],
        usualCaptions = ["text", "caption", "captions", "title", "prompt", "description"];

    readonly List<(string Path, List<string> Captions)> pairs = [];
    readonly List<string?> labels = [];
    readonly Dictionary<string, int> known = [];
    readonly string? labelColumn;
    readonly HashSet<string> columnsSeen = [];

    /// <summary>Reads the tables, not the images.</summary>
    /// <param name="path">A folder, or a table whose name ends in .jsonl or .ndjson.</param>
    /// <param name="imageColumn">Column or key of the image paths; null means file_name, filepath, image, path or filename.</param>
    /// <param name="captionColumn">
    /// Column or key of the captions, a string or in JSON an array of strings; null means text, caption, captions, title, prompt or description.
    /// A name that is given must occur in some table, also where captions are not needed.
    /// </param>
    /// <param name="needCaptions">False takes images without captions, too, also those that no table names.</param>
    /// <param name="labelColumn">Column or key of the classes, names or numbers; null for images without.</param>
    /// <exception cref="InvalidDataException">There is no table, or one has no such column, or a line is damaged; the message says which.</exception>
    public MetadataSource(string path, string? imageColumn = null, string? captionColumn = null, bool needCaptions = true,
        string? labelColumn = null)
    {
        this.labelColumn = labelColumn;
        Name = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        var log = new SkipLog();
        var files = Directory.Exists(path) ? DataFolder.Files(path, log) : [Path.GetFullPath(path)];
        var tables = Directory.Exists(path) ? files.Where(IsMetadata).ToList() : files;
        if (tables.Count == 0) throw new InvalidDataException($"{path} holds no metadata.csv and no metadata.jsonl");
        foreach (var table in tables)
        {
            if (IsJsonLines(table)) AddLines(table, imageColumn, captionColumn, needCaptions);
            else AddTable(table, imageColumn, captionColumn, needCaptions);
        }
        // Of several tables, such as one for each split, some may have no captions.
        if (captionColumn is not null && pairs.Count > 0 && !columnsSeen.Contains(captionColumn)) throw Missing(path, captionColumn,
            [captionColumn], columnsSeen, "--caption-column");
        foreach (var image in files.Where(file => ImageFile.IsImage(file) && !known.ContainsKey(Path.GetFullPath(file))))
        {
            if (needCaptions) log.Add(SkipReason.NoRow, image);
            else if (labelColumn is null) Add(Path.GetFullPath(image), [], null);
            else log.Add(SkipReason.NoRow, image);
        }
        Skipped = log.Report();
        if (pairs.Count == 0) throw new InvalidDataException($"{tables[0]} names no image");
        if (labelColumn is not null) Classes = LabelSet.From(labels, label => label!);
        ImagePath.Check(tables[0], imageColumn ?? "file_name", pairs.Select(pair => pair.Path));
    }

    /// <summary>True for a folder with such a table in it, or in a folder right below: one for each split.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="imageColumn">As above. Where none is named, a table without a usual one is about something else.</param>
    public static bool IsFolder(string path, string? imageColumn = null) => Directory.Exists(path)
        && Directory.EnumerateDirectories(path).Where(folder => !DataFolder.IsHidden(Path.GetFileName(folder))).Prepend(path)
            .SelectMany(folder => usualTables.Select(table => Path.Combine(folder, table)))
            .Any(table => File.Exists(table) && (imageColumn is not null || Array.Exists(usualImages, Columns(table).Contains)));

    /// <summary>True for the name of a table of JSON lines.</summary>
    public static bool IsJsonLines(string path) => Path.GetExtension(path).ToLowerInvariant() is ".jsonl" or ".ndjson";

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => pairs.Count;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <summary>The class of each image, as its row says; null without a column of classes.</summary>
    public LabelSet? Classes { get; }

    /// <inheritdoc/>
    public ImageTextPair Read(int index) => new(pairs[index].Path, ImagePath.Read(pairs[index].Path), pairs[index].Captions);

    static bool IsMetadata(string path) => usualTables.Contains(Path.GetFileName(path));

    void AddTable(string table, string? image, string? caption, bool needCaptions)
    {
        var columns = Columns(table);
        columnsSeen.UnionWith(columns);
        var source = new CsvSource(table, Choose(table, image, usualImages, columns, "--image-column")!,
            Choose(table, caption, usualCaptions, columns, "--caption-column", needCaptions), needCaptions: needCaptions, labelColumn: labelColumn);
        foreach (var (i, (path, captions)) in source.Pairs.Index()) Add(path, captions, source.Classes?.NameOf(i));
    }

    // Of JSON lines the keys of the first line.
    static List<string> Columns(string table)
    {
        if (IsJsonLines(table))
        {
            try
            {
                using var first = JsonDocument.Parse(Utf8File.ReadLines(table).FirstOrDefault(line => !string.IsNullOrWhiteSpace(line)) ?? "{}");
                return first.RootElement.ValueKind != JsonValueKind.Object ? []
                    : [.. first.RootElement.EnumerateObject().Select(property => property.Name)];
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException)
            {
                return [];
            }
        }
        using var csv = CsvReader.Create(Utf8File.Open(table), new CsvReaderOptions());
        csv.ReadHeader();
        return [.. csv.Headers];
    }

    void AddLines(string table, string? image, string? caption, bool needCaptions)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(table))!;
        foreach (var (number, line) in Utf8File.ReadLines(table).Index())
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            var name = $"{table} line {number + 1}";
            try
            {
                using var json = JsonDocument.Parse(line);
                if (json.RootElement.ValueKind != JsonValueKind.Object) throw new InvalidDataException($"{name} holds no JSON object");
                List<string> keys = [.. json.RootElement.EnumerateObject().Select(property => property.Name)];
                columnsSeen.UnionWith(keys);
                var key = Choose(name, image, usualImages, keys, "--image-column")!;
                var file = CaptionFile.Strings(json.RootElement, key, name).FirstOrDefault()
                    ?? throw new InvalidDataException($"{name}: nothing in '{key}'; name the image or delete the line");
                var captions = Choose(name, caption, usualCaptions, keys, "--caption-column", needCaptions) is { } field
                    ? CaptionFile.Strings(json.RootElement, field, name).ToList() : [];
                if (captions.Count == 0 && needCaptions) throw new InvalidDataException($"{name} has no caption; write one or delete the line");
                Add(ImagePath.Of(folder, file), captions, labelColumn is null ? null : Label(json.RootElement, name, keys));
            }
            // The latter is half a pair of surrogates, written as \ud800.
            catch (Exception error) when (error is JsonException or InvalidOperationException)
            {
                throw new InvalidDataException($"{name} is no valid JSON: {error.Message.TrimEnd('.')}; a table of JSON lines has one object a line",
                    error);
            }
        }
    }

    // The column named, or the first usual one that is there; null where there need be none.
    static string? Choose(string table, string? named, string[] usual, List<string> columns, string option, bool needed = true)
    {
        string[] wanted = named is null ? usual : [named];
        return Array.Find(wanted, columns.Contains) ?? (needed ? throw Missing(table, named, wanted, columns, option) : null);
    }

    static InvalidDataException Missing(string table, string? named, string[] wanted, IReadOnlyCollection<string> columns, string option) =>
        new($"{table} has no {(named is null ? string.Join(", ", wanted) : $"'{named}'")}, it "
            + $"has {string.Join(", ", columns.Select(column => $"'{column}'"))}; "
            + $"name one by {option}{(named is null ? "" : NearWord.Hint(named, columns))}");

    string Label(JsonElement row, string name, List<string> keys) => !row.TryGetProperty(labelColumn!, out var value)
        ? throw Missing(name, labelColumn, [labelColumn!], keys, "--label-column")
        : value.ValueKind switch
        {
            JsonValueKind.String when value.GetString()!.Trim() is { Length: > 0 } text => text,
            JsonValueKind.Number => value.GetRawText(),
            _ => throw new InvalidDataException($"{name}: '{labelColumn}' is {value.GetRawText()}; a class is a name or a number"),
        };

    void Add(string path, List<string> captions, string? label)
    {
        if (known.TryAdd(path, pairs.Count))
        {
            pairs.Add((path, captions));
            labels.Add(label);
            return;
        }
        pairs[known[path]].Captions.AddRange(captions);
        if (labels[known[path]] is { } before && before != label)
            throw new InvalidDataException($"{path} is of the class '{label}' and of '{before}'; an image has one class");
    }
}
