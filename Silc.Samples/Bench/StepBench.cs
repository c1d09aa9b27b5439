using System.Diagnostics;

namespace Silc.Samples.Bench;

/// <summary>What one preset does on one device.</summary>
/// <param name="StartUp">From the start of the process to the end of the first step: kernels are compiled on the way.</param>
/// <param name="Step">Time of a step: the median on a processor, the mean on a GPU.</param>
/// <param name="Batch">Images a step.</param>
/// <param name="PeakMiB">Most memory this process had in use, from the operating system; on a GPU, what was allocated there.</param>
/// <param name="EmbedPerSecond">Images embedded a second, 32 at a time.</param>
/// <param name="StepCosts">Where the time of a step goes, if that was asked for.</param>
/// <param name="EmbedCosts">The same for embedding 32 images.</param>
/// <param name="Kernels">The same of a step by kernel, if that was asked for; such steps are a little longer.</param>
sealed record StepTiming(
    TimeSpan StartUp, TimeSpan Step, int Batch, long PeakMiB, double EmbedPerSecond, IReadOnlyList<OpCost> StepCosts,
        IReadOnlyList<OpCost> EmbedCosts,
    IReadOnlyList<KernelCost> Kernels)
{
    public double SamplesPerSecond => Batch / Step.TotalSeconds;
}

/// <summary>Times whole training steps on noise: contrast and distillation, forward and backward, clipping, AdamW, teacher and centre.</summary>
static class StepBench
{
    public const int Embedded = 32, EmbedRuns = 9;

    static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public static StepTiming Run(Device device, SilcConfig config, TrainConfig train, int steps, OpProfile? profile = null, bool kernels = false)
    {
        int batch = train.BatchSize;
        using var model = SilcModel.Create(device, config, seed: 0);
        var (startUp, step, _) = Steps(model, train, steps, profile);
        var stepCosts = profile?.Costs ?? [];
        var peak = device.Info.IsProcessor ? Peak() : device.PeakBytes;

        var kernelCosts = kernels ? Kernels(model, train, steps) : [];

        var pixels = BenchModel.Noise(config, Embedded).Global.AsSpan(0, Embedded * config.ImageSize * config.ImageSize * 3).ToArray();
        List<TimeSpan> embeds = [];
        for (int i = 0; i <= EmbedRuns; i++)
        {
            var clock = Stopwatch.StartNew();
            model.EmbedPixels(pixels);
            if (i > 0) embeds.Add(clock.Elapsed);
            else profile?.Reset();
        }
        return new(startUp, step, batch, peak >> 20, Embedded / Median(embeds).TotalSeconds, stepCosts, profile?.Costs ?? [], kernelCosts);
    }

    /// <summary>The end of the first step after the process's start, the median of the rest, and the activation memory of a step.</summary>
    public static (TimeSpan StartUp, TimeSpan Step, long ActivationBytes) Steps(SilcModel model, TrainConfig train, int steps,
        OpProfile? profile = null)
    {
        using var trainer = new Trainer(model, train);
        var noise = BenchModel.Noise(model.Config, train.BatchSize);
        trainer.Step(noise);
        model.Device.Synchronize();
        var startUp = DateTime.Now - Process.GetCurrentProcess().StartTime;
        // By then .NET has recompiled hot methods with optimizations, and the processor's clock has settled.
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < WarmUp;) OneStep(trainer, noise, model.Device);
        profile?.Reset();
        List<TimeSpan> times = [];
        model.Device.Synchronize();
        var all = Stopwatch.StartNew();
        for (int i = 0; i < steps; i++) times.Add(OneStep(trainer, noise, model.Device));
        model.Device.Synchronize();
        // A step returns before a GPU has done it: its time is that of all steps, up to the end of the last, over their number.
        return (startUp, model.Device.Info.IsProcessor ? Median(times) : all.Elapsed / steps, trainer.ActivationBytes);
    }

    static IReadOnlyList<KernelCost> Kernels(SilcModel model, TrainConfig train, int steps)
    {
        using var trainer = new Trainer(model, train);
        var noise = BenchModel.Noise(model.Config, train.BatchSize);
        var profile = model.Device.StartKernelProfile();
        for (int i = 0; i <= steps; i++)
        {
            OneStep(trainer, noise, model.Device);
            if (i == 0) profile.Take();
        }
        return [.. profile.Take().Select(cost => cost with { Launches = cost.Launches / steps, Milliseconds = cost.Milliseconds / steps })];
    }

    // On a GPU as in training: the next batch is copied while the device works.
    static TimeSpan OneStep(Trainer trainer, Batch batch, Device device)
    {
        var clock = Stopwatch.StartNew();
        trainer.Step(batch);
        if (device.Info.IsProcessor) device.Synchronize();
        return clock.Elapsed;
    }

    static TimeSpan Median(List<TimeSpan> times)
    {
        times.Sort();
        return times[times.Count / 2];
    }

    static long Peak()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
