using System.CommandLine;
using Silc.Samples.Bench;

namespace Silc.Samples.Commands;

/// <summary><c>silc bench heads</c>: speed and memory of a step of a head's training.</summary>
static class BenchHeadsCommand
{
    const int CeilingSize = 1536;

    static readonly Argument<string> Head = new("head")
    {
        Description = "catseg, small, or owl, with a block.",
        DefaultValueFactory = _ => HeadBench.Names[0],
    };
    static readonly Option<int> Batch = OptionForm.Number("--batch", "Images a step.", 8).From(1);
    static readonly Option<int> Side = OptionForm.Number("--image-size", "Side of the images in pixels, a multiple of 8, 8 or more.", 64).From(1);
    static readonly Option<int> Steps = OptionForm.Number("--steps", "Timed steps; the median counts.", 20).From(1);
    static readonly Option<bool> Ops = new("--ops") { Description = "Also say where the time goes." };
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<Precision> Precision = TrainOptions.PrecisionOption();

    public static Command Create()
    {
        var command = new Command("heads", """
            Time steps of a head's training on the frozen features of mini: CAT-Seg, small, or OWL-ViT's head with a block, on nine
            classes. Silc.Samples/Bench/heads.sh has the same work done by PyTorch, taking turns.

            Examples:
              silc bench heads catseg --batch 8
              silc bench heads owl --batch 16 --ops
            """) { Head, Batch, Side, Steps, Ops, Device, Precision };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (head, batch, side, steps) = (parsed.GetRequiredValue(Head), parsed.GetValue(Batch), parsed.GetValue(Side), parsed.GetValue(Steps));
        if (!HeadBench.Names.Contains(head))
            throw new ArgumentException($"there is no silc bench heads {head}{Misspelling.Hint(head, HeadBench.Names)}: steps are timed of "
                + string.Join(" and ", HeadBench.Names));
        if (side % SilcConfig.Mini.PatchSize != 0)
            throw new ArgumentException($"--image-size is {side}, it must be a multiple of mini's patch of {SilcConfig.Mini.PatchSize} pixels");
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(Precision));
        Console.WriteLine($"device   {device}");
        var profile = parsed.GetValue(Ops) ? device.StartProfile() : null;
        var timing = HeadBench.Run(device, head, batch, side, steps, profile);
        Console.WriteLine($"{head}, batch {batch}: step {timing.Step.TotalMilliseconds:F1} ms, {batch / timing.Step.TotalSeconds:F1} images/s, "
            + $"peak {timing.PeakMiB:N0} MiB, {timing.Values:N0} values, {timing.Grid} x {timing.Grid} patches");
        if (profile is null) return 0;
        using var bench = new OpBench(device);
        OpTable.Show("one step", timing.Costs, steps, bench.MatMul(CeilingSize, CeilingSize, CeilingSize), bench.Copy());
        return 0;
    }
}
