using Spectre.Console;

namespace Silc.Samples.Training;

/// <summary>Shows a run on the terminal: a bar that moves, or plain lines when the output goes to a file.</summary>
static class TrainProgress
{
    // The percentage and the gaps between columns.
    const int Beside = 9;

    /// <summary>Runs <paramref name="train"/>, which is given the function to report to.</summary>
    public static RunEnd Show(long startStep, int totalSteps, Func<Action<TrainReport>, RunEnd> train)
    {
        if (IsPlain)
            return train(report => Console.WriteLine(Line(report)));

        int width = AnsiConsole.Profile.Width, bar = Math.Clamp(width - 100, 10, 24), room = width - bar - Beside;
        var progress = AnsiConsole.Progress().AutoClear(false)
            .Columns(new ProgressBarColumn { Width = bar }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left });
        return progress.Start(context =>
        {
            var task = context.AddTask("[grey]compiling kernels[/]", maxValue: totalSteps);
            task.Value = startStep;
            return train(report =>
            {
                task.Value = report.Metrics.Step;
                task.Description = Line(report, room).EscapeMarkup();
            });
        });
    }

    static bool IsPlain => Console.IsOutputRedirected || !Terminals.Terminal.IsSmart || !AnsiConsole.Profile.Capabilities.Interactive;

    /// <summary>A line that stays, above the bar where there is one.</summary>
    public static void Say(string line)
    {
        if (IsPlain) Console.WriteLine(line);
        else AnsiConsole.WriteLine(line);
    }

    /// <summary>The report in a line of at most <paramref name="room"/> letters: what matters least is left out first.</summary>
    internal static string Line(TrainReport report, int room = int.MaxValue)
    {
        var m = report.Metrics;
        var losses = string.Join(" + ", m.Losses.Select(loss => $"{loss.Term.Short} {loss.Value:F3}"));
        var slow = report.DataWaitShare >= 0.05 ? $" ({report.SlowStage} is slow)" : "";
        var skipped = m.Skipped > 0 ? $"{m.Skipped} skipped" : "";
        (string Text, int Rank)[] parts =
        [
            ($"step {m.Step}/{report.TotalSteps}", 0), (losses, 1), ($"{report.SamplesPerSecond:F0} samples/s", 4),
            ($"data wait {report.DataWaitShare:P0}{slow}", 5),
            (report.CollectiveShare > 0 ? $"exchange {report.CollectiveShare:P0}" : "", 6),
            ($"eta {(int)report.Remaining.TotalHours}:{report.Remaining:mm\\:ss}", 2),
                (skipped, 3),
        ];
        for (int rank = parts.Length; ; rank--)
        {
            var line = string.Join("  ", parts.Where(part => part.Rank < rank && part.Text != "").Select(part => part.Text));
            if (line.Length <= room || rank == 1) return line;
        }
    }
}
