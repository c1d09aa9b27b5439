using System.CommandLine;
using Silc.Samples.Evaluation;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc probe patches</c>: what can be read off the features of single patches.</summary>
static class ProbePatchesCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<string?> Test = new("--test")
    {
        Description = "What to ask about, for all but demo and emoji: other images and masks of the same classes, read as --data are.",
        HelpName = "masks:FOLDER|SHARDS.tar|FILE.csv",
    };
    static readonly Option<bool> CountBackground = new("--background-too")
    {
        Description = "The background is a class as any other; otherwise its pixels do not count.",
    };

    public static Command Create()
    {
        var command = new Command("patches", """
            Fit a linear classifier on the frozen features of patches, and score the pixels of other images by it: mIoU.

            Examples:
              silc probe patches --model runs/demo --data demo
              silc probe patches --model runs/emoji --data emoji:data/emoji --json runs/emoji/patches.json
              silc probe patches --model runs/mine --data masks:voc/train --test masks:voc/val --classes voc.txt
            """) { Model, Test, CountBackground };
        foreach (var option in SegmentationOptions.ForProbes) command.Add(option);
        foreach (var option in (Option[])[Device, EvalOptions.Resize, EvalOptions.ImageBackground, EvalOptions.Json, ModelOption.Tokenizer])
            command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var name = parsed.GetRequiredValue(Model);
        var sets = SegmentationOptions.ForProbe(parsed, parsed.GetValue(Test));
        OutputGuard.Check(parsed, EvalOptions.ScoresOf(parsed));
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed, captions: false);
        var probe = new PatchProbeScores(model, parsed.GetValue(CountBackground));
        ScoreReport.Show(parsed, name, SegmentationOptions.DataOf(parsed), [.. sets.SelectMany(pair => probe.Of(pair.Known, pair.Asked))]);
        return 0;
    }
}
