using System.CommandLine;
using Silc.Samples.Heads;
using Silc.Samples.Models;
using Silc.Samples.Terminals;

namespace Silc.Samples.Commands;

/// <summary><c>silc head train caption</c> and <c>answer</c>: a decoder on a frozen model.</summary>
static class HeadTrainDecoderCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<int> Images = DrawnScenes.Images(4000);
    static readonly Option<int> Steps = OptionForm.Number("--steps",
        "Updates; the schedule, a cosine after a short warm-up, ends there.", 1500).From(1);
    static readonly Option<int> Batch = OptionForm.Number("--batch", "Texts a step.", 64).From(1);
    static readonly Option<double> Rate = OptionForm.Real("--lr", "Base learning rate.", 1e-3).From(0);
    static readonly Option<double> Decay =
        OptionForm.Real("--wd", "Weight decay of kernels, per update and not multiplied by --lr.", 1e-7).From(0);
    static readonly Option<int> Seed = OptionForm.Number("--seed", "Of weights, order and which caption or answer is drawn.", 0);
    static readonly Option<int> Width = OptionForm.Number("--width", "Channels of the decoder.", 128).From(1);
    static readonly Option<int> Depth = OptionForm.Number("--depth", "Blocks of the decoder.", 2).From(1);
    static readonly Option<int> Heads = OptionForm.Number("--heads", "Attention heads of the decoder; they divide --width.", 4).From(1);
    static readonly Option<int?> Length = new Option<int?>("--length")
    {
        Description = "Most words of a text, with its question and its end; of the longest in the data unless given, and 32 at most.",
        HelpName = "N",
    }.From(2);
    static readonly Option<int> LeastUses = OptionForm.Number("--least-uses",
        "Words that occur less often are unknown; 5 is usual for COCO.", 1).From(1);
    static readonly Option<int?> Side = new Option<int?>("--image-size")
    {
        Description = "Side of the images in pixels, a multiple of the patch, one patch or more; the model's own unless given.",
        HelpName = "PIXELS",
    }.From(1);

    /// <summary>The command for captions.</summary>
    public static Command Caption() => Create("caption", """
        Train a head that writes captions: a decoder which reads the tokens of a model's frozen image tower, computed once, and writes whole words. It
        leaves head.safetensors, checkpoints, metrics.csv and loss.png; the head belongs to this model alone. Ctrl-C ends with all files written,
        --resume goes on.

        Examples:
          silc head train caption --model mini --data demo:hard --out runs/captions
          silc head train caption --model runs/mine --data karpathy:dataset_coco.json --split train --least-uses 5 --steps 20000 --out runs/coco
        """, DecoderData.Captioned, [.. DataOption.Reading], Captions);

    /// <summary>The command for answers.</summary>
    public static Command Answer() => Create("answer", """
        Train a head that answers questions about images: as silc head train caption, with the question before the answer.
        Of sentences that each speak of one thing the answer is its box, in four words.

        Examples:
          silc head train answer --model mini --data demo:hard --out runs/answers
          silc head train answer --model runs/mine --data vqa:v2_OpenEnded_mscoco_train2014_questions.json --least-uses 5 --steps 20000 --out runs/vqa
          silc head train answer --model runs/mine --data "refcoco:refs(unc).json" --split train --steps 20000 --out runs/refer
        """, DecoderData.Asked, [PublishedSets.Split, PublishedSets.ImageFolder], Answers);

    delegate DecoderExamples Reader(SilcModel model, ParseResult parsed, Action<long> report, CancellationToken stop);

    static Command Create(string name, string help, Option<string> data, Option[] reading, Func<ParseResult, (int Count, Reader Read)> open)
    {
        var command = new Command(name, help) { Model, data, HeadTraining.Out };
        foreach (var option in (Option[])[Images, .. reading, Side, Width, Depth, Heads, Length, LeastUses, Steps, Batch, Rate, Decay,
            HeadTraining.Clip, Seed, HeadTraining.Flip, HeadTraining.MinCrop,
            HeadTraining.FeatureCache, HeadTraining.ValData, HeadTraining.ValEvery, HeadTraining.SaveEvery, TrainOptions.LogEvery,
            HeadTraining.Resume, HeadTraining.Overwrite, Device, ModelOption.Tokenizer]) command.Add(option);
        command.SetAction(parsed => Run(parsed, name, open(parsed)));
        return command;
    }

    static (int, Reader) Captions(ParseResult parsed)
    {
        var source = DecoderData.Captions(parsed, Images, training: true);
        return (source.Count, (model, parsed, report, stop) =>
            DecoderExamples.OfCaptions(model, source, parsed.GetValue(Side), seen: report, stop: stop,
                featureCache: parsed.GetValue(HeadTraining.FeatureCache), train: ConfigOf(parsed)));
    }

    static (int, Reader) Answers(ParseResult parsed)
    {
        var source = DecoderData.Questions(parsed, Images, training: true);
        if (source is ReferenceQuestions && ConfigOf(parsed).IsAugmented)
            throw new ArgumentException("--flip and --min-crop move what is seen, and the words of a box would not follow: leave them out");
        int images = Enumerable.Range(0, source.Count).Select(index => source.Question(index).ImageId).Distinct().Count();
        return (images, (model, parsed, report, stop) =>
            DecoderExamples.OfQuestions(model, source, parsed.GetValue(Side), seen: report, stop: stop,
                featureCache: parsed.GetValue(HeadTraining.FeatureCache), train: ConfigOf(parsed)));
    }

    static int Run(ParseResult parsed, string command, (int Count, Reader Read) data)
    {
        HeadTraining.Check(parsed);
        var name = parsed.GetRequiredValue(Model);
        var config = ConfigOf(parsed);
        var sizes = new DecoderConfig(parsed.GetValue(Width), parsed.GetValue(Depth), parsed.GetValue(Heads)).Check();
        var validation = HeadTask.Of(command).Validation(parsed, config.Steps);
        using var folder = HeadTraining.Open(parsed);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed, captions: false);
        using var interrupt = new Interrupt("stopping; once more kills", userSignal: true);
        using var examples = Progress.Show("images", data.Count, report => data.Read(model, parsed, report, interrupt.Token));
        using var head = DecoderHead.Create(model, examples,
            sizes with { Length = parsed.GetValue(Length) ?? Math.Min(sizes.Length, examples.Longest) }, parsed.GetValue(LeastUses), config.Seed);
        head.NameTower(ShippedModel.NameOf(name));
        using var run = new DecoderRun(head, examples, config, folder);
        Describe(head, examples, config);
        return HeadTraining.Run(parsed, command, name, examples.Data.Name, config, folder, head, validation, interrupt, run.Run);
    }

    static HeadTrainConfig ConfigOf(ParseResult parsed) => HeadTraining.Seeing(parsed, new(parsed.GetValue(Steps), parsed.GetValue(Batch),
        parsed.GetValue(Rate), parsed.GetValue(Decay), parsed.GetValue(HeadTraining.Clip), parsed.GetValue(Seed)));

    static void Describe(DecoderHead head, DecoderExamples examples, HeadTrainConfig config)
    {
        var told = head.Description;
        var captions = told.Kind == HeadKind.Caption;
        if (examples.Silent > 0)
            Console.Error.WriteLine($"skipped  {examples.Silent:N0} {(captions ? "images without a caption" : "questions without an answer")}");
        if (examples.Longest > told.Decoder!.Length)
            Console.Error.WriteLine($"note: the longest text has {examples.Longest} words with its {(captions ? "end" : "question and its end")}, "
                + $"and what is beyond {told.Decoder.Length} is cut off; --length makes room");
        var asked = captions ? "" : $", {examples.Count:N0} questions";
        HeadTraining.Describe(examples.Unread, $"{examples.Data.Name}: {examples.Images:N0} images{asked}",
            $"{(captions ? "captions" : "answers")}, {head.ParameterCount:N0} values, {told.Words!.Count:N0} words, of images of {told.Resolution} "
            + $"pixels of the tower {told.Tower}", config, head.Steps);
    }
}
