using System.CommandLine;
using Silc.Samples.Evaluation;
using Silc.Samples.Heads;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc head eval caption</c> and <c>answer</c>: what a head writes, beside what can be said without looking.</summary>
static class HeadEvalDecoderCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string?> Head = HeadOptions.Head(required: true);
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<int> Images = DrawnScenes.Images(400);
    static readonly Option<string?> Predictions = new("--predictions")
    {
        Description = "Also write what it said, as COCO's and VQA's servers take it.",
        HelpName = "FILE.json",
    };

    /// <summary>The command for captions.</summary>
    public static Command Caption() => Create("caption", """
        Compare a head's captions with those that people wrote: CIDEr-D, BLEU, ROUGE-L, and the share that is one of them word for word. Beside it
        stand its captions of other images and the most frequent caption of the other half of the images.

        Examples:
          silc head eval caption --model mini --head runs/captions --data demo:hard --beam 3
          silc head eval caption --model runs/mine --head runs/coco --data karpathy:dataset_coco.json --split test --predictions captions.json
        """, DecoderData.Captioned, [.. DataOption.Reading], Captions, CaptionResults.Write);

    /// <summary>The command for answers.</summary>
    public static Command Answer() => Create("answer", """
        Compare a head's answers with those that people gave, by the rules of VQA, overall and of each type of answer. Beside it stands what is
        right without looking: the most frequent answer to the same words, and the most frequent of all, of the other half of the images.

        Examples:
          silc head eval answer --model mini --head runs/answers --data demo:hard
          silc head eval answer --model runs/mine --head runs/vqa --data vqa:v2_OpenEnded_mscoco_val2014_questions.json --predictions answers.json
          silc head eval answer --model runs/mine --head runs/refer --data "refcoco:refs(unc).json" --split testA
        """, DecoderData.Asked, [PublishedSets.Split, PublishedSets.ImageFolder], Answers, AnswerResults.Write);

    /// <summary>Opens the captions of a line, and says how a head is asked for some.</summary>
    public static HeadAsking OpenCaptions(ParseResult parsed) => Captions(parsed, null);

    /// <summary>Opens the questions of a line, and says how a head is asked them.</summary>
    public static HeadAsking OpenQuestions(ParseResult parsed) => Answers(parsed, null);

    static Command Create(string name, string help, Option<string> data, Option[] reading,
        Func<ParseResult, Action<IReadOnlyDictionary<long, string>>?, HeadAsking> open, Action<string, IReadOnlyDictionary<long, string>> write)
    {
        var command = new Command(name, help) { Model, Head, data };
        foreach (var option in (Option[])[Images, .. reading, HeadOptions.Beam, Device, Predictions, EvalOptions.Json, ModelOption.Tokenizer])
            command.Add(option);
        command.SetAction(parsed =>
        {
            OutputGuard.Check(parsed, EvalOptions.ScoresOf(parsed), parsed.GetValue(Predictions) is { } file ? Output.Said(file) : null);
            var ask = open(parsed, parsed.GetValue(Predictions) is { } said ? all => write(said, all) : null);
            return Run(parsed, parsed.GetRequiredValue(data), ask);
        });
        return command;
    }

    static int Run(ParseResult parsed, string data, HeadAsking ask)
    {
        var name = parsed.GetRequiredValue(Model);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed, captions: false);
        using var head = DecoderHead.Load(model, parsed.GetValue(Head)!);
        if (ask(model, head, true).Scores is { Count: > 0 } scores) ScoreReport.Show(parsed, name, data, scores);
        else Console.Error.WriteLine($"note: nobody has answered the questions of {data}, so there is nothing to compare with");
        if (parsed.GetValue(Predictions) is { } said) EvalOptions.Said(parsed).WriteLine($"wrote what it said to {said}");
        return 0;
    }

    static HeadAsking Captions(ParseResult parsed, Action<IReadOnlyDictionary<long, string>>? write)
    {
        var source = DecoderData.Captions(parsed, Images, training: false);
        return Asking(HeadKind.Caption, source.Name, "CIDEr-D", write, head => new CaptionScoring(source, head, parsed.GetValue(HeadOptions.Beam)));
    }

    static HeadAsking Answers(ParseResult parsed, Action<IReadOnlyDictionary<long, string>>? write)
    {
        var source = DecoderData.Questions(parsed, Images, training: false);
        var ask = Asking(HeadKind.Answer, source.Name, "overall", write, head => new AnswerScoring(source, head, parsed.GetValue(HeadOptions.Beam)));
        return source is ReferenceQuestions { Source: var sentences }
            ? (_, head, floors) => Boxes(parsed, sentences, (DecoderHead)head, write, floors) : ask;
    }

    static HeadAsking Asking(HeadKind kind, string name, string measure, Action<IReadOnlyDictionary<long, string>>? write,
        Func<DecoderHead, IWritingScores> score) => (_, trained, floors) =>
    {
        var head = (DecoderHead)trained;
        head.RequireKind(kind);
        var scoring = score(head);
        var scores = scoring.Scores();
        write?.Invoke(scoring.Written);
        var own = scores.Count > 0 ? scores[0] : new(name, 0, "head", []);
        return new(floors ? scores : [own], own, measure, scoring.Pictures);
    };

    // The answers to sentences are boxes.
    static HeadAnswers Boxes(ParseResult parsed, IReferenceSource source, DecoderHead head, Action<IReadOnlyDictionary<long, string>>? write,
        bool floors)
    {
        head.RequireKind(HeadKind.Answer);
        var (scoring, beam) = (new ReferenceScoring(source), parsed.GetValue(HeadOptions.Beam));
        var own = scoring.Of($"head, step {head.Steps}, beam {beam}", ReferenceScoring.By(head, beam), keep: true);
        write?.Invoke(scoring.Written);
        return new(floors ? [own, .. scoring.Floors()] : [own], own, ReferenceScoring.Measure, scoring.Pictures);
    }
}
