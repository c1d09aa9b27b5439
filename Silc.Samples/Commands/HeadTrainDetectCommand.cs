using System.CommandLine;
using Silc.Samples.Heads;
using Silc.Samples.Models;
using Silc.Samples.Outputs;
using Silc.Samples.Terminals;
using Silc.Samples.Training;

namespace Silc.Samples.Commands;

/// <summary><c>silc head train detect</c>: a head for detection on a frozen model.</summary>
static class HeadTrainDetectCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<string> Out =
        new("--out") { Description = "Folder for the head, checkpoints, metrics and plot.", HelpName = "DIR", Required = true };
    static readonly Option<int> Images = DetectionData.Images(2000);
    static readonly Option<int> Steps = Number("--steps", "Updates; the schedule, a cosine, ends there.", 1500).From(1);
    static readonly Option<int> Batch = Number("--batch", "Images a step.", 16).From(1);
    static readonly Option<double> Rate = Real("--lr", "Base learning rate.", 1e-3).From(0);
    static readonly Option<double> Decay = Real("--wd", "Weight decay of kernels, per update and not multiplied by --lr.", 0).From(0);
    static readonly Option<double> Clip = Real("--clip-norm", "Norm of the gradient above which it is scaled down; 0 switches that off.", 1).From(0);
    static readonly Option<int> Seed = Number("--seed", "Of weights and order.", 0);
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
    static readonly Option<int?> Side = new Option<int?>("--image-size")
    {
        Description = "Side of the images in pixels, a multiple of the patch; the model's own unless given. There is one box a patch.",
        HelpName = "PIXELS",
    }.From(1);
    static readonly Option<bool> Resume = new("--resume") { Description = "Go on with the training in --out, from its newest whole checkpoint." };
    static readonly Option<bool> Overwrite = new("--overwrite") { Description = "Delete the training that --out holds." };
    static readonly Option<int?> SaveEvery = new Option<int?>("--save-every")
    {
        Description = "Steps between checkpoints; one is written every ten minutes and at the end.",
        HelpName = "N",
    }.From(1);

    public static Command Create()
    {
        var command = new Command("detect", """
            Train a head that finds things named by words, on a model's frozen features, which are computed once. It leaves head.safetensors,
            checkpoints, metrics.csv and loss.png; the head belongs to this model alone. Ctrl-C ends with all files written, --resume goes on.

            Examples:
              silc head train detect --model mini --data demo:hard --hold-out "orange,pink,white" --without-held-out --out runs/finder
              silc head train detect --model runs/mine --data coco:annotations/instances_train2017.json --steps 20000 --out runs/coco
            """) { Model, DetectionData.Data, Out };
        foreach (var option in (Option[])[Images, PublishedSets.ImageFolder, HoldOut, Without, Side, NoBlock, Owl, Steps, Batch, Rate, Decay, Clip,
            Seed, .. PromptOptions.All.Where(option => option.Name == "--templates"), SaveEvery, TrainOptions.LogEvery, Resume, Overwrite, Device,
            ModelOption.Tokenizer]) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        if (parsed.GetValue(Resume) && parsed.GetValue(Overwrite))
            throw new ArgumentException("--overwrite deletes a training, --resume goes on with it: give one of them");
        var (name, target) = (parsed.GetRequiredValue(Model), parsed.GetRequiredValue(Out));
        var source = DetectionData.Open(parsed, Images, training: true);
        var chosen = DetectionData.Chosen(source, parsed.GetValue(HoldOut));
        if (parsed.GetValue(Without) && parsed.GetValue(HoldOut) is null) throw new ArgumentException("--without-held-out needs --hold-out");
        var isDemo = source is DemoDetection;
        if (parsed.GetValue(Without)) source = DetectionData.WithoutOthers(source, chosen);
        var config = new HeadTrainConfig(parsed.GetValue(Steps), parsed.GetValue(Batch), parsed.GetValue(Rate), parsed.GetValue(Decay),
            parsed.GetValue(Clip), parsed.GetValue(Seed)).Check();
        using var folder = RunFolder.ForHead(target, new SavePolicy(EverySteps: parsed.GetValue(SaveEvery) ?? 0), parsed.GetValue(Resume),
            parsed.GetValue(Overwrite));
        OutputGuard.Check(parsed, Output.Table(folder.At(MetricsFile.Name), HeadMetrics.Columns), Output.Sheet(folder.At(TrainSession.Plot)));
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed);
        using var head = DetectionHead.Create(model, chosen, PromptOptions.TemplatesOf(parsed, isDemo ? "name" : "clip"), canonical: !isDemo,
            new DetectionConfig(Block: !parsed.GetValue(NoBlock), Aligned: !parsed.GetValue(Owl)), parsed.GetValue(Side), config.Seed);
        head.NameTower(ShippedModel.NameOf(name));
        using var interrupt = new Interrupt(userSignal: true);
        using var run = Progress.Show("images", source.Count,
            report => new DetectionRun(head, source, config, folder, seen: report, stop: interrupt.Token));
        Describe(source, head, run, config);
        var metrics = new HeadMetrics(folder.At(MetricsFile.Name), run.Steps);
        var end = HeadProgress.Show(run.Steps, config.Steps, report => run.Run(one =>
        {
            metrics.Add(one);
            report(one);
        }, parsed.GetValue(TrainOptions.LogEvery), interrupt.Token));
        if (metrics.Last is { } last) Console.WriteLine($"trained  {run.Steps:N0} steps in {last.Seconds:F1} s; loss {last.Loss:F4}");
        metrics.Plot($"{source.Name}, batch {config.BatchSize}").WritePng(folder.At(TrainSession.Plot));
        Console.WriteLine($"wrote {folder.At(HeadFile.Name)}, {MetricsFile.Name} and {TrainSession.Plot}");
        if (end == RunEnd.Stopped) Console.WriteLine($"Stopped after step {run.Steps}. To go on, say the same with --resume");
        Console.WriteLine($"To measure it:\n  silc head eval detect --model {Shell.Quoted(ShippedModel.NameOf(name))} "
            + $"--head {Shell.Quoted(target)} --data …");
        return interrupt.ExitCode;
    }

    static void Describe(IInstanceSource source, DetectionHead head, DetectionRun run, HeadTrainConfig config)
    {
        const int Named = 12;
        foreach (var (key, reason) in run.Unread) Console.Error.WriteLine($"skipped  {key}: {reason}");
        if (run.TooMany > 0)
            Console.Error.WriteLine($"skipped  {run.TooMany:N0} things, the smallest of images with more things than the {head.Grid * head.Grid} "
                + "patches; --image-size makes more of them");
        var seen = head.Description.Seen;
        Console.WriteLine($"data     {source.Name}: {run.Images:N0} images, {run.Empty:N0} of them without a thing, {seen.Count} classes: "
            + string.Join(", ", seen.Take(Named)) + (seen.Count > Named ? ", …" : ""));
        Console.WriteLine($"head     detection, {head.ParameterCount:N0} values, {head.Grid} x {head.Grid} boxes of images of "
            + $"{head.Description.Resolution} pixels of the tower {head.Description.Tower}; {config.Steps:N0} steps of {config.BatchSize}");
        if (run.Steps > 0) Console.WriteLine($"resumed  after step {run.Steps}");
    }

    static Option<int> Number(string name, string help, int usual) =>
        new(name) { Description = help, HelpName = "N", DefaultValueFactory = _ => usual };

    static Option<double> Real(string name, string help, double usual) =>
        new(name) { Description = help, HelpName = "X", DefaultValueFactory = _ => usual };
}
