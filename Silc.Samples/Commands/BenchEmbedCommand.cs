using System.CommandLine;
using Silc.Samples.Bench;

namespace Silc.Samples.Commands;

/// <summary><c>silc bench embed</c>: images embedded a second in a precision beside float32, and how far the vectors lie apart.</summary>
static class BenchEmbedCommand
{
    static readonly Argument<string?> Preset = new("PRESET")
    {
        Description = $"Its size with random weights, on noise: {string.Join(", ", SilcConfig.PresetNames)}; or give --model and --data.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    static readonly Option<string> Model = ModelOption.Create(required: false);
    static readonly Option<string?> Data = new("--data") { Description = DataOption.Create().Description, HelpName = DataOption.Create().HelpName };
    static readonly Option<int> Images = OptionForm.Number("--images", "So many images.", 64).From(1);
    static readonly Option<int> Batch = OptionForm.Number("--batch", "Images at a time.", 16).From(1);
    static readonly Option<int> Rounds = OptionForm.Number("--rounds", "Turns of each.", 7).From(1);
    static readonly Option<int?> Threads = new Option<int?>("--threads") { Description = "CPU threads; all cores unless given.", HelpName = "N" }
        .From(1);
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("embed", """
            Time embedding in a precision beside float32, in turns, and compare the vectors.

            Examples:
              silc bench embed b --precision int8 --batch 1
              silc bench embed --model mini --data demo:hard --precision int8 --images 256
            """) { Preset, Model, Data, Images, Batch, Rounds, Threads, Device, EvalOptions.Precision };
        foreach (var option in DataOption.Reading) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (preset, path, data) = (parsed.GetValue(Preset), parsed.GetValue(Model), parsed.GetValue(Data));
        if (preset is null == path is null || path is null != data is null)
            throw new ArgumentException("silc bench embed takes either a preset, or --model with --data");
        var precision = parsed.GetValue(EvalOptions.Precision);
        if (precision == Precision.Float32) throw new ArgumentException("say what is compared with float32: --precision int8, tf32 or bf16");
        var name = parsed.GetValue(Device)!;
        if (parsed.GetValue(Threads) is { } given && name is not ("auto" or "cpu"))
            throw new ArgumentException($"--threads {given} is for the CPU, not for --device {name}");
        List<Device> devices = [];
        try
        {
            var config = preset is null ? null : SilcConfig.Preset(preset);
            float[] pixels;
            if (config is not null) pixels = Noise(config.ImageSize, parsed.GetValue(Images));
            else
            {
                using var reader = ModelOption.Load(Opened(Precision.Float32), path!, parsed, captions: false);
                var source = DataOption.Open(data!, seed: 0, parsed, needCaptions: false);
                pixels = Pixels(reader, source, parsed.GetValue(Images));
            }
            EmbedBench.Run(Load, precision, pixels, parsed.GetValue(Batch), parsed.GetValue(Rounds));

            SilcModel Load(Precision one) => config is not null ? SilcModel.Create(Opened(one), config, seed: 0)
                : ModelOption.Load(Opened(one), path!, parsed, captions: false);
        }
        finally
        {
            devices.ForEach(device => device.Dispose());
        }
        return 0;

        Device Opened(Precision one)
        {
            var device = parsed.GetValue(Threads) is { } threads ? Silc.Device.Cpu(threads, one) : Silc.Device.Open(name, one);
            devices.Add(device);
            return device;
        }
    }

    static float[] Noise(int side, int images)
    {
        if ((long)images * side * side * 3 > Array.MaxLength)
            throw new ArgumentException($"--images {images}: so many of {side} pixels do not fit into one array; take fewer");
        var (pixels, random) = (new float[images * side * side * 3], new Random(0));
        foreach (ref var x in pixels.AsSpan()) x = 2 * random.NextSingle() - 1;
        return pixels;
    }

    static float[] Pixels(SilcModel model, IImageTextSource source, int images) =>
        [.. Enumerable.Range(0, Math.Min(images, source.Count))
            .SelectMany(i => ViewSampler.EvalPixels(source.Read(i).Image, model.Config.ImageSize, EvalCrop.Squash, model.Config.Images))];
}
