namespace Silc.Samples.Training;

/// <summary>A run with all that it leaves behind: metrics.csv, loss.png, model.safetensors, checkpoint.safetensors and the tokenizer.</summary>
/// <param name="folder">Made if it is not there.</param>
/// <param name="tokenizer">As <see cref="Tokenizers.Open"/> takes it; a file is copied into the folder.</param>
sealed class TrainSession(string folder, string tokenizer)
{
    public const string Model = "model.safetensors", Checkpoint = "checkpoint.safetensors", Metrics = "metrics.csv", Plot = "loss.png";

    public string At(string name) => Path.Combine(folder, name);

    /// <summary>Prints what is about to run, trains, and writes the files whether the run finished or was stopped.</summary>
    public RunEnd Train(SilcModel model, TrainRun run, string title, int logEvery = 10, TimeSpan? limit = null)
    {
        Directory.CreateDirectory(folder);
        PrintPlan(model, run);
        var saved = KeepTokenizer();
        using var interrupt = new Interrupt();
        using var log = new MetricsLog(At(Metrics), run.Trainer.Steps);
        var config = run.Trainer.Config;
        var watch = new CollapseWatch();
        var end = TrainProgress.Show(run.Trainer.Steps, config.TotalSteps, show => run.Run(report =>
        {
            log.Add(report);
            show(report);
            if (watch.Read(report.Metrics.Health) is { } complaint) Console.Error.WriteLine($"warning at step {report.Metrics.Step}: {complaint}");
        }, logEvery, limit, interrupt.Token));

        model.Save(At(Model), saved);
        run.Trainer.Save(At(Checkpoint), saved);
        double? chance = model.Config.Contrastive == ContrastiveKind.Softmax ? Math.Log(config.BatchSize) : null;
        LossPlot.Write(At(Plot), log.Rows, chance, title);
        foreach (var bad in run.Loader.BadReports) Console.Error.WriteLine($"unreadable: {bad}");
        if (run.Loader.BadSamples > 0) Console.Error.WriteLine($"{run.Loader.BadSamples} samples could not be read and were replaced");
        return end;
    }

    static void PrintPlan(SilcModel model, TrainRun run)
    {
        static string MiB(long bytes) => $"{bytes / (double)(1 << 20):N0} MiB";
        Console.WriteLine($"device   {model.Device}");
        Console.WriteLine($"model    {model.TowerParameterCount:N0} parameters in both towers, {model.Config.ImageSize} pixels, patch {model.Config.PatchSize}, "
            + $"{model.Config.TextLength} tokens of {model.Config.VocabSize}");
        Console.WriteLine($"memory   {MiB(model.Device.AllocatedBytes)}: activations {MiB(run.Trainer.ActivationBytes)}, the rest is parameters, gradients, moments, teacher and views");
    }

    // SilcModel.Load looks for the tokenizer beside the weights.
    string KeepTokenizer()
    {
        if (Tokenizers.IsBuiltIn(tokenizer)) return tokenizer;
        var name = tokenizer.EndsWith(".txt.gz", StringComparison.OrdinalIgnoreCase) ? "tokenizer.txt.gz" : $"tokenizer{Path.GetExtension(tokenizer)}";
        if (Path.GetFullPath(tokenizer) != Path.GetFullPath(At(name))) File.Copy(tokenizer, At(name), overwrite: true);
        return name;
    }
}
