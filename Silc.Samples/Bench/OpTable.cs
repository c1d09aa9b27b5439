using Spectre.Console;

namespace Silc.Samples.Bench;

/// <summary>Where the time goes, operation by operation.</summary>
static class OpTable
{
    /// <param name="what">What was run.</param>
    /// <param name="costs">Sums over all runs.</param>
    /// <param name="runs">How often it was run.</param>
    /// <param name="ceilingGflops">Rate of a large product.</param>
    /// <param name="ceilingGbytes">Rate of a large copy.</param>
    public static void Show(string what, IReadOnlyList<OpCost> costs, int runs, double ceilingGflops, double ceilingGbytes)
    {
        var total = costs.Sum(cost => cost.Time.TotalSeconds);
        var table = new Table().Border(TableBorder.Rounded).Title(what)
            .AddColumns("operation", "calls", "ms", "share", "GFLOP/s", "GB/s", "of ceiling");
        for (int i = 1; i < 7; i++) table.Columns[i].RightAligned();
        foreach (var cost in costs)
        {
            var seconds = cost.Time.TotalSeconds;
            var (gflops, gbytes) = (cost.Flops / seconds / 1e9, cost.Bytes / seconds / 1e9);
            table.AddRow(cost.Name, $"{cost.Calls / runs}", $"{1000 * seconds / runs:F1}", $"{seconds / total:P1}", gflops > 0
                ? $"{gflops:F1}" : "", $"{gbytes:F1}",
                $"{Math.Max(gflops / ceilingGflops, gbytes / ceilingGbytes):P0}");
        }
        AnsiConsole.Write(table);
    }
}
