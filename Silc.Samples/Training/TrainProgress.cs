using Spectre.Console;

namespace Silc.Samples.Training;

/// <summary>Shows a run on the terminal: a bar that moves, or plain lines when the output goes to a file.</summary>
static class TrainProgress
{
    /// <summary>Runs <paramref name="train"/>, which is given the function to report to.</summary>
    public static RunEnd Show(long startStep, int totalSteps, Func<Action<TrainReport>, RunEnd> train)
    {
        if (Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive)
            return train(report => Console.WriteLine(Line(report)));

        var progress = AnsiConsole.Progress().AutoClear(false)
            .Columns(new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left });
        return progress.Start(context =>
        {
            var task = context.AddTask("[grey]compiling kernels[/]", maxValue: totalSteps);
            task.Value = startStep;
            return train(report =>
            {
                task.Value = report.Metrics.Step;
                task.Description = Line(report).EscapeMarkup();
            });
        });
    }

    static string Line(TrainReport report)
    {
        var m = report.Metrics;
        var distillation = m.Distillation > 0 ? $" + distill {m.Distillation:F3}" : "";
        var slow = report.DataWaitShare >= 0.05 ? $" ({report.SlowStage} is slow)" : "";
        var skipped = m.Skipped > 0 ? $"  {m.Skipped} skipped" : "";
        return $"step {m.Step}/{report.TotalSteps}  contrast {m.Contrastive:F3}{distillation}  "
            + $"{report.SamplesPerSecond:F0} samples/s  data wait {report.DataWaitShare:P0}{slow}  eta {(int)report.Remaining.TotalHours}:{report.Remaining:mm\\:ss}{skipped}";
    }
}
