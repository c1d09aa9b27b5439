using System.CommandLine;
using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc eval segmentation</c>: zero-shot segmentation.</summary>
static class EvalSegmentationCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<string?> Overlays =
        new("--overlays") { Description = "Also draw images, truth and answers side by side.", HelpName = "FILE.png" };

    static readonly Option<string?> Predictions = new("--predictions")
    {
        Description = "Also write what was predicted as masks: PNG files whose grey values are labels, named as the images.",
        HelpName = "FOLDER",
    };

    public static Command Create()
    {
        var command = new Command("segmentation", """
            Segment by text alone: each pixel belongs to the class whose prompt its patch is closest to; mIoU over the whole set.
            Patches meet texts in two ways: through the values of the MAP head, and through those of the last block as well.

            Examples:
              silc eval segmentation --model runs/demo --data demo --overlays runs/demo/segmentation.png
              silc eval segmentation --model runs/emoji --data emoji:data/emoji --background words --photographs images
              silc eval segmentation --model runs/mine --data masks:voc --classes voc.txt --templates segmentation \
                  --short-side 448 --window 448 --stride 336
            """) { Model };
        foreach (var option in SegmentationOptions.All) command.Add(option);
        foreach (var option in PromptOptions.All) command.Add(option);
        foreach (var option in (Option[])[.. RefinementOptions.All, Device, Overlays, Predictions, EvalOptions.Resize, EvalOptions.ImageBackground,
            EvalOptions.Json]) command.Add(option);
        command.Add(ModelOption.Tokenizer);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var name = parsed.GetRequiredValue(Model);
        var (sources, background) = (SegmentationOptions.Sources(parsed).ToList(), SegmentationOptions.BackgroundOf(parsed));
        var templates = PromptOptions.TemplatesOf(parsed, SegmentationOptions.IsMasks(parsed) ? "segmentation" : "name");
        var refinement = RefinementOptions.Of(parsed);
        OutputGuard.Check(parsed, EvalOptions.ScoresOf(parsed), parsed.GetValue(Overlays) is { } drawn ? Output.Sheet(drawn) : null);
        var masks = parsed.GetValue(Predictions) is { } predictions ? PredictedMasks.In(predictions, SegmentationOptions.FirstLabel(parsed)) : null;
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed);
        var windows = SegmentationOptions.WindowsOf(parsed, model.Config);
        windows.Check(model.Config.PatchSize);

        var sheet = parsed.GetValue(Overlays) is null ? null : new SegmentationSheet();
        var scores = new List<Score>();
        foreach (var source in sources)
        {
            var classes = ClassPrototypes.WithPatches(source.Classes, prompts => EmbeddedTexts.Of(model, prompts), templates,
                PromptOptions.AliasesOf(parsed, SegmentationOptions.IsMasks(parsed) ? AliasUse.First : AliasUse.Best),
                    canonical: SegmentationOptions.IsMasks(parsed), model.Config.PatchDim);
            scores.AddRange(new SegmentationRun(model, source, classes, windows, background.Threshold, background.Counts, refinement)
                .Score(sheet, masks, sources.Count > 1 ? $"set-{sources.IndexOf(source) + 1}" : ""));
        }
        ScoreReport.Show(parsed, name, SegmentationOptions.DataOf(parsed), scores);
        if (masks is not null) EvalOptions.Said(parsed).WriteLine($"wrote {masks.Count:N0} masks to {parsed.GetValue(Predictions)}");
        if (parsed.GetValue(Overlays) is { } image)
        {
            sheet!.Write(image);
            EvalOptions.Said(parsed).WriteLine($"wrote {image}: images, truth and answers side by side");
        }
        return 0;
    }
}
