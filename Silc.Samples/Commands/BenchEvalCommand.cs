using System.CommandLine;
using Silc.Samples.Bench;

namespace Silc.Samples.Commands;

/// <summary><c>silc bench eval</c>: images a second of an evaluation, beside what the model embeds alone.</summary>
static class BenchEvalCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Data = DataOption.Create();
    static readonly Option<int> Images = new("--images", "--pictures")
    {
        Description = "At most so many.",
        HelpName = "N",
        DefaultValueFactory = _ =>
        2048
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("eval", """
            Time what every evaluation does with images, reading, decoding, resizing and embedding, beside embedding alone.

            Example:
              silc bench eval --model runs/emoji --data emoji:data/emoji
            """) { Model, Data, Images, EvalOptions.Crop, EvalOptions.Resize, EvalOptions.Background, Device, EvalOptions.Precision };
        foreach (var option in DataOption.Reading) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var images = parsed.GetValue(Images);
        if (images < 1) throw new ArgumentException($"--images is {images}, it must be at least 1");
        var source = DataOption.Open(parsed.GetRequiredValue(Data), seed: 0, parsed);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(EvalOptions.Precision));
        using var model = ModelOption.Load(device, parsed.GetRequiredValue(Model), parsed, captions: false);
        Console.WriteLine($"device   {device}");
        EvalBench.Run(model, source.Count <= images ? source : new SubsetSource(source, Enumerable.Range(0, images)),
            parsed.GetValue(EvalOptions.Crop));
        return 0;
    }
}
