using System.Globalization;
using Silc.Samples.Plots;

namespace Silc.Samples.Heads;

/// <summary><c>metrics.csv</c> of a head's training, a row for each report, and the plot of its loss.</summary>
sealed class HeadMetrics
{
    /// <summary>The columns of the file.</summary>
    public static readonly string[] Columns = ["step", "loss", "gradient_norm", "learning_rate", "images_per_second", "seconds", "validation"];

    const int SecondsColumn = 5;

    readonly string path;
    readonly List<double[]> rows;
    readonly double secondsBefore;

    /// <summary>Begins the file with the next report, after the rows that an earlier session left up to <paramref name="resumedStep"/>.</summary>
    public HeadMetrics(string path, long resumedStep)
    {
        this.path = path;
        rows = resumedStep > 0 && File.Exists(path) ? [.. Rows(path).TakeWhile(row => row[0] <= resumedStep)] : [];
        secondsBefore = rows.Count > 0 ? rows[^1][SecondsColumn] : 0;
    }

    HeadMetrics(string path, List<double[]> rows) => (this.path, this.rows) = (path, rows);

    /// <summary>What a file says; no rows where there is none.</summary>
    public static HeadMetrics Read(string path) => new(path, File.Exists(path) ? [.. Rows(path)] : []);

    /// <summary>Adds a row and writes the file.</summary>
    /// <param name="report">Of the training.</param>
    /// <param name="validation">What was measured at that step; null for nothing.</param>
    public void Add(HeadReport report, double? validation = null)
    {
        rows.Add([report.Step, report.Loss, report.GradNorm, report.LearningRate, report.ImagesPerSecond,
            secondsBefore + report.Elapsed.TotalSeconds, validation ?? double.NaN]);
        AtomicFile.WriteText(path, string.Concat(rows.Select(row => string.Join(',', row.Select(Text)) + "\n")
            .Prepend(string.Join(',', Columns) + "\n")));
    }

    /// <summary>Number of rows.</summary>
    public int Count => rows.Count;

    /// <summary>Values over the steps; NaN where one was not measured.</summary>
    public IReadOnlyList<(double Step, double Value)> Over(string column, double factor = 1)
    {
        int index = Array.IndexOf(Columns, column);
        return [.. rows.Select(row => (row[0], factor * row[index]))];
    }

    static string Text(double value) => double.IsNaN(value) ? "" : value.ToString("G6", CultureInfo.InvariantCulture);

    /// <summary>Loss and seconds of the last report; null before there was one.</summary>
    public (double Loss, double Seconds)? Last => rows.Count > 0 ? (rows[^1][1], rows[^1][SecondsColumn]) : null;

    /// <summary>The loss over the steps.</summary>
    public LinePlot Plot(string title) =>
        new("loss", title, "loss (nats)", [new("loss", [.. rows.Select(row => (row[0], row[1]))], PlotLine.Blue)]);

    static IEnumerable<double[]> Rows(string path)
    {
        foreach (var line in File.ReadLines(path).Skip(1))
        {
            var fields = line.Split(',');
            var row = new double[Columns.Length];
            if (fields.Length != row.Length) yield break;
            for (int i = 0; i < row.Length; i++)
                if (fields[i] == "") row[i] = double.NaN;
                else if (!double.TryParse(fields[i], CultureInfo.InvariantCulture, out row[i])) yield break;
            yield return row;
        }
    }
}
