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
        Description = "What to learn from: demo, emoji:FOLDER, classes:FOLDER with one folder per class, FILE.csv with --label-column, or shards "
            + "with .cls.",
        HelpName = "demo|emoji:FOLDER|classes:FOLDER|FILE.csv|SHARDS.tar",
        Required = true,
    };
    static readonly Option<string?> Test = new("--test")
    {
        Description = "What to classify, for all but demo and emoji: other images of the same classes, read as --data are.",
        HelpName = "classes:FOLDER|FILE.csv|SHARDS.tar"
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
              silc eval probe --model runs/mine --data "train-{000..146}.tar" --test "val-{000..006}.tar"
              silc eval probe --model runs/mine --data birds.csv --test birds-val.csv --label-column species
            """) { Model, Data, Test, EvalOptions.Crop, EvalOptions.Resize, EvalOptions.Background, Device, EvalOptions.Precision,
                EvalOptions.Json };
        command.Add(ModelOption.Tokenizer);
        foreach (var option in DataOption.Reading.Where(option => option != DataOption.Template)) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (name, data, test) = (parsed.GetRequiredValue(Model), parsed.GetRequiredValue(Data), parsed.GetValue(Test));
        if (test is not null && (DemoSet.LevelOf(data) is not null || DataOption.EmojiFolder(data) is not null))
            throw new ArgumentException($"--test is for classes:FOLDER, tables and shards, not for --data {data}");
        var tasks = Tasks(parsed, data, test).ToList();
        OutputGuard.Check(parsed, EvalOptions.ScoresOf(parsed));
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(EvalOptions.Precision));
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
        if (test is null) throw new ArgumentException($"--data {data}: probes need classes, and other images of them to classify: say demo, "
            + "demo:hard, emoji:FOLDER, or give --test, too");
        var (train, held) = (DataOption.OpenLabelled(data, parsed), DataOption.OpenLabelled(test, parsed, Test.Name));
        return [ProbeTask.Of("class", train, train.Classes!, held, held.Classes!)];
    }
}
