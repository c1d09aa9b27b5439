using System.CommandLine;
using Silc.Samples.Bench;

namespace Silc.Samples.Commands;

/// <summary><c>silc bench growth</c>: how time and memory of a step grow with the batch, and with the tokens of an image.</summary>
static class BenchGrowthCommand
{
    static readonly Argument<string> Preset = new("preset") { Description = string.Join(", ", BenchModel.Names), DefaultValueFactory = _ => "mini" };
    static readonly Option<int> Largest = new("--largest")
    {
        Description = "Batches of 1, 2, 4, … up to this.",
        HelpName = "N",
        DefaultValueFactory = _ => 64
    };
    static readonly Option<int> Batch = new("--batch")
    {
        Description = "Images a step while tokens grow.",
        HelpName = "N",
        DefaultValueFactory = _ =>
        4
    };
    static readonly Option<int> Scales = new("--scales")
    {
        Description = "Sides of 1, 2, 4, … times the preset's: so many of them.",
        HelpName = "N",
        DefaultValueFactory = _ => 3
    };
    static readonly Option<int> Steps = new("--steps")
    {
        Description = "Timed steps; the median counts.",
        HelpName = "N",
        DefaultValueFactory = _ =>
        8
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<Precision> Precision = TrainOptions.PrecisionOption();

    public static Command Create()
    {
        var command = new Command("growth", """
            Time steps of growing batches, then of growing images: global and local views together, patches as they are.

            Example:
              silc bench growth mini --largest 64 --device cpu
            """) { Preset, Largest, Batch, Scales, Steps, Device, Precision };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (largest, batch, scales, steps) = (parsed.GetValue(Largest), parsed.GetValue(Batch), parsed.GetValue(Scales), parsed.GetValue(Steps));
        foreach (var (value, option) in new[] { (largest, Largest), (batch, Batch), (scales, Scales), (steps, Steps) })
            if (value < 1) throw new ArgumentException($"{option.Name} is {value}, it must be at least 1");
        var (config, _) = BenchModel.Of(parsed.GetValue(Preset)!, 1);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(Precision));
        Console.WriteLine($"device   {device}");
        Console.WriteLine("  batch   side  tokens of a global view    step ms  samples/s   tokens/s  activations MiB");
        for (int size = 1; size <= largest; size *= 2) Line(device, config, size, steps);
        for (int scale = 1; scale <= 1 << (scales - 1); scale *= 2)
            Line(device, config with
            {
                ImageSize = scale * config.ImageSize,
                Views = config.Views with { LocalSize = scale * config.Views.LocalSize }
            }, batch, steps);
        return 0;
    }

    static void Line(Device device, SilcConfig config, int batch, int steps)
    {
        using var model = SilcModel.Create(device, config, seed: 0);
        var (_, step, bytes) = StepBench.Steps(model, BenchModel.Recipe(batch), steps);
        int Tokens(int side) => side / config.PatchSize * (side / config.PatchSize);
        // What the student sees; the teacher's global views come on top.
        long tokens = (long)batch * (config.Views.Global * Tokens(config.ImageSize) + config.Views.Local * Tokens(config.Views.LocalSize)
            + config.TextLength);
        var seconds = step.TotalSeconds;
        Console.WriteLine($"{batch,7}{config.ImageSize,7}{Tokens(config.ImageSize),25}{1000 * seconds,11:F1}"
                + $"{batch / seconds,11:F1}{tokens / seconds,11:N0}{bytes / 1048576.0,17:N1}");
    }
}
