namespace Silc.Samples.Training;

/// <summary>A run that is shown on the terminal, with what this program adds to its folder: metrics.csv, events for TensorBoard and
/// loss.png.</summary>
/// <param name="folder">Of the run.</param>
/// <param name="values">All values of the run as run.json holds them; null for a run that has no options.</param>
sealed class TrainSession(RunFolder folder, string? values = null)
{
    public const string Metrics = MetricsFile.Name, Plot = "loss.png";

    /// <summary>What the command ends with: 0, or as shells call the end by the signal that stopped the run.</summary>
    public int ExitCode { get; private set; }

    /// <summary>Prints what is about to run, trains, and writes the files whether the run finished or was stopped.</summary>
    public RunEnd Train(SilcModel model, TrainRun run, string title, int logEvery = 10, TimeSpan? limit = null)
    {
        PrintPlan(model, run);
        using var interrupt = new Interrupt();
        // Opened with the first report: until then the folder may hold the metrics of a run that this one replaces.
        using var logs = new RunLogs(folder, run.Trainer.Steps);
        run.Saving = logs.Flush;
        if (folder.Warning is { } warning) Console.Error.WriteLine($"warning: {warning}");
        folder.Notes = new Dictionary<string, string>(folder.Notes) { [SessionNote.Key] = SessionNote.Of(model, run.Trainer).Write() };
        var config = run.Trainer.Config;
        var watch = new CollapseWatch();
        var kept = values is null;
        var end = TrainProgress.Show(run.Trainer.Steps, config.TotalSteps, show => run.Run(report =>
        {
            logs.Add(report);
            if (!kept) AtomicFile.WriteText(folder.At(RunConfig.FileName), values!);
            kept = true;
            show(report);
            if (watch.Read(report.Metrics.Health) is { } complaint) Console.Error.WriteLine($"warning at step {report.Metrics.Step}: {complaint}");
        }, logEvery, limit, interrupt.Token));

        if (run.Trainer.Steps > 0) LossPlot.Of(logs.Over, model.Config, config, title).WritePng(folder.At(Plot));
        foreach (var bad in run.Loader.BadReports) Console.Error.WriteLine($"unreadable: {bad}");
        if (run.Loader.BadSamples > 0) Console.Error.WriteLine($"{run.Loader.BadSamples} samples could not be read and were replaced");
        if (end == RunEnd.Stopped) ExitCode = interrupt.ExitCode;
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
