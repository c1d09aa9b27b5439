using System.Globalization;
using Silc.Samples.Training;

namespace Silc.Samples.Report;

/// <summary>What <c>metrics.csv</c> says, by column.</summary>
sealed class RunMetrics
{
    readonly string[][] rows;

    RunMetrics(string[][] rows) => this.rows = rows;

    /// <summary>The rows that are whole; none where there is no file.</summary>
    public static RunMetrics Read(string path) => new(File.Exists(path) ? [.. MetricsFile.Rows(path).Select(row => row.Line.Split(','))] : []);

    public int Count => rows.Length;

    /// <summary>Steps of the last row.</summary>
    public long Steps => Count == 0 ? 0 : (long)Last("step");

    /// <summary>The last value as it stands in the file; empty if it was not measured.</summary>
    public string LastText(string column) => Count == 0 ? "" : rows[^1][Array.IndexOf(MetricsFile.Columns, column)];

    /// <summary>The same as a number, or NaN.</summary>
    public double Last(string column) => Number(LastText(column));

    /// <summary>Values over the steps; NaN where one was not measured.</summary>
    public IReadOnlyList<(double Step, double Value)> Over(string column, double factor = 1)
    {
        var index = Array.IndexOf(MetricsFile.Columns, column);
        return [.. rows.Select(row => (Number(row[0]), factor * Number(row[index])))];
    }

    /// <summary>True if any row has the value.</summary>
    public bool Has(string column) => Over(column).Any(point => double.IsFinite(point.Value));

    static double Number(string text) => double.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : double.NaN;
}
