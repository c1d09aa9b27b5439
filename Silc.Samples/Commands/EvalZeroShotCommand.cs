using System.CommandLine;
using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc eval zero-shot</c>: zero-shot classification of images that were not trained on.</summary>
static class EvalZeroShotCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Data = DataOption.Create();
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<string?> Template = new("--template")
    {
        Description = "One sentence around a class name, for demo and emoji; {} stands for the name.",
        HelpName = "TEXT",
    };
    static readonly Option<string?> Classes = new("--classes")
    {
        Description = "For images with classes, a file with a class a line, further names after "
            + "commas; one of them is what the data call it, or the data have the number of the line, from 0.",
        HelpName = "FILE"
    };
    static readonly Option<string?> Confusion =
        new("--confusion") { Description = "Also draw which class was taken for which.", HelpName = "FILE.png" };
    static readonly Option<string?> PerClass =
        new("--per-class") { Description = "Also write the accuracy of each class to a table.", HelpName = "FILE.csv" };

    public static Command Create()
    {
        var command = new Command("zero-shot", """
            Score a model by text alone: demo, emoji and class folders by class, beside chance; tables and shards by class where
            --label-column, --label-field or --classes says so (the usual field of shards is .cls), and else by retrieval.

            Examples:
              silc eval zero-shot --model runs/demo --data demo --confusion runs/demo/confusion.png
              silc eval zero-shot --model runs/emoji --data emoji:data/emoji --template "an image of {}" --json runs/emoji/eval.json
              silc eval zero-shot --model runs/mine --data classes:animals --classes animals.txt --templates clip --per-class animals.csv
              silc eval zero-shot --model runs/mine --data "imagenet-val-{000..006}.tar" --classes imagenet.txt --templates clip
              silc eval zero-shot --model runs/mine --data birds.csv --label-column species
            """)
        {
            Model, ModelOption.Tokenizer, Data, Device, EvalOptions.Precision, Template, Classes, EvalOptions.Crop, EvalOptions.Resize,
            EvalOptions.Background, Confusion, PerClass, EvalOptions.Json,
        };
        foreach (var option in PromptOptions.All.Concat(DataOption.Reading.Where(option => option != DataOption.Template))) command.Add(option);
        command.SetAction(Score);
        return command;
    }

    static int Score(ParseResult parsed)
    {
        var (name, data) = (parsed.GetRequiredValue(Model), parsed.GetRequiredValue(Data));
        var template = parsed.GetValue(Template);
        if (template?.Contains("{}") == false) throw new ArgumentException($"--template '{template}' has no {{}} for the class name");
        if (template is not null && PromptOptions.HasTemplates(parsed)) throw new ArgumentException("give --template with one sentence or "
            + "--templates with several, not both");
        IReadOnlyList<string> templates = template is not null
            ? [template] : PromptOptions.TemplatesOf(parsed, ByClass(parsed, data) ? "clip" : "name");
        if (parsed.GetValue(Classes) is { } list)
        {
            if (!ByClass(parsed, data)) throw new ArgumentException($"--classes is for classes:FOLDER, tables with --label-column and shards with "
                + $".cls, not for --data {data}");
            if (!File.Exists(list)) throw new FileNotFoundException($"--classes {list}: no such file");
        }
        var report = new ClassReport(parsed.GetValue(Confusion), parsed.GetValue(PerClass));
        OutputGuard.Check(parsed, report.Outputs.Append(EvalOptions.ScoresOf(parsed)));
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(EvalOptions.Precision));
        using var model = ModelOption.Load(device, name, parsed);
        var scores = Scores(parsed, model, data, templates, report).ToList();
        ScoreReport.Show(parsed, name, data, scores);
        report.Write(EvalOptions.Said(parsed));
        return 0;
    }

    static bool ByClass(ParseResult parsed, string data) => DataOption.IsClasses(data)
        || parsed.GetValue(DataOption.LabelColumn) is not null || parsed.GetValue(DataOption.LabelField) is not null
        || DataOption.IsShards(data) && parsed.GetValue(Classes) is not null;

    static IEnumerable<Score> Scores(ParseResult parsed, SilcModel model, string data, IReadOnlyList<string> templates, ClassReport report)
    {
        var crop = parsed.GetValue(EvalOptions.Crop);
        if (DemoSet.LevelOf(data) is { } level)
        {
            var images = DemoSet.HeldOut(level);
            return DemoScores.Of(model, images, ReadableImages.Embed(model, images, crop).Rows, templates, report)
                .Concat(DemoSet.HeldOutRelations(level) is { } relations ? RelationScores.Of(model, relations, crop) : [])
                .Concat(RetrievalScores.Of(model, DemoSet.HeldOutScenes(level), crop));
        }
        if (DataOption.EmojiFolder(data) is { } folder) return new EmojiScores(model, DataOption.OpenEmoji(folder), templates, crop, report).All();
        if (ByClass(parsed, data))
            return ClassScores.Of(model, DataOption.OpenLabelled(data, parsed), parsed.GetValue(Classes) is { } file
                ? ClassList.Read(file) : null,
                templates, PromptOptions.AliasesOf(parsed, AliasUse.First), crop, report);
        return RetrievalScores.Of(model, DataOption.Open(data, seed: 0, parsed), crop);
    }
}
