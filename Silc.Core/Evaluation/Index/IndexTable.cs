using System.Globalization;
using CsvHelper;

namespace Silc;

/// <summary>
/// The table of an index, open: one pass finds where its rows begin and who made them, then rows are read as they are asked for, so that a
/// million paths and titles need not be in memory for the few that were found.
/// </summary>
sealed class IndexTable : IDisposable
{
    readonly FileStream file;
    readonly CsvReaderOptions whole = new() { Separator = ',', TrackLineNumbers = true }, middle = new() { Separator = ',', HasHeader = false };
    readonly List<long> starts = [];
    readonly string path, folder;
    readonly int pathColumn, titleColumn, modelColumn, cropColumn, resizeColumn, backgroundColumn, checksumColumn;
    readonly int[] valueColumns;

    /// <exception cref="InvalidDataException">Columns are missing, a byte is not UTF-8, or rows were made by several models or crops.</exception>
    public IndexTable(string path, bool inside)
    {
        (this.path, folder) = (path, Path.GetDirectoryName(Path.GetFullPath(path))!);
        using (var csv = CsvReader.Create(Utf8File.Open(path), whole))
        {
            csv.ReadHeader();
            (pathColumn, titleColumn) = (Required(csv, IndexColumns.Path), Required(csv, IndexColumns.Title));
            (modelColumn, cropColumn, checksumColumn) =
                (Column(csv, IndexColumns.Model), Column(csv, IndexColumns.Crop), Column(csv, IndexColumns.Checksum));
            (resizeColumn, backgroundColumn) = (Column(csv, IndexColumns.Resize), Column(csv, IndexColumns.Background));
            int width = csv.Headers.Count(header => header.StartsWith('e') && int.TryParse(header.AsSpan(1), out _));
            if (inside && width == 0)
                throw new InvalidDataException($"{path} has no columns e0, e1, … with embeddings; name the .npy file beside it");
            valueColumns = inside ? [.. Enumerable.Range(0, width).Select(c => Required(csv, IndexColumns.Value(c)))] : [];
            while (csv.Read()) Add(csv);
        }
        file = File.OpenRead(path);
    }

    /// <summary>Number of rows.</summary>
    public int Count => starts.Count;

    /// <summary>Values of a row; 0 where they are in an .npy.</summary>
    public int Width => valueColumns.Length;

    /// <summary>Fingerprint of the model that made all rows; null if the table does not say.</summary>
    public string? Model { get; private set; }

    /// <summary>How all images became squares; null if the table does not say.</summary>
    public EvalCrop? Crop { get; private set; }

    /// <summary>How all images were resized and what showed through them; null if the table does not say.</summary>
    public ImageRule? Images { get; private set; }

    /// <summary>Path, title and checksum of a row; the last is null if the table has none.</summary>
    public (string Path, string Title, string? Checksum) Row(int row)
    {
        using var csv = From(row);
        csv.Read();
        var (name, checksum) = (csv.GetString(pathColumn), checksumColumn < 0 ? "" : csv.GetString(checksumColumn));
        var here = name == "" ? "" : Path.Combine(folder, name);
        return (File.Exists(here) ? here : name, csv.GetString(titleColumn), checksum == "" ? null : checksum);
    }

    /// <summary>The embeddings of rows from <paramref name="first"/> on, where they are in the table.</summary>
    public void ReadValues(int first, int count, Span<float> values)
    {
        if (count == 0) return;
        using var csv = From(first);
        for (int i = 0; i < count; i++)
        {
            csv.Read();
            for (int c = 0; c < Width; c++) values[i * Width + c] = Number(csv.GetString(valueColumns[c]), first + i);
        }
    }

    void Add(CsvReader csv)
    {
        starts.Add(csv.ByteOffset);
        var model = modelColumn < 0 ? "" : csv.GetString(modelColumn);
        var crop = cropColumn < 0 ? "" : csv.GetString(cropColumn);
        if (starts.Count == 1) (Model, Crop, Images) = (model == "" ? null : model, CropOf(crop, csv),
            ImagesOf(Cell(csv, resizeColumn), Cell(csv, backgroundColumn), csv));
        else if (crop != IndexColumns.Text(Crop))
            throw new InvalidDataException($"{path} line {csv.LineNumber} has the crop '{crop}' and the rows above it '{IndexColumns.Text(Crop)}': "
                + "embed all images with the same --eval-crop");
        else if (Cell(csv, resizeColumn) != (Images?.Resize ?? "") || Cell(csv, backgroundColumn) != (Images?.Background ?? ""))
            throw new InvalidDataException($"{path} line {csv.LineNumber} was resized by '{Cell(csv, resizeColumn)}' over "
                + $"'{Cell(csv, backgroundColumn)}', "
                + $"the rows above it by '{Images?.Resize}' over '{Images?.Background}': embed all images with the same --resize and --background");
        else if (model != (Model ?? ""))
            throw new InvalidDataException($"{path} line {csv.LineNumber} was made by another model than the rows above it: their vectors cannot be "
                + "compared");
    }

    static string Cell(CsvReader csv, int column) => column < 0 ? "" : csv.GetString(column);

    ImageRule? ImagesOf(string resize, string background, CsvReader csv)
    {
        if (resize == "" && background == "") return null;
        try
        {
            return ImageRule.Own.WithResize(resize).WithBackground(background);
        }
        catch (ArgumentException wrong)
        {
            throw new InvalidDataException($"{path} line {csv.LineNumber}: {wrong.Message}", wrong);
        }
    }

    EvalCrop? CropOf(string text, CsvReader csv) => text == "" ? null
        : Enum.GetValues<EvalCrop>().Cast<EvalCrop?>().FirstOrDefault(crop => IndexColumns.Text(crop) == text)
            ?? throw new InvalidDataException($"{path} line {csv.LineNumber}: there is no crop '{text}', there are "
                + string.Join(", ", Enum.GetValues<EvalCrop>().Select(crop => IndexColumns.Text(crop))));

    CsvReader From(int row)
    {
        file.Position = starts[row];
        return CsvReader.Create(file, middle, leaveOpen: true);
    }

    float Number(string text, int row) => float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value
        // Titles may hold line ends; they are counted only when something is wrong.
        : throw new InvalidDataException($"{path} line {LineOf(row)}: '{text}' is no number");

    long LineOf(int row)
    {
        using var csv = CsvReader.Create(Utf8File.Open(path), whole);
        csv.ReadHeader();
        for (int i = 0; i <= row; i++) csv.Read();
        return csv.LineNumber;
    }

    int Required(CsvReader csv, string column) => Column(csv, column) is >= 0 and var index ? index
        : throw new InvalidDataException($"{path} has no column '{column}'; make it again with silc embed");

    static int Column(CsvReader csv, string name) => csv.TryGetFieldIndex(name, out int index) ? index : -1;

    public void Dispose() => file.Dispose();
}
