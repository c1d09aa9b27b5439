using System.Globalization;
using CsvHelper;
using Silc.Samples.Data;
using Silc.Samples.Outputs;

namespace Silc.Samples.Evaluation;

/// <summary>Images of known classes named by text alone, names being from a list or from the data.</summary>
static class ClassScores
{
    /// <param name="model">Embeds images and texts.</param>
    /// <param name="source">Images with classes.</param>
    /// <param name="list">Names of the classes; null takes those of the data.</param>
    /// <param name="templates">Sentences around them.</param>
    /// <param name="aliases">What further names are for.</param>
    /// <param name="crop">How images become squares.</param>
    /// <param name="report">Takes the confusion.</param>
    /// <param name="sheet">Is given a few captions and the images found for them.</param>
    public static IEnumerable<Score> Of(SilcModel model, ILabelled source, ClassList? list, IReadOnlyList<string> templates,
        AliasUse aliases, EvalCrop crop,
        ClassReport report, Action<IReadOnlyList<ContactSheetRow>>? sheet = null)
    {
        var classes = ListOf(source, list);
        var allLabels = Labels(source.Classes!, classes, source is ClassFolderSource ? "a folder" : "a class in the data");
        var prototypes = ClassPrototypes.Of(classes, prompts => EmbeddedTexts.Of(model, prompts), templates, aliases);
        SayAlike(model, classes, templates, aliases);
        var read = ReadableImages.Embed(model, source, crop);
        var (zImage, labels) = (read.Rows, read.Of(allLabels));
        sheet?.Invoke(RetrievalSheet.Rows(model, read.Source, zImage, i => [classes.Names[labels[i]]]));
        var found = Classification.Of(prototypes.Scores(zImage), labels);
        report.Add(source.Name, found.Confusion, classes.Names);
        yield return Line("text, zero-shot", found);
        yield return new(source.Name, labels.Count, "chance",
            [new("top 1", 1.0 / classes.Count), new("top 5", Math.Min(1, 5.0 / classes.Count)), new("mean of classes", 1.0 / classes.Count)]);

        Score Line(string method, Classification result) => new(source.Name, labels.Count, method,
            [new("top 1", result.Top1), new("top 5", result.Top5),
                new("mean of classes", result.Confusion.PerClassAccuracy().Where(double.IsFinite).Average())]);
    }

    static void SayAlike(SilcModel model, ClassList classes, IReadOnlyList<string> templates, AliasUse aliases)
    {
        const int MostShown = 5;
        var alike = ClassPrototypes.Alike(classes, text => model.Tokenizer!.Tokens(text, model.Config.TextLength), templates, aliases);
        foreach (var group in alike.Take(MostShown))
            Console.Error.WriteLine($"note     {string.Join(", ", group.Select(label => $"'{classes.Names[label]}'"))} have equal prompts "
                + $"for this model: the answer is always the first; other names tell them apart");
        if (alike.Count > MostShown) Console.Error.WriteLine($"note     {alike.Count - MostShown} more groups of classes have equal prompts");
    }

    /// <summary>The classes: those of a list, or what the data call them.</summary>
    /// <exception cref="ArgumentException">The data have numbers, and there is no list.</exception>
    static ClassList ListOf(ILabelled source, ClassList? list)
    {
        if (list is null && HasNumbers(source.Classes!))
            throw new ArgumentException($"the classes of {source.Name} are numbers ({source.Classes!.Names[0]}, …): give --classes FILE, whose "
                + $"line n "
                + "names class n");
        return list ?? ClassList.Of(source.Classes!.Names);
    }

    /// <summary>True where the data call every class by a number, which no text model knows.</summary>
    public static bool HasNumbers(LabelSet labels) => labels.Names.All(name => Number(name) is not null);

    /// <summary>The classes of the data by the numbers of a list: what the data call a class is one of its names, or else its number.</summary>
    /// <exception cref="ArgumentException">The list does not have a class.</exception>
    public static int[] Labels(LabelSet labels, ClassList classes, string what)
    {
        int[] classOf = [.. labels.Names.Select(name => classes.Find(name)
            ?? (Number(name) is { } number && number < classes.Count ? number : null as int?)
            ?? throw new ArgumentException($"the list of {classes.Count} classes has no '{name}', which is the name of {what}: add it as a name of "
                + "its class"))];
        return [.. labels.Of.Select(label => classOf[label])];
    }

    static int? Number(string name) => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>Confusion matrices as an image and per-class accuracies as a table, if asked for.</summary>
/// <param name="image">PNG file, or null.</param>
/// <param name="table">CSV file, or null.</param>
sealed class ClassReport(string? image = null, string? table = null)
{
    /// <summary>Of the table.</summary>
    public static readonly string[] Columns = ["class", "images", "right", "accuracy", "most often taken for", "times"];

    readonly List<(string Name, ConfusionMatrix Confusion, IReadOnlyList<string> Classes)> found = [];

    /// <summary>What there is to report.</summary>
    public IReadOnlyList<(string Name, ConfusionMatrix Confusion, IReadOnlyList<string> Classes)> Found => found;

    /// <summary>The files that <see cref="Write"/> writes, with the numbers that several sets get.</summary>
    public IEnumerable<Output> Outputs
    {
        get
        {
            if (image is not null) foreach (var file in Names(image)) yield return Output.Sheet(file);
            if (table is not null) foreach (var file in Names(table)) yield return Output.Table(file, Columns);
        }
    }

    public void Add(string name, ConfusionMatrix confusion, IReadOnlyList<string> classes) => found.Add((name, confusion, classes));

    /// <summary>Writes the files and says so; several sets get a number each.</summary>
    public void Write(TextWriter said)
    {
        foreach (var (i, (name, confusion, classes)) in found.Index())
        {
            if (image is not null) Wrote(said, Numbered(image, i), path => ConfusionChart.Write(path, name, confusion, classes));
            if (table is not null) Wrote(said, Numbered(table, i), path => WriteTable(path, confusion, classes));
        }
        if (found.Count == 0 && (image ?? table) is { } asked) Console.Error.WriteLine($"{asked} was not written: this data has no classes");
    }

    static void WriteTable(string path, ConfusionMatrix confusion, IReadOnlyList<string> classes) =>
        AtomicFile.Write(path, stream => WriteTable(stream, confusion, classes));

    static void WriteTable(Stream stream, ConfusionMatrix confusion, IReadOnlyList<string> classes)
    {
        using var csv = CsvWriter.Create(stream, new CsvWriterOptions(), leaveOpen: true);
        csv.WriteRecord(Columns);
        var accuracy = confusion.PerClassAccuracy();
        for (int c = 0; c < classes.Count; c++)
        {
            var row = Enumerable.Range(0, classes.Count).Select(p => confusion[c, p]).ToArray();
            var wrong = Enumerable.Range(0, classes.Count).Where(p => p != c && row[p] > 0).OrderByDescending(p => row[p]).ToList();
            csv.WriteRecord([classes[c], $"{row.Sum()}", $"{row[c]}", row.Sum() > 0
                ? accuracy[c].ToString("F4", System.Globalization.CultureInfo.InvariantCulture) : "",
                wrong.Count > 0 ? classes[wrong[0]] : "", wrong.Count > 0 ? $"{row[wrong[0]]}" : "0"]);
        }
    }

    string Numbered(string path, int i) => found.Count == 1 ? path : Numbered(path, $"{i + 1}");

    static string Numbered(string path, string number) =>
        Path.Combine(Path.GetDirectoryName(path) ?? "", $"{Path.GetFileNameWithoutExtension(path)}-{number}{Path.GetExtension(path)}");

    // How many sets there are is known only at the end; what bears a number already is asked, whichever.
    static IEnumerable<string> Names(string path)
    {
        yield return path;
        for (int i = 1; File.Exists(Numbered(path, $"{i}")); i++) yield return Numbered(path, $"{i}");
    }

    static void Wrote(TextWriter said, string path, Action<string> write)
    {
        write(path);
        said.WriteLine($"wrote {path}");
    }
}
