using System.Text.Json;
using Silc.Samples.Data;
using Silc.Samples.Training;

namespace Silc.Samples.Outputs;

/// <summary>A file that a command is about to write, and how one tells whether an earlier run of it made what is there.</summary>
/// <param name="Path">The file.</param>
/// <param name="IsOwn">Looks into an existing file; may throw on what it cannot read, which is then not silc's.</param>
/// <param name="What">How errors call it, if its name was not given but follows from another.</param>
sealed record Output(string Path, Func<string, bool> IsOwn, string? What = null)
{
    const int PageHead = 2048;

    /// <summary>A contact sheet, chart or plot.</summary>
    public static Output Sheet(string path) => new(path, SheetFile.IsSheet);

    /// <summary>The JSON of scores.</summary>
    public static Output Scores(string path) => new(path, file =>
    {
        using var stream = File.OpenRead(file);
        using var json = JsonDocument.Parse(stream);
        return new[] { "model", "data", "scores" }.All(name => json.RootElement.TryGetProperty(name, out _));
    });

    /// <summary>What a head found, as COCO's server takes it.</summary>
    public static Output Detections(string path) => new(path, file => DetectionResults.Read(file).Count >= 0);

    /// <summary>Captions or answers, as COCO's and VQA's servers take them or as silc caption and silc answer write them.</summary>
    public static Output Said(string path) => new(path, file =>
    {
        using var stream = File.OpenRead(file);
        using var json = JsonDocument.Parse(stream);
        return json.RootElement.EnumerateArray().All(one => one.EnumerateObject().Select(entry => entry.Name)
            .Intersect(["caption", "answer"]).Count() == 1);
    });

    /// <summary>A table of these columns, as CSV.</summary>
    public static Output Table(string path, IEnumerable<string> columns) => new(path, file => FirstLine(file) == string.Join(',', columns));

    /// <summary>Both files of an index, or the one.</summary>
    public static IEnumerable<Output> Index(string path)
    {
        var (table, inside) = IndexColumns.Files(path);
        var made = IndexColumns.IsTable;
        return inside ? [new(table, made)] : [new(path, _ => made(table)), new(table, made, $"the table beside {path}")];
    }

    /// <summary>The files of silc embed: those of an index, or one of Parquet.</summary>
    public static IEnumerable<Output> Vectors(string path) =>
        PartialIndex.IsParquet(path) ? [new(path, ParquetVectors.IsOwn)] : Index(path);

    /// <summary>The page of a report.</summary>
    public static Output Page(string path) => new(path, IsPage);

    /// <summary>True for the page of a report.</summary>
    public static bool IsPage(string file)
    {
        using var reader = new StreamReader(file);
        var head = new char[PageHead];
        return new string(head, 0, reader.ReadBlock(head)).Contains(": Silc run</title>", StringComparison.Ordinal);
    }

    /// <summary>The best weights of a run.</summary>
    public static Output Best(string path) => new(path, file => ModelMetadata.Step(Safetensors.ReadMetadata(file)) is not null);

    /// <summary>The metrics of a run.</summary>
    public static Output Metrics(string path) =>
        new(path, file => FirstLine(file).Split(',') is { Length: > 2 } columns && columns[0] == MetricsFile.Columns[0]
            && columns.All(MetricsFile.Columns.Contains));

    /// <summary>
    /// A file that is written to a folder beside <paramref name="main"/>, such as config.json beside weights: silc's where that is.
    /// </summary>
    public static Output Beside(string path, Output main) => new(path, _ => File.Exists(main.Path) && main.IsOwn(main.Path));

    /// <summary>Weights that silc convert wrote; a run's model says another thing.</summary>
    public static Output Weights(string path) => new(path, file =>
    {
        using var arrays = ArrayFile.Open(file);
        return ModelWriter.IsOwn(arrays.Metadata);
    });

    /// <summary>A tower for ONNX Runtime.</summary>
    public static Output Onnx(string path) => new(path, file =>
    {
        using var stream = File.OpenRead(file);
        return OnnxGraph.IsOwn(stream);
    });

    static string FirstLine(string file)
    {
        using var reader = new StreamReader(file);
        var line = new char[1024];
        return new string(line, 0, reader.ReadBlock(line)).Split('\r', '\n')[0];
    }
}
