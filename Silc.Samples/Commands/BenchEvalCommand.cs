using System.CommandLine;
using Silc.Samples.Bench;

namespace Silc.Samples.Commands;

/// <summary><c>silc bench eval</c>: pictures a second of an evaluation, beside what the model embeds alone.</summary>
static class BenchEvalCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Data = DataOption.Create();
    static readonly Option<int> Pictures = new("--pictures") { Description = "At most so many.", HelpName = "N", DefaultValueFactory = _ => 2048 };
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<Precision> Precision = TrainOptions.PrecisionOption();

    public static Command Create()
    {
        var command = new Command("eval", """
            Time what every evaluation does with pictures, reading, decoding, resizing and embedding, beside embedding alone.

            Example:
              silc bench eval --model runs/emoji --data emoji:data/emoji
            """) { Model, Data, Pictures, EvalOptions.Crop, Device, Precision };
        foreach (var option in DataOption.Reading) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var pictures = parsed.GetValue(Pictures);
        if (pictures < 1) throw new ArgumentException($"--pictures is {pictures}, it must be at least 1");
        var source = DataOption.Open(parsed.GetRequiredValue(Data), seed: 0, parsed);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(Precision));
        using var model = ModelOption.Load(device, parsed.GetRequiredValue(Model), parsed, captions: false);
        Console.WriteLine($"device   {device}");
        EvalBench.Run(model, source.Count <= pictures ? source : new SubsetSource(source, Enumerable.Range(0, pictures)), parsed.GetValue(EvalOptions.Crop));
        return 0;
    }
}
