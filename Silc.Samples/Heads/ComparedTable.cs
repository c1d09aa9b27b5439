using System.Globalization;

namespace Silc.Samples.Heads;

/// <summary>
/// Towers beside each other: for each row mean and spread (the standard deviation, n - 1 below) over seeds in per cent, its floors, and whether
/// the best tower differs from the next. A difference below two standard deviations, the root of the mean of both variances, is none.
/// </summary>
/// <param name="tasks">In the order of the rows.</param>
/// <param name="towers">In the order of the columns.</param>
/// <param name="untrained">The tower that was not trained, one of the columns; null for none.</param>
/// <param name="cells">What was measured.</param>
sealed class ComparedTable(IReadOnlyList<ComparedTask> tasks, IReadOnlyList<string> towers, string? untrained, IReadOnlyList<ComparedCell> cells)
{
    const double Deviations = 2;

    /// <summary>Names above the columns.</summary>
    public IReadOnlyList<string> Header => ["row", .. towers, "floors", "difference"];

    /// <summary>The rows that anything was measured of.</summary>
    public IEnumerable<IReadOnlyList<string>> Rows()
    {
        foreach (var task in tasks)
            foreach (var row in task.Rows)
            {
                var values = towers.Select(tower =>
                    OverSeeds.Of([.. Cells(task, tower).Select(cell => 100 * cell.Value(row.Method, row.Metric))])).ToList();
                if (values.All(value => value.Count == 0)) continue;
                var floors = row.Floors.Select(floor => (floor.Words, Value: OverSeeds.Of([.. cells.Where(cell => cell.Task == task.Name)
                    .Select(cell => 100 * cell.Value(floor.Method, row.Metric))]))).Where(floor => floor.Value.Count > 0).ToList();
                yield return [row.Name, .. values.Select(value => value.Text),
                    string.Join("; ", floors.Select(floor => $"{floor.Words} {floor.Value.Text}")), Difference(values, floors)];
            }
    }

    /// <summary>The same for a page.</summary>
    public string Markdown()
    {
        static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells.Select(cell => cell.Replace("|", "\\|")))} |\n";
        return Row(Header) + Row(["---", .. towers.Select(_ => "---:"), "---", "---"]) + string.Concat(Rows().Select(Row));
    }

    IEnumerable<ComparedCell> Cells(ComparedTask task, string tower) => cells.Where(cell => cell.Task == task.Name && cell.Tower == tower);

    // A tower is compared with the untrained one and the floors first: what does not beat them says nothing of the others either.
    string Difference(List<OverSeeds> values, List<(string Words, OverSeeds Value)> floors)
    {
        var trained = towers.Zip(values).Where(one => one.First != untrained && one.Second.Count > 0)
            .OrderByDescending(one => one.Second.Mean).ToList();
        if (trained.Count == 0) return "not measured";
        var (name, best) = trained[0];
        var below = floors.ToList();
        if (untrained is not null && values[towers.ToList().IndexOf(untrained)] is { Count: > 0 } random) below.Add(("the untrained tower", random));
        if (below.FirstOrDefault(floor => !best.IsAbove(floor.Value)) is { Words: { } words }) return $"no better than {words}";
        if (trained.Count == 1) return "above its floors";
        return best.IsAbove(trained[1].Second) ? string.Create(CultureInfo.InvariantCulture, $"{name} +{best.Mean - trained[1].Second.Mean:F1}")
            : "no difference";
    }

    readonly record struct OverSeeds(int Count, double Mean, double Deviation)
    {
        public static OverSeeds Of(double[] all)
        {
            double[] values = [.. all.Where(double.IsFinite)];
            if (values.Length == 0) return default;
            double mean = values.Average();
            return new(values.Length, mean,
                values.Length > 1 ? Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1)) : 0);
        }

        public string Text => Count == 0 ? "" : Count == 1 ? Number(Mean) : $"{Number(Mean)}\u00A0±\u00A0{Number(Deviation)}";

        public bool IsAbove(OverSeeds other) =>
            Mean > other.Mean && Mean - other.Mean >= Deviations * Math.Sqrt((Deviation * Deviation + other.Deviation * other.Deviation) / 2);

        static string Number(double value) => value.ToString("F1", CultureInfo.InvariantCulture);
    }
}
