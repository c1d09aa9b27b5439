using System.CommandLine;
using Silc.Samples.Evaluation;
using Silc.Samples.Heads;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc head eval detect</c>: a head for detection, beside the same head before its first step.</summary>
static class HeadEvalDetectCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string?> Head = HeadOptions.Head(required: true);
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<int> Images = DrawnScenes.Images(400);
    static readonly Option<string> Data = new("--data")
    {
        Description = $"{DetectionData.Data.Description} Sentences in place of names: {ReferenceData.Help}.",
        HelpName = $"{DetectionData.Data.HelpName}|refer:demo|refcoco:FILE.json",
        Required = true,
    };
    static readonly Option<string?> Overlays =
        new("--overlays") { Description = "Also draw a few images with truth and answers.", HelpName = "FILE.png" };
    static readonly Option<string?> Predictions = new("--predictions")
    {
        Description = "Also write what was found, as COCO's and LVIS's servers take it.",
        HelpName = "FILE.json",
    };

    public static Command Create()
    {
        var command = new Command("detect", """
            Ask a detection head about images with things, by the rules of COCO, or of LVIS for lvis:. Beside it stands the head before its first
            step, whose boxes are its patches. Where the head was not trained on all classes, seen and unseen ones are also reported apart.
            Of sentences that each speak of one thing, refer:demo and refcoco:, the surest box is compared with the thing's: Acc@0.5.

            Examples:
              silc head eval detect --model mini --head runs/finder --data demo:hard --overlays found.png
              silc head eval detect --model runs/mine --head runs/coco --data coco:annotations/instances_val2017.json --predictions found.json
              silc head eval detect --model runs/mine --head runs/coco --data "refcoco:refs(unc).json" --split testA
            """) { Model, Head, Data };
        foreach (var option in (Option[])[Images, PublishedSets.Split, PublishedSets.ImageFolder, DetectionData.Objectness, Device,
            Overlays, Predictions, EvalOptions.Json, ModelOption.Tokenizer])
            command.Add(option);
        command.SetAction(Run);
        return command;
    }

    /// <summary>Opens the data of a line, and says how a head is asked about them.</summary>
    public static HeadAsking Open(ParseResult parsed)
    {
        if (ReferenceData.Open(parsed.GetRequiredValue(Data), parsed, Images, training: false) is { } sentences)
            return (model, head, floors) => Ask(parsed, sentences, model, (DetectionHead)head, floors).Answers;
        var source = DetectionData.Open(parsed.GetRequiredValue(Data), parsed, Images, training: false);
        return (model, head, floors) => Ask(parsed, source, model, (DetectionHead)head, floors).Answers;
    }

    static (HeadAnswers Answers, DetectionScoring Scoring) Ask(ParseResult parsed, IInstanceSource source, SilcModel model, DetectionHead head,
        bool floors)
    {
        var told = head.Description;
        var classes = source.Truth.Classes();
        var scoring = new DetectionScoring(source, classes.Names, PublishedSets.IsLvis(parsed.GetRequiredValue(Data)),
            parsed.GetValue(DetectionData.Objectness));
        List<Score> scores = [];
        if (floors)
        {
            using var untrained = DetectionHead.Create(model, told.Seen, told.Templates, told.Canonical, told.Detection, told.Resolution);
            scores.Add(scoring.Of(untrained, "head, before its first step", keep: false));
        }
        scores.Add(scoring.Of(head, $"head, step {head.Steps}", keep: true));
        return (new(scores, scores[^1], "AP50", scoring.Pictures), scoring);
    }

    static (HeadAnswers Answers, ReferenceScoring Scoring) Ask(ParseResult parsed, IReferenceSource source, SilcModel model, DetectionHead head,
        bool floors)
    {
        var (scoring, objectness, told) = (new ReferenceScoring(source), parsed.GetValue(DetectionData.Objectness), head.Description);
        Score Of(string method, DetectionHead head, bool keep) =>
            scoring.Of(method + DetectionData.RankedBy(objectness), ReferenceScoring.By(head, objectness), keep);
        List<Score> scores = [];
        if (floors)
        {
            using var untrained = DetectionHead.Create(model, told.Seen, told.Templates, told.Canonical, told.Detection, told.Resolution);
            scores.AddRange([.. scoring.Floors(), Of("head, before its first step", untrained, keep: false)]);
        }
        scores.Add(Of($"head, step {head.Steps}", head, keep: true));
        return (new(scores, scores[^1], ReferenceScoring.Measure, scoring.Pictures), scoring);
    }

    static int RunSentences(ParseResult parsed, IReferenceSource source)
    {
        var name = parsed.GetRequiredValue(Model);
        OutputGuard.Check(parsed, EvalOptions.ScoresOf(parsed), parsed.GetValue(Overlays) is { } drawn ? Output.Sheet(drawn) : null,
            parsed.GetValue(Predictions) is { } results ? Output.Said(results) : null);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed);
        using var head = DetectionHead.Load(model, parsed.GetValue(Head)!);
        var (answers, scoring) = Ask(parsed, source, model, head, floors: true);
        ScoreReport.Show(parsed, name, parsed.GetRequiredValue(Data), answers.Scores);
        if (parsed.GetValue(Predictions) is { } predictions)
        {
            AnswerResults.Write(predictions, scoring.Written);
            EvalOptions.Said(parsed).WriteLine($"wrote {scoring.Written.Count:N0} boxes to {predictions}");
        }
        if (parsed.GetValue(Overlays) is { } image)
        {
            ContactSheet.Write(image, scoring.Pictures()[1].Rows, source.Name, 288);
            EvalOptions.Said(parsed).WriteLine($"wrote {image}: the truth's box and the head's side by side");
        }
        return 0;
    }

    static int Run(ParseResult parsed)
    {
        if (ReferenceData.Open(parsed.GetRequiredValue(Data), parsed, Images, training: false) is { } sentences)
            return RunSentences(parsed, sentences);
        var name = parsed.GetRequiredValue(Model);
        var source = DetectionData.Open(parsed.GetRequiredValue(Data), parsed, Images, training: false);
        OutputGuard.Check(parsed, EvalOptions.ScoresOf(parsed), parsed.GetValue(Overlays) is { } drawn ? Output.Sheet(drawn) : null,
            parsed.GetValue(Predictions) is { } results ? Output.Detections(results) : null);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed);
        using var head = DetectionHead.Load(model, parsed.GetValue(Head)!);
        var (answers, scoring) = Ask(parsed, source, model, head, floors: true);
        ScoreReport.Show(parsed, name, parsed.GetRequiredValue(Data), answers.Scores);
        if (parsed.GetValue(Predictions) is { } predictions)
        {
            DetectionResults.Write(predictions, scoring.Found);
            EvalOptions.Said(parsed).WriteLine($"wrote {scoring.Found.Count:N0} detections to {predictions}");
        }
        if (parsed.GetValue(Overlays) is { } image)
        {
            ContactSheet.Write(image, scoring.Rows, source.Name, 288);
            EvalOptions.Said(parsed).WriteLine($"wrote {image}: images, truth and answers side by side");
        }
        return 0;
    }
}
