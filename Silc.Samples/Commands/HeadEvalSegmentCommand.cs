using System.CommandLine;
using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Heads;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc head eval segment</c>: a head for segmentation, beside the model without it.</summary>
static class HeadEvalSegmentCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string?> Head = HeadOptions.Head(required: true);
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<string?> Overlays =
        new("--overlays") { Description = "Also draw images, truth and answers side by side.", HelpName = "FILE.png" };
    static readonly Option<string?> Predictions = new("--predictions")
    {
        Description = "Also write what the head predicted as masks: PNG files whose grey values are labels, named as the images.",
        HelpName = "FOLDER",
    };

    static readonly Option<int?> MergeFrom = new Option<int?>("--merge-from")
    {
        Description = "Answers of this class and all behind it count as it: as voc20b: counts its background, class 20, whose list of 59 has "
            + "39 names of Pascal Context.",
        HelpName = "LABEL",
    }.From(1);

    public static Command Create()
    {
        var command = new Command("segment", $"""
            Ask a head about images with masks, beside the model without it. {HeadScores.Rule}
            Where the head was not trained on all classes, seen and unseen ones are also reported apart, with their harmonic mean.

            Examples:
              silc head eval segment --model runs/demo --head runs/adapter --data demo --overlays heads.png
              silc head eval segment --model runs/mine --head runs/ade --data masks:ade/val --classes ade.txt --skip-zero --json ade.json
            """) { Model, Head };
        foreach (var option in (Option[])[.. SegmentationOptions.ForHeads, .. SegmentationOptions.Seeing, HeadOptions.Slide, MergeFrom,
            .. PromptOptions.All, Device, Overlays, Predictions, EvalOptions.Resize, EvalOptions.ImageBackground, EvalOptions.Json,
            ModelOption.Tokenizer]) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    /// <summary>Opens the data of a line, and says how a head is asked about them.</summary>
    public static HeadAsking Open(ParseResult parsed) => Open(parsed, null, null);

    static HeadAsking Open(ParseResult parsed, SegmentationSheet? sheet, PredictedMasks? masks)
    {
        var (sources, background) = (SegmentationOptions.ForAsking(parsed), SegmentationOptions.BackgroundOf(parsed));
        return (model, trained, floors) =>
        {
            var head = (SegmentationHead)trained;
            var windows = HeadOptions.WindowsOf(parsed, head.Description.Resolution);
            windows.Check(model.Config.PatchSize);
            // The head's own templates, unless others are asked for.
            var templates = PromptOptions.HasTemplates(parsed) ? PromptOptions.TemplatesOf(parsed, "name") : head.Description.Templates;
            List<Score> scores = [];
            HeadAnswers? first = null;
            foreach (var (i, source) in sources.Index())
            {
                // The model alone is asked as silc eval segmentation asks it, the head by the names that it was trained with.
                ClassPrototypes Named(AliasUse usual) => ClassPrototypes.Of(source.Classes, prompts => EmbeddedTexts.Of(model, prompts), templates,
                    PromptOptions.AliasesOf(parsed, usual), head.Description.Canonical);
                var alone = Named(SegmentationOptions.IsMasks(parsed) ? AliasUse.First : AliasUse.Best);
                // A text tower that was trained along is the head's own.
                var own = head.Tuned?.Text is null ? Named(head.Description.Aliases)
                    : head.Prototypes(source.Classes, templates, PromptOptions.AliasesOf(parsed, head.Description.Aliases));
                var asked = new HeadScores(model, head, source, alone, own, windows, background.Threshold,
                    background.Counts, parsed.GetValue(MergeFrom));
                scores.AddRange(asked.Score(sheet, masks, sources.Count > 1 ? $"set-{i + 1}" : "", floors));
                first ??= new(scores, asked.Head!, "mIoU", asked.Pictures, (asked.Head!.Images, asked.Confusion!, source.Classes.Names));
            }
            return first!;
        };
    }

    static int Run(ParseResult parsed)
    {
        var name = parsed.GetRequiredValue(Model);
        OutputGuard.Check(parsed, EvalOptions.ScoresOf(parsed), parsed.GetValue(Overlays) is { } drawn ? Output.Sheet(drawn) : null);
        var masks = parsed.GetValue(Predictions) is { } predictions ? PredictedMasks.In(predictions, SegmentationOptions.FirstLabel(parsed)) : null;
        var sheet = parsed.GetValue(Overlays) is null ? null : new SegmentationSheet();
        var ask = Open(parsed, sheet, masks);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed);
        using var head = HeadOptions.Open(model, parsed.GetValue(Head)!, SegmentationOptions.WindowOf(parsed));
        ScoreReport.Show(parsed, name, SegmentationOptions.DataOf(parsed), ask(model, head, floors: true).Scores);
        EvalOptions.Said(parsed).WriteLine(HeadScores.Rule);
        if (masks is not null) EvalOptions.Said(parsed).WriteLine($"wrote {masks.Count:N0} masks to {parsed.GetValue(Predictions)}");
        if (parsed.GetValue(Overlays) is { } image)
        {
            sheet!.Write(image);
            EvalOptions.Said(parsed).WriteLine($"wrote {image}: images, truth and answers side by side");
        }
        return 0;
    }
}
