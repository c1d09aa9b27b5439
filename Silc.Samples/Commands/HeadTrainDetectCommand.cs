using System.CommandLine;
using Silc.Samples.Heads;
using Silc.Samples.Models;
using Silc.Samples.Terminals;

namespace Silc.Samples.Commands;

/// <summary><c>silc head train detect</c>: a head for detection on a frozen model.</summary>
static class HeadTrainDetectCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<int> Images = DrawnScenes.Images(2000);
    static readonly Option<int> Steps = OptionForm.Number("--steps", "Updates; the schedule, a cosine, ends there.", 1500).From(1);
    static readonly Option<int> Batch = OptionForm.Number("--batch", "Images a step.", 16).From(1);
    static readonly Option<double> Rate = OptionForm.Real("--lr", "Base learning rate.", 1e-3).From(0);
    static readonly Option<double> Decay = OptionForm.Real("--wd", "Weight decay of kernels, per update and not multiplied by --lr.", 0).From(0);
    static readonly Option<int> Seed = OptionForm.Number("--seed", "Of weights and order.", 0);
    static readonly Option<bool> NoBlock = new("--no-block")
    {
        Description = "Leave out the transformer block between tokens and heads; a frozen tower then finds little.",
    };
    static readonly Option<bool> Owl = new("--learn-classes")
    {
        Description = "Learn the class embedding from nothing, as OWL-ViT does, and not from the patch in the space of texts.",
    };
    static readonly Option<string?> HoldOut = new("--hold-out")
    {
        Description = "Classes that are not trained on, with commas between; silc head eval detect then reports seen and unseen ones apart.",
        HelpName = "NAME,NAME",
    };
    static readonly Option<bool> Without = new("--without-held-out")
    {
        Description = "Leave out images that show a class which is held out: its things have no box there, and are learned as nothing.",
    };
    static readonly Option<int> Mosaic = OptionForm.Number("--mosaic",
        $"With 2 or more, 60 % of what is seen are mosaics of k x k images, k from 2 to this, 1 to {HeadTrainConfig.MostTiles}; OWL-ViT has 3.", 1)
        .From(1);
    static readonly Option<int> Negatives = OptionForm.Number("--negatives",
        "Ask about each image its own names and so many others, 0 to 99: those that lvis: says were looked for in vain, then names of the steps so "
        + "far, drawn in proportion to how often they occur. The rest takes no part in its loss; OWL-ViT has 50. 0 asks about every name, of more "
        + "than 100 those of the step and others by chance.", 0).From(0);
    static readonly Option<int?> Side = new Option<int?>("--image-size")
    {
        Description = "Side of the images in pixels, a multiple of the patch, one patch or more; the model's own unless given. There is one box a "
            + "patch.",
        HelpName = "PIXELS",
    }.From(1);

    public static Command Create()
    {
        var command = new Command("detect", """
            Train a head that finds things named by words, on a model's frozen features, which are computed once, or with its towers along.
            It leaves head.safetensors, checkpoints, metrics.csv and loss.png; the head belongs to this model alone. Ctrl-C ends with
            all files written, --resume goes on.

            Examples:
              silc head train detect --model mini --data demo:hard --hold-out "orange,pink,white" --without-held-out --out runs/finder
              silc head train detect --model runs/mine --data coco:annotations/instances_train2017.json --steps 20000 --out runs/coco
            """) { Model, DetectionData.Data, HeadTraining.Out };
        foreach (var option in (Option[])[Images, PublishedSets.ImageFolder, HoldOut, Without, Side, HeadOptions.Tune,
            HeadOptions.TuneRate, HeadOptions.TuneTextRate, NoBlock, Owl, Steps, Batch, Rate,
            Decay, HeadTraining.Clip, Seed, HeadTraining.Flip, HeadTraining.MinCrop, Mosaic, Negatives,
            HeadTraining.FeatureCache, .. PromptOptions.All.Where(option => option.Name == "--templates"), HeadTraining.ValData,
            HeadTraining.ValEvery, HeadTraining.SaveEvery,
            TrainOptions.LogEvery, HeadTraining.Resume, HeadTraining.Overwrite, Device, ModelOption.Tokenizer]) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        HeadTraining.Check(parsed);
        var name = parsed.GetRequiredValue(Model);
        var source = DetectionData.Open(parsed.GetRequiredValue(DetectionData.Data), parsed, Images, training: true);
        var chosen = DetectionData.Chosen(source, parsed.GetValue(HoldOut));
        if (parsed.GetValue(Without) && parsed.GetValue(HoldOut) is null) throw new ArgumentException("--without-held-out needs --hold-out");
        var isDemo = source is DemoDetection;
        if (parsed.GetValue(Without)) source = DetectionData.WithoutOthers(source, chosen);
        var config = new HeadTrainConfig(parsed.GetValue(Steps), parsed.GetValue(Batch), parsed.GetValue(Rate), parsed.GetValue(Decay),
            parsed.GetValue(HeadTraining.Clip), parsed.GetValue(Seed));
        config = HeadTraining.Seeing(parsed, config with { Mosaic = parsed.GetValue(Mosaic), Negatives = parsed.GetValue(Negatives) });
        var validation = HeadTask.Of("detect").Validation(parsed, config.Steps);
        using var folder = HeadTraining.Open(parsed);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed);
        using var head = DetectionHead.Create(model, chosen, PromptOptions.TemplatesOf(parsed, isDemo ? "name" : "clip"), canonical: !isDemo,
            new DetectionConfig(Block: !parsed.GetValue(NoBlock), Aligned: !parsed.GetValue(Owl)), parsed.GetValue(Side), config.Seed,
            HeadOptions.TunedOf(parsed, model));
        head.NameTower(ShippedModel.NameOf(name));
        using var interrupt = new Interrupt("stopping; once more kills", userSignal: true);
        using var run = Progress.Show("images", source.Count,
            report => new DetectionRun(head, source, config, folder, seen: report, stop: interrupt.Token,
                featureCache: parsed.GetValue(HeadTraining.FeatureCache)));
        Describe(source, head, run, config);
        return HeadTraining.Run(parsed, "detect", name, source.Name, config, folder, head, validation, interrupt, run.Run);
    }

    static void Describe(IInstanceSource source, DetectionHead head, DetectionRun run, HeadTrainConfig config)
    {
        if (run.TooMany > 0)
            Console.Error.WriteLine($"skipped  {run.TooMany:N0} things, the smallest of images with more things than the {head.Grid * head.Grid} "
                + "patches; --image-size makes more of them");
        var seen = head.Description.Seen;
        HeadTraining.Describe(run.Unread, $"{source.Name}: {run.Images:N0} images, {run.Empty:N0} of them without a thing, {seen.Count} classes: "
            + HeadTraining.Brief(seen), $"detection, {head.ParameterCount:N0} values, {head.Grid} x {head.Grid} boxes of images of "
            + $"{head.Description.Resolution} pixels of the tower {HeadOptions.TowerOf(head.Description)}", config, run.Steps);
    }
}
