using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Silc.Samples.Models;
using Silc.Samples.Terminals;
using Silc.Samples.Training;

namespace Silc.Samples.Commands;

/// <summary><c>silc train --dry-run</c>: sizes, memory and time of a few steps; nothing is written.</summary>
static class TrainTrial
{
    // The first steps compile kernels; a step of the rest is a fair one.
    const int WarmSteps = 2, MostSteps = 10;
    static readonly TimeSpan patience = TimeSpan.FromSeconds(20);

    public static int Do(ParseResult typed, ParseResult parsed, RunConfig? file)
    {
        using var init = TrainInit.Open(typed, parsed);
        var tokenizer = init?.Tokenizer ?? Tokenizers.Open(TrainOptions.TokenizerOf(parsed));
        var config = RunConfig.Blame(file, parsed, line => TrainOptions.ModelOf(line, tokenizer, init?.Weights.Config));
        var train = RunConfig.Blame(file, parsed, TrainOptions.TrainingOf);
        var source = DataOption.OpenForTraining(parsed.GetRequiredValue(TrainOptions.Data), train.Seed, parsed, train.ReadsCaptions);
        using var device = TrainOptions.OpenDevice(parsed);
        using var model = init?.Model(device, config, tokenizer, train.Seed) ?? SilcModel.Create(device, config, train.Seed, tokenizer);
        using var run = new TrainRun(model, source, train, folder: null, parsed.GetValue(TrainOptions.MaxBad));
        PrintSizes(model, run, source);

        using var interrupt = new Interrupt();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(interrupt.Token);
        var clock = Stopwatch.StartNew();
        List<TrainReport> reports = [];
        run.Run(report =>
        {
            reports.Add(report);
            if (reports.Count >= WarmSteps + MostSteps || reports.Count > WarmSteps && clock.Elapsed > patience) enough.Cancel();
        }, reportEvery: 1, stop: enough.Token);
        if (interrupt.ExitCode != 0) return interrupt.ExitCode;
        PrintTime(reports, train, run);
        return 0;
    }

    static void PrintSizes(SilcModel model, TrainRun run, IImageTextSource source)
    {
        var (config, train) = (model.Config, run.Trainer.Config);
        long Of(string prefix) => model.Parameters.All.Where(p => p.Name.StartsWith(prefix, StringComparison.Ordinal)).Sum(p => (long)p.Count);
        Console.WriteLine($"device   {model.Device}");
        Console.WriteLine($"data     {source.Name}: {source.Count:N0} images, {train.BatchSize} a step, {run.Loader.StepsPerEpoch:N0} steps an "
            + $"epoch; "
            + $"{train.TotalSteps:N0} steps are {Number(train.TotalSteps / (double)run.Loader.StepsPerEpoch)} epochs");
        Console.WriteLine($"image    {ModelSummary.Image(config)}; {config.ImageSize} pixels, {config.Grid} x {config.Grid} patches of "
            + $"{config.PatchSize}; {Of("img/"):N0} parameters");
        Console.WriteLine($"text     {ModelSummary.Tower(config.Text)}; {config.TextLength} tokens of {config.VocabSize:N0}; {Of("txt/"):N0} "
            + $"parameters");
        Console.WriteLine($"model    {model.TowerParameterCount:N0} parameters in both towers, {config.EmbedDim} channels of an embedding"
            + (run.Trainer.Teacher is null ? "; no self-distillation"
                : $"; head {config.Head.Hidden}-{config.Head.Bottleneck}-{config.Head.Prototypes} of {Of("head/"):N0}, and a teacher of "
                    + $"{run.Trainer.Teacher.Parameters.Count:N0}"));
        Console.WriteLine($"views    {ModelSummary.Views(config)}, of each image");
        Console.WriteLine($"memory   {ModelSummary.Size(model.Device.AllocatedBytes)} on the device: activations "
            + $"{ModelSummary.Size(run.Trainer.ActivationBytes)}, the rest is parameters, gradients, moments, teacher and views");
        Console.WriteLine($"disk     {ModelSummary.Size(run.Trainer.CheckpointBytes)} a checkpoint, {ModelSummary.Size(run.Trainer.ModelBytes)} "
            + $"the model");
    }

    static void PrintTime(List<TrainReport> reports, TrainConfig train, TrainRun run)
    {
        var timed = reports.Count > WarmSteps ? reports[WarmSteps..] : reports;
        double[] seconds = [.. timed.Select(report => train.BatchSize / report.SamplesPerSecond).Order()];
        var median = seconds[seconds.Length / 2];
        Console.WriteLine($"steps    {timed.Count} timed after {reports.Count - timed.Count}: {Number(1000 * median)} ms each "
            + $"({Number(1000 * seconds[0])} to {Number(1000 * seconds[^1])}), {Number(train.BatchSize / median)} images/s; "
            + $"data wait {timed.Average(report => report.DataWaitShare):P0}");
        Console.WriteLine($"losses   {string.Join(", ", timed[^1].Metrics.Losses.Select(loss => $"{loss.Term.Name} {Number(loss.Value)}"))}");
        Console.WriteLine($"process  {ModelSummary.Size(PeakMemory.OfProcess())} at most, what lies on a CPU's device included");
        Console.WriteLine($"run      {train.TotalSteps:N0} steps take about {Duration(median * train.TotalSteps)} here; nothing was written");
        if (run.Loader.BadSamples > 0) Console.WriteLine($"unread   {run.Loader.BadSamples} samples could not be read, e.g. "
            + $"{run.Loader.BadReports.First()}");
    }

    static string Number(double value) => value.ToString(value >= 100 ? "F0" : "G3", CultureInfo.InvariantCulture);

    static string Duration(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 1e10)) is var time && time.TotalHours >= 1
        ? $"{Number(time.TotalHours)} h" : time.TotalMinutes >= 1 ? $"{Number(time.TotalMinutes)} min" : $"{Number(time.TotalSeconds)} s";
}
