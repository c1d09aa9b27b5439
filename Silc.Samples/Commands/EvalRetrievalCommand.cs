using System.CommandLine;
using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc eval retrieval</c>: retrieval between images and captions.</summary>
static class EvalRetrievalCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Data = DataOption.Create();
    static readonly Option<bool> Merge = new("--merge-duplicates")
    {
        Description = "Equal images and equal captions count as one; a caption of two "
        + "images is right for both."
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("retrieval", """
            Recall at 1, 5 and 10 both ways, all images against all captions, several captions to an image.
            For demo and emoji the images are those that training did not see.

            Examples:
              silc eval retrieval --model runs/mine --data coco-test.csv
              silc eval retrieval --model runs/emoji --data emoji:data/emoji --merge-duplicates --json runs/emoji/retrieval.json
            """)
        {
            Model, Data, Merge, EvalOptions.Crop, EvalOptions.Resize, EvalOptions.Background, Device, EvalOptions.Precision, EvalOptions.Json,
        };
        foreach (var option in DataOption.Reading.Append(ModelOption.Tokenizer)) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (name, data) = (parsed.GetRequiredValue(Model), parsed.GetRequiredValue(Data));
        IImageTextSource[] sources = DemoSet.LevelOf(data) is { } level ? [DemoSet.HeldOutScenes(level)]
            : DataOption.EmojiFolder(data) is { } folder && DataOption.OpenEmoji(folder) is var set ? [set.HeldOut(), set.UnseenStyle()]
            : [DataOption.Open(data, seed: 0, parsed)];
        OutputGuard.Check(parsed, EvalOptions.ScoresOf(parsed));
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(EvalOptions.Precision));
        using var model = ModelOption.Load(device, name, parsed);
        var scores = sources.SelectMany(source => RetrievalScores.Of(model, source, parsed.GetValue(EvalOptions.Crop), parsed.GetValue(Merge)))
            .ToList();
        ScoreReport.Show(parsed, name, data, scores);
        return 0;
    }
}
