using System.CommandLine;
using Silc.Samples.Evaluation;

namespace Silc.Samples.Commands;

/// <summary><c>silc eval probe</c>: what simple classifiers make of a model's frozen features.</summary>
static class EvalProbeCommand
{
    const int DemoPerClass = 25, DemoSeed = 2_000_003;

    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Data = new("--data")
    {
        Description = "What to learn from: demo, emoji:FOLDER, or classes:FOLDER with one folder per class.",
        HelpName = "demo|emoji:FOLDER|classes:FOLDER",
        Required = true,
    };
    static readonly Option<string?> Test = new("--test") { Description = "For classes:FOLDER, what to classify: another classes:FOLDER with the same folders.", HelpName = "classes:FOLDER" };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("probe", """
            Classify by frozen features: nearest neighbours (DINO's vote), a few shots (big_vision's least squares, three draws), a linear probe.

            Examples:
              silc eval probe --model runs/demo --data demo
              silc eval probe --model runs/emoji --data emoji:data/emoji --json runs/emoji/probe.json
              silc eval probe --model runs/mine --data classes:animals/train --test classes:animals/val
            """) { Model, Data, Test, EvalOptions.Crop, Device, EvalOptions.Json };
        command.Add(ModelOption.Tokenizer);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (name, data, test) = (parsed.GetRequiredValue(Model), parsed.GetRequiredValue(Data), parsed.GetValue(Test));
        if (test is not null && !DataOption.IsClasses(data)) throw new ArgumentException($"--test is for classes:FOLDER, not for --data {data}");
        var tasks = Tasks(parsed, data, test).ToList();
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed, captions: false);
        var probes = new ProbeScores(model, parsed.GetValue(EvalOptions.Crop));
        var scores = tasks.SelectMany(probes.Of).ToList();
        ScoreReport.Show(scores);
        if (parsed.GetValue(EvalOptions.Json) is { } file) ScoreReport.WriteJson(file, name, data, scores);
        return 0;
    }

    static IEnumerable<ProbeTask> Tasks(ParseResult parsed, string data, string? test)
    {
        if (data == "demo")
        {
            var (known, asked) = (DemoSet.Labelled(DemoPerClass, DemoSeed), DemoSet.HeldOut());
            int[] Shapes(DemoEvaluation set) => [.. set.Classes.Of.Select(label => (int)DemoClasses.Shape(label))];
            int[] Colours(DemoEvaluation set) => [.. set.Classes.Of.Select(label => (int)DemoClasses.Colour(label))];
            return [new("shape", known, Shapes(known), asked, Shapes(asked)), new("colour", known, Colours(known), asked, Colours(asked))];
        }
        if (DataOption.EmojiFolder(data) is { } folder)
        {
            var set = DataOption.OpenEmoji(folder);
            var known = set.Train();
            return new[] { set.HeldOut(), set.UnseenStyle() }.SelectMany(asked => (ProbeTask[])
                [Task("group", known, known.Groups, asked, asked.Groups), Task("subgroup", known, known.Subgroups, asked, asked.Subgroups)]);
        }
        if (!DataOption.IsClasses(data)) throw new ArgumentException($"--data {data}: probes need classes; say demo, emoji:FOLDER or classes:FOLDER");
        if (test is null || !DataOption.IsClasses(test)) throw new ArgumentException($"--data {data} needs --test classes:FOLDER, other pictures of the same classes");
        var (train, held) = ((ClassFolderSource)DataOption.Open(data, 0, parsed), (ClassFolderSource)DataOption.Open(test, 0, parsed));
        return [Task("class", train, train.Classes, held, held.Classes)];
    }

    // Test pictures are numbered by the classes that can be learned.
    static ProbeTask Task(string what, IImageTextSource known, LabelSet labels, IImageTextSource asked, LabelSet askedLabels)
    {
        int[] number = [.. askedLabels.Names.Select(name => labels.Names.ToList().IndexOf(name))];
        if (Array.IndexOf(number, -1) is >= 0 and var missing && asked is ClassFolderSource)
            throw new ArgumentException($"{asked.Name} has a class '{askedLabels.Names[missing]}' that {known.Name} does not have");
        int[] kept = [.. Enumerable.Range(0, asked.Count).Where(i => number[askedLabels.Of[i]] >= 0)];
        return new(what, known, labels.Of, kept.Length == asked.Count ? asked : new SubsetSource(asked, kept), [.. kept.Select(i => number[askedLabels.Of[i]])]);
    }
}
