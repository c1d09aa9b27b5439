using Spectre.Console;

namespace Silc.Samples.Bench;

/// <summary>Where the time of a step goes.</summary>
static class OpTable
{
    public static void Show(OpProfile profile, int steps, double ceilingGflops, double ceilingGbytes)
    {
        var total = profile.Costs.Sum(cost => cost.Time.TotalSeconds);
        var table = new Table().Border(TableBorder.Rounded).AddColumns("operation", "calls", "ms/step", "share", "GFLOP/s", "GB/s", "of ceiling");
        for (int i = 1; i < 7; i++) table.Columns[i].RightAligned();
        foreach (var cost in profile.Costs)
        {
            var seconds = cost.Time.TotalSeconds;
            var (gflops, gbytes) = (cost.Flops / seconds / 1e9, cost.Bytes / seconds / 1e9);
            table.AddRow(cost.Name, $"{cost.Calls / steps}", $"{1000 * seconds / steps:F1}", $"{seconds / total:P1}", gflops > 0 ? $"{gflops:F1}" : "", $"{gbytes:F1}",
                $"{Math.Max(gflops / ceilingGflops, gbytes / ceilingGbytes):P0}");
        }
        AnsiConsole.Write(table);
    }
}
