using System.CommandLine;
using Silc.Samples.Bench;

namespace Silc.Samples.Commands;

/// <summary><c>silc bench</c>: speed and memory of training steps, products and attention.</summary>
static class BenchCommand
{
    const int CeilingSize = 1536;
    const double MostSeconds = 1e9;

    static readonly Argument<string> Preset = new("preset") { Description = string.Join(", ", BenchModel.Names), DefaultValueFactory = _ => "mini" };
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<Precision> Precision = TrainOptions.PrecisionOption();
    static readonly Option<bool?> CudaGraph = TrainOptions.CudaGraphOption();
    static readonly Option<int> Batch = new("--batch") { Description = "Images a step.", HelpName = "N", DefaultValueFactory = _ => 16 };
    static readonly Option<int> Steps = new("--steps")
    {
        Description = "Timed steps; the median counts.",
        HelpName = "N",
        DefaultValueFactory = _ =>
        8
    };
    static readonly Option<bool> Ops = new("--ops") { Description = "Also say where the time goes." };
    static readonly Option<bool> Kernels = new("--kernels") { Description = "Also say where the device's time goes, kernel by kernel; CUDA only." };
    static readonly Option<bool> EightBit = new("--eight-bit")
    {
        Description = "Views are those of 8-bit images, which go to CUDA as bytes; see model.views.eightBit of silc train.",
    };
    static readonly Option<int> Accumulate = new("--accumulate")
    {
        Description = "As silc train --accumulate: slices of a batch.",
        HelpName = "N",
        DefaultValueFactory = _ => 1
    };
    static readonly Option<bool> Recompute = new("--recompute", "--activation-checkpointing")
    {
        Description = "Activation checkpointing, as silc train --recompute: less memory, more time.",
    };

    public static Command Create()
    {
        var command = new Command("bench", """
            Time whole training steps on noise: both towers, contrast, distillation, clipping, AdamW, teacher.

            Examples:
              silc bench mini --batch 16
              silc bench ti --batch 16 --device opencl --ops
              silc bench b --batch 64 --device cuda --precision bf16
              silc bench matmul 1024 512 128
              silc bench attention 16 64 4 32
              silc bench products b --batch 64 --device cuda --precision bf16
              silc bench sweep b --batch 64 --device cuda --precision bf16
              silc bench growth mini --largest 64
              silc bench search 1000 100000 768 --top 10
              silc bench data --data captions.csv --preset s
              silc bench embed b --precision int8 --batch 1
              silc bench eval --model runs/emoji --data emoji:data/emoji
              silc bench heads catseg --batch 8
              silc bench load so400m
              silc bench serve --clients 32
              mpirun -n 2 silc bench collectives --device cpu
            """) { Preset, Batch, Steps, Device, Precision, CudaGraph, Ops, Kernels, Recompute, Accumulate, EightBit };
        command.SetAction(Run);
        command.Add(MatMul());
        command.Add(Attention());
        command.Add(BenchCollectivesCommand.Create());
        command.Add(Products());
        command.Add(Sweep());
        command.Add(Data());
        command.Add(Load());
        command.Add(BenchGrowthCommand.Create());
        command.Add(BenchSearchCommand.Create());
        command.Add(BenchEmbedCommand.Create());
        command.Add(BenchEvalCommand.Create());
        command.Add(BenchHeadsCommand.Create());
#if !BUNDLE
        command.Add(BenchServeCommand.Create());
#endif
        foreach (var part in command.Subcommands) part.Validators.Add(RefusePreset);
        return command;
    }

    // The preset of "silc bench ti heads" would be read and not used.
    static void RefusePreset(System.CommandLine.Parsing.CommandResult result)
    {
        if (result.GetResult(Preset) is { Implicit: false, Tokens: [var token, ..] })
            result.AddError($"silc bench {token.Value} times steps of that preset, and silc bench {result.Command.Name} something else: leave "
                + $"{token.Value} out, or write what belongs to {result.Command.Name} behind it");
    }

    static int Run(ParseResult parsed)
    {
        var (preset, batch, steps) = (parsed.GetValue(Preset)!, parsed.GetValue(Batch), parsed.GetValue(Steps));
        AtLeastOne(batch, "--batch");
        AtLeastOne(steps, "--steps");
        if (!BenchModel.Names.Contains(preset))
        {
            string[] others = [.. parsed.CommandResult.Command.Subcommands.Select(command => command.Name)];
            throw new ArgumentException($"there is no silc bench {preset}{Misspelling.Hint(preset, BenchModel.Names.Concat(others))}: "
                + $"steps are timed of the presets {string.Join(", ", BenchModel.Names)}; besides there are "
                + string.Join(", ", others.Select(name => $"silc bench {name}")));
        }
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(Precision));
        TrainOptions.SetGraphs(device, parsed.GetValue(CudaGraph));
        Console.WriteLine($"device   {device}");
        var profile = parsed.GetValue(Ops) ? device.StartProfile() : null;
        var (config, train) = BenchModel.Of(preset, batch);
        config = config with { Views = config.Views with { EightBit = parsed.GetValue(EightBit) } };
        train = train with { Recompute = parsed.GetValue(Recompute), Accumulate = parsed.GetValue(Accumulate) };
        var timing = StepBench.Run(device, config, train, steps, profile, parsed.GetValue(Kernels));
        Console.WriteLine($"{preset}, batch {batch}: step {timing.Step.TotalMilliseconds:F0} ms, {timing.SamplesPerSecond:F2} samples/s, "
            + $"peak {timing.PeakMiB:N0} MiB, embed {timing.EmbedPerSecond:F1} images/s, first step after {timing.StartUp.TotalSeconds:F1} s");
        foreach (var cost in timing.Kernels)
            Console.WriteLine($"kernel   {cost.Milliseconds,8:F3} ms {cost.Launches,5} launches {1000 * cost.Milliseconds / cost.Launches,8:F1} us "
                + $"{cost.Registers,4} registers {cost.LocalBytes,4} local bytes  {cost.Name}");
        if (profile is null) return 0;
        using var bench = new OpBench(device);
        var (gflops, gbytes) = (bench.MatMul(CeilingSize, CeilingSize, CeilingSize), bench.Copy());
        Console.WriteLine($"ceiling  {gflops:F1} GFLOP/s (product of {CeilingSize} x {CeilingSize} matrices), {gbytes:F1} GB/s (copy)");
        OpTable.Show("one step", timing.StepCosts, steps, gflops, gbytes);
        OpTable.Show($"embedding {StepBench.Embedded} images", timing.EmbedCosts, StepBench.EmbedRuns, gflops, gbytes);
        return 0;
    }

    static Command MatMul()
    {
        Argument<int> m = new("M"), n = new("N"), k = new("K");
        var (device, precision) = (TrainOptions.DeviceOption(), TrainOptions.PrecisionOption());
        var command = new Command("matmul", "Time one matrix product, in the three forms that a layer needs: C is M x N, sums have K terms.") { m,
            n, k, device, precision };
        command.SetAction(parsed =>
        {
            using var opened = Silc.Device.Open(parsed.GetValue(device)!, parsed.GetValue(precision));
            var (rows, cols, depth) = (parsed.GetValue(m), parsed.GetValue(n), parsed.GetValue(k));
            AtLeastOne(Math.Min(rows, Math.Min(cols, depth)), "the smallest of M, N and K");
            Console.WriteLine($"device   {opened}");
            using var bench = new OpBench(opened);
            foreach (var (transpose, what) in new[] { (Transpose.None, "A·B  forward"), (Transpose.B, "A·Bᵀ input gradient"),
                (Transpose.A, "Aᵀ·B kernel gradient") })
                Console.WriteLine($"{what,-22} {bench.MatMul(rows, cols, depth, transpose),8:F1} GFLOP/s");
        });
        return command;
    }

    static Command Attention()
    {
        Argument<int> batch = new("BATCH"), tokens = new("TOKENS"), heads = new("HEADS"), dim = new("HEADDIM");
        var (device, precision) = (TrainOptions.DeviceOption(), TrainOptions.PrecisionOption());
        var command = new Command("attention", "Time attention forward and backward.") { batch, tokens, heads, dim, device, precision };
        command.SetAction(parsed =>
        {
            using var opened = Silc.Device.Open(parsed.GetValue(device)!, parsed.GetValue(precision));
            AtLeastOne(new[] { batch, tokens, heads, dim }.Min(parsed.GetValue), "the smallest size");
            Console.WriteLine($"device   {opened}");
            using var bench = new OpBench(opened);
            var (forward, backward) = bench.Attention(parsed.GetValue(batch), parsed.GetValue(tokens), parsed.GetValue(heads), parsed.GetValue(dim));
            Console.WriteLine($"forward {forward:F1} GFLOP/s, backward {backward:F1} GFLOP/s");
        });
        return command;
    }

    static Command Products()
    {
        Argument<string> preset = new("PRESET") { Description = string.Join(", ", BenchModel.Names) };
        var (device, precision) = (TrainOptions.DeviceOption(), TrainOptions.PrecisionOption());
        var command = new Command("products", "Time the products of a preset's training step, each by itself.") { preset, Batch, device, precision };
        command.SetAction(parsed =>
        {
            using var opened = Silc.Device.Open(parsed.GetValue(device)!, parsed.GetValue(precision));
            AtLeastOne(parsed.GetValue(Batch), "--batch");
            Console.WriteLine($"device   {opened}");
            using var bench = new ProductBench(opened);
            bench.Run(BenchModel.Of(parsed.GetRequiredValue(preset), 1).Model, parsed.GetValue(Batch));
        });
        return command;
    }

    static Command Sweep()
    {
        Argument<string> preset = new("PRESET") { Description = string.Join(", ", BenchModel.Names) };
        var (device, precision) = (TrainOptions.DeviceOption(), TrainOptions.PrecisionOption());
        var command = new Command("sweep", "Time products, attention and norms of a preset's training step with each choice of CUDA's tiles, "
            + "stages and launch bounds, and say which is best for each shape: SILC_BF16_STAGES and the other variables of docs/cuda.md.")
        { preset, Batch, device, precision };
        command.SetAction(parsed =>
        {
            using var opened = Silc.Device.Open(parsed.GetValue(device)!, parsed.GetValue(precision));
            AtLeastOne(parsed.GetValue(Batch), "--batch");
            Console.WriteLine($"device   {opened}");
            using var bench = new SweepBench(opened, Console.Out);
            bench.Run(BenchModel.Of(parsed.GetRequiredValue(preset), 1).Model, parsed.GetValue(Batch));
        });
        return command;
    }

    static Command Data()
    {
        var data = DataOption.Create();
        Option<string> preset = new("--preset")
        { Description = "Whose views to make: number and sizes.", HelpName = "NAME", DefaultValueFactory = _ => "s" };
        var seconds = new Option<double>("--seconds") { Description = "How long.", HelpName = "S", DefaultValueFactory = _ => 10 }.Above(0);
        var command = new Command("data", "Time loading alone, stage by stage: read, decode, augment, tokenize.") {
            data, preset, Batch, seconds,
        };
        foreach (var option in DataOption.Reading.Concat(ViewOptions.All)) command.Add(option);
        command.SetAction(parsed =>
        {
            var config = SilcConfig.Preset(parsed.GetValue(preset)!);
            config = config with { Views = ViewOptions.Of(config.Views, parsed), VocabSize = Math.Max(config.VocabSize, 512) };
            AtLeastOne(parsed.GetValue(Batch), "--batch");
            var limit = TimeSpan.FromSeconds(Math.Min(parsed.GetValue(seconds), MostSeconds));
            DataBench.Run(DataOption.Open(parsed.GetRequiredValue(data), seed: 0, parsed), config, parsed.GetValue(Batch), limit);
        });
        return command;
    }

    static Command Load()
    {
        Argument<string> preset = new("PRESET") { Description = string.Join(", ", SilcConfig.PresetNames) };
        Option<int> divide = new("--divide")
        {
            Description = "Take that part of layers and vocabulary.",
            HelpName = "N",
            DefaultValueFactory = _ =>
            1
        };
        Option<int?> vocabulary = new("--vocab")
        {
            Description = "Rows of the word table instead of the preset's 32,000: 256000 with b is SigLIP 2's B/16.",
            HelpName = "N"
        };
        Option<string> format = new("--format")
        {
            Description = "Whose file to load.",
            HelpName = string.Join('|', ModelFormats.Names),
            DefaultValueFactory = _ => "hf"
        };
        Option<bool> exports = new("--exports") { Description = "Also embed a few images, and write the model in each format." };
        Option<string> device = TrainOptions.DeviceOption();
        device.DefaultValueFactory = _ => "cpu";
        var command = new Command("load", "Write, load and save a model of that size with random weights, in the system's temporary folder: time, "
            + "and peak of the process's memory.")
        { preset, divide, vocabulary, format, exports, device };
        command.SetAction(parsed =>
        {
            AtLeastOne(parsed.GetValue(divide), "--divide");
            AtLeastOne(parsed.GetValue(vocabulary) ?? 1, "--vocab");
            LoadBench.Run(parsed.GetValue(device)!, parsed.GetRequiredValue(preset), parsed.GetValue(divide), parsed.GetValue(vocabulary),
                ModelFormats.Parse(parsed.GetValue(format)!), parsed.GetValue(exports));
        });
        return command;
    }

    static void AtLeastOne(int value, string what)
    {
        if (value < 1) throw new ArgumentException($"{what} is {value}, it must be at least 1");
    }
}
