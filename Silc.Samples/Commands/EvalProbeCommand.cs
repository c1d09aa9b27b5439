using System.CommandLine;
using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc eval probe</c>: nearest neighbours, few shots and a linear probe on a model's frozen features.</summary>
static class EvalProbeCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Data = new("--data")
    {
        Description = "What to learn from: demo, emoji:FOLDER, or classes:FOLDER with one folder per class.",
        HelpName = "demo|emoji:FOLDER|classes:FOLDER",
        Required = true,
    };
    static readonly Option<string?> Test = new("--test")
    {
        Description = "For classes:FOLDER, what to classify: another classes:FOLDER with the "
        + "same folders.",
        HelpName = "classes:FOLDER"
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("probe", """
            Classify by frozen features: nearest neighbours (DINO's vote), a few shots (big_vision's least squares, three draws), a linear probe.

            Examples:
              silc eval probe --model runs/demo --data demo
              silc eval probe --model runs/emoji --data emoji:data/emoji --json runs/emoji/probe.json
              silc eval probe --model runs/mine --data classes:animals/train --test classes:animals/val
            """) { Model, Data, Test, EvalOptions.Crop, EvalOptions.Resize, EvalOptions.Background, Device, EvalOptions.Json };
        command.Add(ModelOption.Tokenizer);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (name, data, test) = (parsed.GetRequiredValue(Model), parsed.GetRequiredValue(Data), parsed.GetValue(Test));
        if (test is not null && !DataOption.IsClasses(data)) throw new ArgumentException($"--test is for classes:FOLDER, not for --data {data}");
        var tasks = Tasks(parsed, data, test).ToList();
        OutputGuard.Check(parsed, EvalOptions.ScoresOf(parsed));
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed, captions: false);
        var probes = new ProbeScores(model, parsed.GetValue(EvalOptions.Crop));
        var scores = tasks.SelectMany(probes.Of).ToList();
        ScoreReport.Show(parsed, name, data, scores);
        return 0;
    }

    static IEnumerable<ProbeTask> Tasks(ParseResult parsed, string data, string? test)
    {
        if (DemoSet.LevelOf(data) is { } level) return ProbeTask.Demo(level);
        if (DataOption.EmojiFolder(data) is { } folder) return ProbeTask.Emoji(DataOption.OpenEmoji(folder));
        if (!DataOption.IsClasses(data))
            throw new ArgumentException($"--data {data}: probes need classes; say demo, demo:hard, emoji:FOLDER or classes:FOLDER");
        if (test is null || !DataOption.IsClasses(test)) throw new ArgumentException($"--data {data} needs --test classes:FOLDER, other images of "
            + "the same classes");
        var (train, held) = ((ClassFolderSource)DataOption.Open(data, 0, parsed), (ClassFolderSource)DataOption.Open(test, 0, parsed));
        return [ProbeTask.Of("class", train, train.Classes, held, held.Classes)];
    }
}
