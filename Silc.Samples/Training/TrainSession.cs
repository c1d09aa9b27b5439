using Silc.Samples.Terminals;

namespace Silc.Samples.Training;

/// <summary>
/// A run that is shown on the terminal, with what this program adds to its folder: metrics.csv, events for TensorBoard and loss.png.
/// </summary>
/// <param name="folder">Of the run.</param>
/// <param name="values">All values of the run as run.json holds them; null for a run that has no options.</param>
/// <param name="plan">How it is validated; null without.</param>
sealed class TrainSession(RunFolder folder, string? values = null, ValidationPlan? plan = null)
{
    // What shells call the end by Ctrl-C, whatever the signal and whichever rank of a job it reached.
    const int StoppedCode = 130;

    public const string Metrics = MetricsFile.Name, Plot = "loss.png";

    /// <summary>The file of all values of a run.</summary>
    public const string Values = "run.json";

    /// <summary>What the command ends with: 0, 1 where a collapse stopped the run, or as shells call the end by the signal that did.</summary>
    public int ExitCode { get; private set; }

    /// <summary>Steps of the run that are done.</summary>
    public long Steps { get; private set; }

    /// <summary>The best validation; null before there was one.</summary>
    public (long Step, double Value)? Best => best?.Found;

    BestModel? best;

    string Line(ValidationScores scores, BestModel best)
    {
        var metric = plan!.Metric;
        var numbers = ValidationMetric.All.Where(one => one.Value(scores) is not null)
            .Select(one => $"{one.Short} {BestModel.Text(one, one.Value(scores)!.Value)}");
        return $"validation  {string.Join(", ", numbers)}{(best.Found is { } found ? $"; best {metric.Word} {BestModel.Text(metric, found.Value)} "
            + $"at step {found.Step}" : "")}";
    }

    /// <summary>Prints what is about to run, trains, and writes the files whether the run finished or was stopped.</summary>
    public RunEnd Train(SilcModel model, TrainRun run, string title, int logEvery = 10, TimeSpan? limit = null, bool stopOnCollapse = false)
    {
        PrintPlan(model, run);
        using var interrupt = new Interrupt(userSignal: true);
        // Opened with the first report: until then the folder may hold the metrics of a run that this one replaces.
        using var logs = new RunLogs(folder, run.Trainer.Steps, run.Trainer.Config);
        run.Saving = logs.Flush;
        if (folder.Warning is { } warning) Console.Error.WriteLine($"warning: {warning}");
        folder.Notes = new Dictionary<string, string>(folder.Notes) { [SessionNote.Key] = SessionNote.Of(model, run.Trainer).Write() };
        var config = run.Trainer.Config;
        var (watch, collapsed) = (new CollapseWatch(), false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(interrupt.Token);
        var kept = values is null;
        var fresh = run.Trainer.Steps == 0;
        (long Step, ValidationScores Scores)? measured = null;
        best = plan is null ? null : new(folder, plan);
        if (plan is not null)
            run.AfterStep = step =>
            {
                // What an earlier run kept in this folder is of other weights.
                if (fresh) BestModel.Clear(folder, all: true);
                fresh = false;
                if (step % plan.Every != 0 && step != config.TotalSteps) return false;
                try
                {
                    measured = (step, plan.Measure(model, interrupt.Token));
                }
                catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
                {
                    return false;       // the run ends, and a validation that was cut off says nothing
                }
                best!.Add(step, measured.Value.Scores, model);
                run.ReportNow();
                return best.IsOver;
            };
        var end = TrainProgress.Show(run.Trainer.Steps, config.TotalSteps, show => run.Run(report =>
        {
            var held = measured?.Step == report.Metrics.Step ? measured.Value.Scores : null;
            logs.Add(report, held);
            if (!kept) AtomicFile.WriteText(folder.At(Values), values!);
            kept = true;
            show(report);
            if (held is not null) TrainProgress.Say(Line(held, best!));
            if (watch.Read(report.Metrics.Health) is not { } complaint) return;
            Console.Error.WriteLine($"warning at step {report.Metrics.Step}: {complaint}");
            if (!stopOnCollapse) return;
            collapsed = true;
            stop.Cancel();
        }, logEvery, limit, stop.Token));

        Steps = run.Trainer.Steps;
        if (run.Trainer.Steps > 0) LossPlot.Of(logs.Over, model.Config, run.Trainer.Config, title,
            plan is null ? null : logs.Over(ValidationMetric.All[0])).WritePng(folder.At(Plot));
        foreach (var bad in run.Loader.BadReports) Console.Error.WriteLine($"unreadable: {bad}");
        if (run.Loader.BadSamples > 0) Console.Error.WriteLine($"{run.Loader.BadSamples} samples could not be read and were replaced");
        if (end == RunEnd.Finished && plan is not null) BestModel.Clear(folder, all: false);
        if (end == RunEnd.Stopped) ExitCode = collapsed ? 1 : run.Trainer.Collective.Size > 1 ? StoppedCode : interrupt.ExitCode;
        return end;
    }

    /// <summary>Trains beside rank 0, which shows the run and keeps its files.</summary>
    public static RunEnd Follow(TrainRun run, int logEvery)
    {
        using var interrupt = new Interrupt(word: "", userSignal: true);
        return run.Run(reportEvery: logEvery, stop: interrupt.Token);
    }

    static void PrintPlan(SilcModel model, TrainRun run)
    {
        static string MiB(long bytes) => $"{bytes / (double)(1 << 20):N0} MiB";
        Console.WriteLine($"device   {model.Device}");
        Console.WriteLine($"model    {model.TowerParameterCount:N0} parameters in both towers, {model.Config.ImageSize} pixels, "
            + $"patch {model.Config.PatchSize}, "
            + $"{model.Config.TextLength} tokens of {model.Config.VocabSize}");
        Console.WriteLine($"memory   {MiB(model.Device.AllocatedBytes)}: activations {MiB(run.Trainer.ActivationBytes)}, the rest is parameters, "
            + "gradients, moments, teacher and views");
    }
}
