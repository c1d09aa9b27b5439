namespace Silc.Samples.Training;

/// <summary>A run that is shown on the terminal, with what this program adds to its folder: metrics.csv, events for TensorBoard and
/// loss.png.</summary>
/// <param name="folder">Of the run.</param>
sealed class TrainSession(RunFolder folder)
{
    public const string Metrics = MetricsFile.Name, Plot = "loss.png";

    /// <summary>What the command ends with: 0, 1 where a collapse stopped the run, or as shells call the end by the signal that did.</summary>
    public int ExitCode { get; private set; }

    /// <summary>Prints what is about to run, trains, and writes the files whether the run finished or was stopped.</summary>
    public RunEnd Train(SilcModel model, TrainRun run, string title, int logEvery = 10, TimeSpan? limit = null, bool stopOnCollapse = false)
    {
        PrintPlan(model, run);
        using var interrupt = new Interrupt();
        // Opened with the first report: until then the folder may hold the metrics of a run that this one replaces.
        using var logs = new RunLogs(folder, run.Trainer.Steps);
        run.Saving = logs.Flush;
        if (folder.Warning is { } warning) Console.Error.WriteLine($"warning: {warning}");
        folder.Notes = new Dictionary<string, string>(folder.Notes) { [SessionNote.Key] = SessionNote.Of(model, run.Trainer).Write() };
        var config = run.Trainer.Config;
        var (watch, collapsed) = (new CollapseWatch(), false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(interrupt.Token);
        var end = TrainProgress.Show(run.Trainer.Steps, config.TotalSteps, show => run.Run(report =>
        {
            logs.Add(report);
            show(report);
            if (watch.Read(report.Metrics.Health) is not { } complaint) return;
            Console.Error.WriteLine($"warning at step {report.Metrics.Step}: {complaint}");
            if (!stopOnCollapse) return;
            collapsed = true;
            stop.Cancel();
        }, logEvery, limit, stop.Token));

        if (run.Trainer.Steps > 0) LossPlot.Of(logs.Over, model.Config, config, title).WritePng(folder.At(Plot));
        foreach (var bad in run.Loader.BadReports) Console.Error.WriteLine($"unreadable: {bad}");
        if (run.Loader.BadSamples > 0) Console.Error.WriteLine($"{run.Loader.BadSamples} samples could not be read and were replaced");
        if (end == RunEnd.Stopped) ExitCode = collapsed ? 1 : interrupt.ExitCode;
        return end;
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
