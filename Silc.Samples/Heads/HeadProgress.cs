using Spectre.Console;

namespace Silc.Samples.Heads;

/// <summary>Shows a head's training on the terminal: a bar that moves, or plain lines when the output goes to a file.</summary>
static class HeadProgress
{
    /// <summary>Runs <paramref name="train"/>, which is given the function to report to.</summary>
    public static RunEnd Show(long startStep, int totalSteps, Func<Action<HeadReport>, RunEnd> train)
    {
        if (Console.IsOutputRedirected || !Terminals.Terminal.IsSmart || !AnsiConsole.Profile.Capabilities.Interactive)
            return train(report => Console.WriteLine(Line(report)));
        return AnsiConsole.Progress().AutoClear(false)
            .Columns(new ProgressBarColumn { Width = 20 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context =>
            {
                var task = context.AddTask("[grey]compiling kernels[/]", maxValue: totalSteps);
                task.Value = startStep;
                return train(report => (task.Value, task.Description) = (report.Step, Line(report).EscapeMarkup()));
            });
    }

    static string Line(HeadReport report) => $"step {report.Step}/{report.TotalSteps}  loss {report.Loss:F4}  {report.ImagesPerSecond:N0} images/s  "
        + $"eta {(int)report.Remaining.TotalHours}:{report.Remaining:mm\\:ss}";
}
