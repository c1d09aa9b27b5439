using System.Globalization;

namespace Silc.Samples.Training;

/// <summary>The columns and rows of <c>metrics.csv</c>.</summary>
static class MetricsFile
{
    public const string Name = "metrics.csv";

    static readonly string[] First =
    [
        "step", "loss", "contrastive", "distillation", "gradient_norm", "learning_rate", "temperature", "bias", "skipped",
        "samples_per_second", "data_wait_share", "seconds",
        "loss_over_log_k", "teacher_entropy", "concentration", "center_norm", "largest_probability", "prototypes_used", "feature_deviation",
        "peak_memory_mib", "mean_entropy", "groups_told", "feature_dimensions", "collective_share", "hidden_share", "patch_entropy",
    ];

    /// <summary>Files of earlier versions lack some, which are read as empty.</summary>
    public static readonly string[] Columns =
        [.. First, .. LossTerm.All.Select(term => term.Name).Except(First), .. ValidationMetric.All.Select(metric => metric.Column),
            KoLeoDistance, .. LossTerm.All.Select(Weight)];

    /// <summary>Geometric mean of the distances that KoLeo sees, e^-loss.</summary>
    public const string KoLeoDistance = "koleo_distance";

    /// <summary>The column of a loss's factor in the total.</summary>
    public static string Weight(LossTerm term) => $"{term.Name}_weight";

    /// <summary>The first line, without its end.</summary>
    public static string Header => string.Join(',', Columns);

    /// <summary>Rows from the first to the last that is whole: a machine that lost power may leave half a row. Each has every column.</summary>
    public static IEnumerable<(long Step, string Line)> Rows(string path)
    {
        int[]? places = null;
        long last = -1;
        // A run at work has the file open.
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split(',');
            if (places is null)
            {
                places = [.. fields.Select(column => Array.IndexOf(Columns, column))];
                if (fields[0] != Columns[0] || places.Contains(-1)) yield break;
                continue;
            }
            if (fields.Length != places.Length || !fields.All(field => field == "" || Parse(field) is not null)) yield break;
            if (Parse(fields[0]) is not { } step || step <= last) yield break;
            last = (long)step;
            var row = new string[Columns.Length];
            foreach (var (field, place) in fields.Zip(places)) row[place] = field;
            yield return (last, string.Join(',', row));
        }
    }

    /// <summary>One value of a row; NaN where it is empty.</summary>
    public static double Field(string line, string column) => Parse(line.Split(',')[Array.IndexOf(Columns, column)]) ?? double.NaN;

    static double? Parse(string field) => double.TryParse(field, CultureInfo.InvariantCulture, out var value) ? value : null;
}
