using System.CommandLine;
using Silc.Samples.Evaluation;

namespace Silc.Samples.Commands;

/// <summary><c>silc eval zero-shot</c>: how well a model knows pictures that it was not trained on.</summary>
static class EvalZeroShotCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string?> Tokenizer = ModelOption.TokenizerOption();
    static readonly Option<string> Data = DataOption.Create();
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<string> Template = new("--template")
    {
        Description = "Sentence around a class name, for demo and emoji; {} stands for the name.",
        HelpName = "TEXT",
        DefaultValueFactory = _ => "{}",
    };
    static readonly Option<EvalCrop> Crop = new("--eval-crop")
    {
        Description = "How pictures become squares: squash distorts them, as SigLIP and SILC do; center cuts off the ends of the longer side, as CLIP does.",
        HelpName = "squash|center",
        DefaultValueFactory = _ => EvalCrop.Squash,
    };
    static readonly Option<string?> Json = new("--json") { Description = "Also write the numbers to a file.", HelpName = "FILE" };

    public static Command Create()
    {
        var command = new Command("zero-shot", """
            Score a model by text alone: demo and emoji by class, beside chance and plain pixels; a CSV file or a folder by retrieval.

            Examples:
              silc eval zero-shot --model runs/demo --data demo
              silc eval zero-shot --model runs/emoji --data emoji:data/emoji --template "a picture of {}" --json runs/emoji/eval.json
              silc eval zero-shot --model runs/mine --data held-out.csv --eval-crop center
            """)
        {
            Model, Tokenizer, Data, DataOption.ImageColumn, DataOption.CaptionColumn, DataOption.Separator, Device, Template, Crop, Json,
        };
        command.SetAction(Score);
        return command;
    }

    static int Score(ParseResult parsed)
    {
        var (name, data, template) = (parsed.GetRequiredValue(Model), parsed.GetRequiredValue(Data), parsed.GetValue(Template)!);
        if (!template.Contains("{}")) throw new ArgumentException($"--template '{template}' has no {{}} for the class name");
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed.GetValue(Tokenizer));
        var scores = Scores(parsed, model, data, template, parsed.GetValue(Crop)).ToList();
        ScoreReport.Show(scores);
        if (parsed.GetValue(Json) is { } file) ScoreReport.WriteJson(file, name, data, scores);
        return 0;
    }

    static IEnumerable<Score> Scores(ParseResult parsed, SilcModel model, string data, string template, EvalCrop crop)
    {
        if (data == "demo")
        {
            var pictures = DemoSet.HeldOut();
            return DemoScores.Of(model, pictures, model.EmbedPictures(pictures, crop), template)
                .Concat(RetrievalScores.Of(model, DemoSet.HeldOutScenes(), crop));
        }
        return DataOption.EmojiFolder(data) is { } folder
            ? new EmojiScores(model, DataOption.OpenEmoji(folder), template, crop).All()
            : RetrievalScores.Of(model, DataOption.OpenForTraining(data, seed: 0, parsed), crop);
    }
}
