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

    static int Run(ParseResult parsed)
    {
        var data = parsed.GetRequiredValue(Data);
        if (ReferenceData.Open(data, parsed, Images, training: false) is { } sentences)
            return Run(parsed, sentences.Name, Output.Said, (model, head) =>
            {
                var (answers, scoring) = Ask(parsed, sentences, model, head, floors: true);
                return (answers, file => AnswerResults.Write(file, scoring.Written), $"{scoring.Written.Count:N0} boxes");
            });
        var source = DetectionData.Open(data, parsed, Images, training: false);
        return Run(parsed, source.Name, Output.Detections, (model, head) =>
        {
            var (answers, scoring) = Ask(parsed, source, model, head, floors: true);
            return (answers, file => DetectionResults.Write(file, scoring.Found), $"{scoring.Found.Count:N0} detections");
        });
    }

    // Asks the head, which also says how its results are written and what they are called.
    static int Run(ParseResult parsed, string source, Func<string, Output> results,
        Func<SilcModel, DetectionHead, (HeadAnswers Answers, Action<string> Write, string Results)> ask)
    {
        var (name, overlays, predictions) = (parsed.GetRequiredValue(Model), parsed.GetValue(Overlays), parsed.GetValue(Predictions));
        OutputGuard.Check(parsed, EvalOptions.ScoresOf(parsed), overlays is null ? null : Output.Sheet(overlays),
            predictions is null ? null : results(predictions));
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed);
        using var head = DetectionHead.Load(model, parsed.GetValue(Head)!);
        var (answers, write, found) = ask(model, head);
        ScoreReport.Show(parsed, name, parsed.GetRequiredValue(Data), answers.Scores);
        if (predictions is not null)
        {
            write(predictions);
            EvalOptions.Said(parsed).WriteLine($"wrote {found} to {predictions}");
        }
        if (overlays is not null)
        {
            ContactSheet.Write(overlays, answers.Pictures().Single(one => one.Name == HeadPictures.First).Rows, source, 288);
            EvalOptions.Said(parsed).WriteLine($"wrote {overlays}: images, truth and answers side by side");
        }
        return 0;
    }
}
