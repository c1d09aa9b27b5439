using System.CommandLine;
using Silc.Samples.Heads;
using Silc.Samples.Models;
using Silc.Samples.Terminals;

namespace Silc.Samples.Commands;

/// <summary><c>silc head train segment</c>: a head for segmentation on a frozen model.</summary>
static class HeadTrainSegmentCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<HeadKind> Kind = new("--head")
    {
        Description = "adapter: a linear layer that moves patches in the space of texts, trained in seconds. catseg: attention over the maps of "
            + "patches and classes, and a decoder, CAT-Seg on a frozen tower.",
        HelpName = "adapter|catseg",
        DefaultValueFactory = _ => HeadKind.Adapter,
    };
    static readonly Option<CatSegSizes> Sizes = new("--sizes")
    {
        Description = "With catseg: small, 32 channels and one layer for two CPU cores, or published, 128 and two.",
        HelpName = "small|published",
        DefaultValueFactory = _ => CatSegSizes.Small,
    };
    static readonly Option<int> ClassesAStep = OptionForm.Number("--classes-a-step",
        "With catseg: classes of a step, those in its images first; 0 takes all.", 16).From(0);
    static readonly Option<int?> Steps = Own<int?>("--steps", "Updates; the schedule, a cosine, ends there. 600, with catseg 2,000.", "N").From(1);
    static readonly Option<int?> Batch = Own<int?>("--batch", "Images a step: 32, with catseg 8.", "N").From(1);
    static readonly Option<double?> Rate = Own<double?>("--lr", "Base learning rate: 0.002, with catseg 0.001.", "X").From(0);
    static readonly Option<double> Decay = OptionForm.Real("--wd", "Weight decay of kernels, per update and not multiplied by --lr.", 1e-6).From(0);
    static readonly Option<int> Seed = OptionForm.Number("--seed", "Of weights and order.", 0);
    static readonly Option<HeadLoss?> Loss = Own<HeadLoss?>("--loss",
        "softmax over the classes, or a binary loss of each, which catseg has.", "softmax|binary");
    static readonly Option<bool> IgnoredAreNegative = new("--ignored-are-negative")
    {
        Description = "With the binary loss, pixels that do not count are of no class, as in CAT-Seg's published training, instead of left out.",
    };
    static readonly Option<string?> HoldOut = new("--hold-out")
    {
        Description = "Classes that are not trained on, with commas between; silc head eval segment then reports seen and unseen ones apart.",
        HelpName = "NAME,NAME",
    };
    static readonly Option<int?> Side = new Option<int?>("--image-size")
    {
        Description = "Side of the images in pixels, a multiple of the patch, one patch or more; the model's own unless given.",
        HelpName = "PIXELS",
    }.From(1);

    public static Command Create()
    {
        var command = new Command("segment", """
            Train a head for segmentation on a model's frozen features, which are computed once, or with its towers along.
            It leaves head.safetensors, checkpoints, metrics.csv and loss.png; the head belongs to this model alone. Ctrl-C ends with
            all files written, --resume goes on to the same bits.

            Examples:
              silc head train segment --model runs/demo --data demo --out runs/adapter
              silc head train segment --model mini --data demo:hard --hold-out "red,blue" --out runs/open
              silc head train segment --model runs/emoji --data emoji:data/emoji --head catseg --out runs/cat
              silc head train segment --model runs/mine --data masks:ade/train --classes ade.txt --skip-zero --out runs/ade
            """) { Model, HeadTraining.Out, Kind };
        foreach (var option in SegmentationOptions.ForHeads) command.Add(option);
        foreach (var option in (Option[])[HoldOut, Side, HeadOptions.Tune, HeadOptions.TuneRate, HeadOptions.TuneTextRate,
            Sizes, ClassesAStep, Steps, Batch, Rate,
            Decay, HeadTraining.Clip, Seed, HeadTraining.Flip, HeadTraining.MinCrop,
            HeadTraining.FeatureCache, Loss, IgnoredAreNegative, .. PromptOptions.All, HeadTraining.ValData, HeadTraining.ValEvery,
            HeadTraining.SaveEvery, TrainOptions.LogEvery, HeadTraining.Resume, HeadTraining.Overwrite, Device, EvalOptions.Resize,
            EvalOptions.ImageBackground, ModelOption.Tokenizer])
            command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        HeadTraining.Check(parsed);
        var name = parsed.GetRequiredValue(Model);
        var (threshold, counts) = SegmentationOptions.BackgroundOf(parsed);
        if (threshold is not null) throw new ArgumentException("--background: a head is trained with none or words; a probability is for asking it");
        var source = HeadData.Chosen(SegmentationOptions.ForTraining(parsed), parsed.GetValue(HoldOut), counts);
        var templates = PromptOptions.TemplatesOf(parsed, SegmentationOptions.IsMasks(parsed) ? "segmentation" : "name");
        var config = HeadTraining.Seeing(parsed, ConfigOf(parsed));
        var validation = HeadTask.Of("segment").Validation(parsed, config.Steps);
        using var folder = HeadTraining.Open(parsed);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed);
        using var head = SegmentationHead.Create(model, parsed.GetValue(Kind), source.Classes.Names, templates,
            canonical: SegmentationOptions.IsMasks(parsed), SizesOf(parsed, model.Config), parsed.GetValue(Side), config.Seed, config.Loss,
            PromptOptions.AliasesOf(parsed, SegmentationOptions.IsMasks(parsed) ? AliasUse.First : AliasUse.Average),
            HeadOptions.TunedOf(parsed, model));
        head.NameTower(ShippedModel.NameOf(name));
        using var interrupt = new Interrupt("stopping; once more kills", userSignal: true);
        using var run = Progress.Show("images", source.Count,
            report => new HeadRun(head, source, config, folder, seen: report, stop: interrupt.Token,
                featureCache: parsed.GetValue(HeadTraining.FeatureCache)));
        Describe(source, head, run, config);
        return HeadTraining.Run(parsed, "segment", name, source.Name, config, folder, head, validation, interrupt, run.Run);
    }

    static void Describe(ISegmentationSource source, SegmentationHead head, HeadRun run, HeadTrainConfig config)
    {
        var empty = run.Unlabelled > 0 ? $", {run.Unlabelled:N0} of them without a labelled place" : "";
        HeadTraining.Describe(run.Unread, $"{source.Name}: {run.Images:N0} images{empty}, {source.Classes.Count} classes: "
            + HeadTraining.Brief(source.Classes.Names), $"{head.Description.Kind.ToString().ToLowerInvariant()}, {head.ParameterCount:N0} values, on "
            + $"images of {head.Description.Resolution} pixels of the tower {HeadOptions.TowerOf(head.Description)}", config, run.Steps);
    }

    static HeadTrainConfig ConfigOf(ParseResult parsed)
    {
        var cat = parsed.GetValue(Kind) == HeadKind.CatSeg;
        if (!cat && ((Option[])[Sizes, ClassesAStep]).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } wrong)
            throw new ArgumentException($"{wrong.Name} is for --head catseg");
        return new HeadTrainConfig(parsed.GetValue(Steps) ?? (cat ? 2000 : 600), parsed.GetValue(Batch) ?? (cat ? 8 : 32),
            parsed.GetValue(Rate) ?? (cat ? 1e-3 : 2e-3), parsed.GetValue(Decay), parsed.GetValue(HeadTraining.Clip), parsed.GetValue(Seed),
            parsed.GetValue(Loss) ?? (cat ? HeadLoss.Binary : HeadLoss.Softmax), parsed.GetValue(IgnoredAreNegative),
            cat ? parsed.GetValue(ClassesAStep) : 0).Check();
    }

    static CatSegConfig? SizesOf(ParseResult parsed, SilcConfig config)
    {
        if (parsed.GetValue(Kind) != HeadKind.CatSeg) return null;
        if (parsed.GetValue(Sizes) == CatSegSizes.Published) return CatSegConfig.Published;
        return CatSegConfig.Small.ForGrid(parsed.GetValue(Side) is { } side ? side / config.PatchSize : config.Grid);
    }

    static Option<T> Own<T>(string name, string help, string value) => new(name) { Description = help, HelpName = value };

    enum CatSegSizes { Small, Published }
}
