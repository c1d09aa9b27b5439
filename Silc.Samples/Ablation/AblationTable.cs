using Spectre.Console;

namespace Silc.Samples.Ablation;

/// <summary>
/// Rungs against columns: mean and spread (the standard deviation, n - 1 below) over seeds, in percent, the best mean of each loss in bold.
/// </summary>
static class AblationTable
{
    /// <summary>For the terminal.</summary>
    public static Table Of(IReadOnlyList<AblationRow> rows, IReadOnlyList<LadderColumn> columns)
    {
        var table = new Table().AddColumn("loss").AddColumn("rung", column => column.NoWrap());
        foreach (var column in columns) table.AddColumn(column.Name, drawn => drawn.RightAligned());
        table.AddColumn("seeds", column => column.RightAligned());
        foreach (var line in Lines(rows, columns))
            table.AddRow([line.Loss, line.Rung.EscapeMarkup(), .. line.Cells.Select(cell => cell.Best ? $"[bold]{cell.Text}[/]" : cell.Text),
                $"{line.Seeds}"]);
        return table;
    }

    /// <summary>For READMEs.</summary>
    public static string Markdown(IReadOnlyList<AblationRow> rows, IReadOnlyList<LadderColumn> columns)
    {
        static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |\n";
        return Row(["loss", "rung", .. columns.Select(column => column.Name), "seeds"])
            + Row(["---", "---", .. columns.Select(_ => "---:"), "---:"])
            + string.Concat(Lines(rows, columns).Select(line =>
                Row([line.Loss, line.Rung, .. line.Cells.Select(cell => cell.Best ? $"**{cell.Text}**" : cell.Text), $"{line.Seeds}"])));
    }

    static IEnumerable<Line> Lines(IReadOnlyList<AblationRow> rows, IReadOnlyList<LadderColumn> columns)
    {
        foreach (var loss in rows.GroupBy(row => row.Loss))
        {
            var rungs = loss.GroupBy(row => row.Rung).Select(rung => (Name: rung.Key, Seeds: rung.Select(row => row.Seed).Distinct().Count(),
                Values: columns.Select(column => Summary([.. rung.Where(column.Is).Select(row => 100 * row.Value)])).ToArray())).ToList();
            var best = columns.Select((_, column) => rungs.Max(rung => rung.Values[column].Mean)).ToArray();
            foreach (var (name, seeds, values) in rungs)
                yield return new(loss.Key, name, seeds,
                    [.. values.Select((value, column) => (Text(value, seeds), rungs.Count > 1 && value.Mean == best[column]))]);
        }
    }

    static (double Mean, double Spread) Summary(double[] values)
    {
        var mean = values.Average();
        return (mean, values.Length > 1 ? Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1)) : 0);
    }

    static string Text((double Mean, double Spread) value, int seeds) => seeds > 1
        ? $"{value.Mean:F1}\u00A0±\u00A0{value.Spread:F1}" : $"{value.Mean:F1}";

    sealed record Line(string Loss, string Rung, int Seeds, IReadOnlyList<(string Text, bool Best)> Cells);
}

/// <summary>A column of the table: one metric of one score.</summary>
/// <param name="Name">Of the column.</param>
/// <param name="Images">Part of the score's images.</param>
/// <param name="Method">How its method begins.</param>
/// <param name="Metric">Its metric.</param>
sealed record LadderColumn(string Name, string Images, string Method, string Metric)
{
    public bool Is(AblationRow row) => row.Metric == Metric && row.Images.Contains(Images) && row.Method.StartsWith(Method, StringComparison.Ordinal);
}
