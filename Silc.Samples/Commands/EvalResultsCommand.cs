using System.CommandLine;
using Silc.Samples.Evaluation;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc eval results</c>: official numbers of a file of results, whoever made it.</summary>
static class EvalResultsCommand
{
    static readonly Option<string> Data = new("--data")
    {
        Description = "What they are compared with: "
            + PublishedSets.Help([.. PublishedSets.WithInstances, .. PublishedSets.WithCaptions.Take(2), .. PublishedSets.WithQuestions])
            + "; images need not be there.",
        HelpName = "SET:FILE.json",
        Required = true,
    };
    static readonly Option<string> Results = new("--results")
    {
        Description = "Detections, captions or answers as COCO's, LVIS's and VQA's servers take them.",
        HelpName = "FILE.json",
        Required = true,
    };
    static readonly Option<bool> Masks = new("--segments") { Description = "Of coco: and lvis:, compare masks instead of boxes." };

    public static Command Create()
    {
        var command = new Command("results", """
            Measure a file of results by the official rules: AP of COCO or LVIS; BLEU, CIDEr-D and ROUGE-L of captions; accuracy of VQA.
            Needs no model. Captions are split by our own rule, which agrees with the official Java program on plain English.

            Examples:
              silc eval results --data coco:instances_val2017.json --results detections.json
              silc eval results --data karpathy:dataset_coco.json --split test --results captions.json
              silc eval results --data vqa:v2_OpenEnded_mscoco_val2014_questions.json --results answers.json --json scores.json
            """)
        {
            Data, Results, Masks, PublishedSets.Split, EvalOptions.Json,
        };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (data, results) = (parsed.GetRequiredValue(Data), parsed.GetRequiredValue(Results));
        OutputGuard.Check(parsed, [PublishedSets.PathOf(data) ?? data], EvalOptions.ScoresOf(parsed));
        if (!File.Exists(results)) throw new FileNotFoundException($"--results {results}: no such file");
        var name = Path.GetFileNameWithoutExtension(PublishedSets.PathOf(data) ?? data);
        if (parsed.GetValue(Masks) && !PublishedSets.IsOneOf(data, PublishedSets.WithInstances))
            throw new ArgumentException($"--segments is for coco: and lvis:, not for --data {data}");
        if (parsed.GetValue(PublishedSets.Split) is { } split && !data.StartsWith("karpathy:", StringComparison.Ordinal))
            throw new ArgumentException($"--split {split}: {data} is one part already");
        ScoreReport.Show(parsed, results, data, [Named(results, () => Score(data, results, name, parsed))]);
        return 0;
    }

    static Score Score(string data, string results, string name, ParseResult parsed)
    {
        if (PublishedSets.IsOneOf(data, PublishedSets.WithInstances))
        {
            var masks = parsed.GetValue(Masks);
            var truth = CocoFile.Read(PublishedSets.Existing(data), masks);
            DataOption.Say(truth.Skipped);
            var found = DetectionResults.Read(results);
            var scores = PublishedSets.IsLvis(data) ? DetectionScores.Lvis(truth, found, masks) : DetectionScores.Coco(truth, found, masks);
            // -1 stands for what nothing has such a truth for; it is no share.
            return new(name, truth.Images.Count, masks ? "masks" : "boxes",
                [.. scores.Official.Select(entry => new MetricValue(entry.Name, entry.Value < 0 ? double.NaN : entry.Value))]);
        }
        if (PublishedSets.ReferenceCaptions(data, parsed) is { } references)
        {
            var scores = CaptionResults.Score(CaptionResults.Read(results), references);
            return new(name, references.Count, "captions",
            [
                .. scores.Bleu.Select((bleu, i) => new MetricValue($"BLEU-{i + 1}", bleu)), new("CIDEr-D", scores.CiderD),
                new("ROUGE-L", scores.RougeL), new("exact", scores.Exact),
            ]);
        }
        if (PublishedSets.IsOneOf(data, PublishedSets.WithQuestions))
        {
            var scores = VqaAccuracy.Score(VqaSource.Read(PublishedSets.Existing(data)), AnswerResults.Read(results));
            return new(name, scores.Questions, "answers",
                [new("overall", scores.Overall), .. scores.ByType.Select(type => new MetricValue(type.Key, type.Value))]);
        }
        throw new ArgumentException($"--data {data}: results are measured with coco:FILE.json, lvis:FILE.json, captions:FILE.json, "
            + "karpathy:FILE.json or vqa:FILE.json");
    }

    // What fits no truth is said with the file that has it.
    static Score Named(string results, Func<Score> score)
    {
        try
        {
            return score();
        }
        catch (ArgumentException error) when (!error.Message.StartsWith("--", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{results}: {error.Message}", error);
        }
    }
}
