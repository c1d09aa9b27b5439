using System.Globalization;
using CsvHelper;

namespace Silc.Samples.Ablation;

/// <summary>
/// The folder of an ablation: <c>ablation.csv</c> with every number, written whole after each run, so that what was stopped goes on
/// with the next run; and <c>ablation.json</c> with the settings, so that it goes on with the same.
/// </summary>
sealed class AblationFolder : IDisposable
{
    public const string TableName = "ablation.csv";

    const string SettingsName = "ablation.json";

    public static readonly string[] Header = ["loss", "rung", "seed", "pictures", "method", "metric", "value"];

    readonly string folder;
    readonly FolderLock locked;
    readonly List<AblationRow> rows;

    /// <param name="folder">May exist.</param>
    /// <param name="settings">What the numbers depend on.</param>
    /// <exception cref="ArgumentException">The folder holds numbers that were made with others.</exception>
    public AblationFolder(string folder, AblationSettings settings)
    {
        (this.folder, var known) = (folder, Path.Combine(folder, SettingsName));
        // Two processes would each write the table without the other's rows.
        locked = new(folder);
        try
        {
            if (File.Exists(known))
            {
                var before = ConfigJson.Read<AblationSettings>(File.ReadAllText(known), known, "settings");
                string[] differences = [.. ConfigJson.Differences(before, settings)];
                if (differences.Length > 0)
                    throw new ArgumentException($"{folder} holds an ablation with other options: {string.Join("; ", differences)}. Go on with the "
                        + "same, or choose another --out");
            }
            else AtomicFile.WriteText(known, ConfigJson.Write(settings));
            rows = File.Exists(TablePath) ? [.. Read(TablePath)] : [];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The file of all numbers.</summary>
    public string TablePath => At(TableName);

    /// <summary>A file in the folder.</summary>
    public string At(string name) => Path.Combine(folder, name);

    /// <summary>All numbers so far.</summary>
    public IReadOnlyList<AblationRow> Rows => rows;

    /// <summary>Adds those of a run; they are in the file all or none.</summary>
    public void Add(IEnumerable<AblationRow> more)
    {
        locked.Require("this ablation stops");
        rows.AddRange(more);
        AtomicFile.Write(TablePath, stream =>
        {
            using var csv = CsvWriter.Create(stream, new CsvWriterOptions(), leaveOpen: true);
            csv.WriteRecord(Header);
            foreach (var row in rows)
                csv.WriteRecord([row.Loss, row.Rung, Number(row.Seed), row.Images, row.Method, row.Metric, Number(row.Value)]);
        });
    }

    /// <summary>Releases the folder's lock.</summary>
    public void Dispose() => locked.Dispose();

    static string Number(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);

    static IEnumerable<AblationRow> Read(string path)
    {
        using var csv = CsvReader.FromFile(path, new CsvReaderOptions { Separator = ',', TrackLineNumbers = true });
        csv.ReadHeader();
        if (!csv.Headers.SequenceEqual(Header)) throw new InvalidDataException($"{path} has other columns than {string.Join(",", Header)}: move it "
            + "away, and its runs are done again");
        while (csv.Read())
        {
            if (!int.TryParse(csv.GetString(2), CultureInfo.InvariantCulture, out var seed)
                || !double.TryParse(csv.GetString(6), CultureInfo.InvariantCulture, out var value))
                throw new InvalidDataException($"{path} line {csv.LineNumber}: seed '{csv.GetString(2)}' or value '{csv.GetString(6)}' is no "
                    + "number: delete the rows of that run, and it is done again");
            yield return new(csv.GetString(0), csv.GetString(1), seed, csv.GetString(3), csv.GetString(4), csv.GetString(5), value);
        }
    }
}

/// <summary>One number of one rung.</summary>
/// <param name="Loss">Image-text loss: softmax or sigmoid.</param>
/// <param name="Rung">Of the ladder.</param>
/// <param name="Seed">Of weights, order and views.</param>
/// <param name="Images">What was measured on.</param>
/// <param name="Method">How.</param>
/// <param name="Metric">What.</param>
/// <param name="Value">A fraction, but for losses and seconds of training.</param>
sealed record AblationRow(string Loss, string Rung, int Seed, string Images, string Method, string Metric, double Value);

/// <summary>All that the numbers of an ablation depend on but losses and seeds, which may be added later.</summary>
/// <param name="Data">What is trained on and measured with.</param>
/// <param name="Tokenizer">Name of the captions' tokenizer.</param>
/// <param name="Model">That of the top rung.</param>
/// <param name="Training">That of the top rung.</param>
/// <param name="Varied">
/// Single choices of the recipe, which are measured as they are; the rungs of a ladder are measured as the average of their weights.
/// </param>
sealed record AblationSettings(string Data, string Tokenizer, SilcConfig Model, TrainConfig Training, bool Varied = false);
