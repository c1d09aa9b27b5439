using System.CommandLine;
using Silc.Samples.Models;
using Silc.Samples.Outputs;
using Silc.Samples.Terminals;
using Silc.Samples.Training;

namespace Silc.Samples.Heads;

/// <summary>What <c>silc head train</c> does for every kind of head: the folder, the steps and what is said of them.</summary>
static class HeadTraining
{
    /// <summary>Steps of a training in batches, as a run of any head has them.</summary>
    public delegate RunEnd Steps(Action<HeadReport> report, int reportEvery, CancellationToken stop);

    public static readonly Option<string> Out =
        new("--out") { Description = "Folder for the head, checkpoints, metrics and plot.", HelpName = "DIR", Required = true };
    public static readonly Option<double> Clip =
        OptionForm.Real("--clip-norm", "Norm of the gradient above which it is scaled down; 0 switches that off.", 1).From(0);
    public static readonly Option<bool> Resume =
        new("--resume") { Description = "Go on with the training in --out, from its newest whole checkpoint." };
    public static readonly Option<bool> Overwrite = new("--overwrite") { Description = "Delete the training that --out holds." };
    public static readonly Option<int?> SaveEvery = new Option<int?>("--save-every")
    {
        Description = "Steps between checkpoints; one is written every ten minutes and at the end.",
        HelpName = "N",
    }.From(1);

    /// <summary>Measurements of a training on images that the program draws, and images of one.</summary>
    public const int UsualValidations = 5, ValImages = 64;

    public static readonly Option<string?> ValData = new("--val-data")
    {
        Description = $"Images that are not trained on, named and read as those of --data: the head is measured on them while it trains. For demo "
            + $"and emoji {ValImages} other scenes unless given.",
        HelpName = "SPEC",
    };

    public static readonly Option<int?> ValEvery = new Option<int?>("--val-every")
    {
        Description = "Steps from one measurement to the next, at the reports of --log-every; a fifth of the training unless given, 0 for none.",
        HelpName = "N",
    }.From(0);

    public static readonly Option<bool> Flip = new("--flip")
    {
        Description = "Mirror every second image, with its labels and boxes; not where a caption, question or answer says left or right. The tower "
            + "then sees each image in every step.",
    };

    public static readonly Option<double> MinCrop = new Option<double>("--min-crop")
    {
        Description = "Show a part of each image, of at least this share of its sides; labels and boxes follow, captions do not. 1 shows the whole.",
        HelpName = "X",
        DefaultValueFactory = _ => 1,
    }.Above(0);

    public static readonly Option<string?> FeatureCache = new("--feature-cache")
    {
        Description = "Keep the frozen tower's features in this folder, for other trainings on the same images: a file for each tower, device and "
            + "image size. Not with --flip, --min-crop and --mosaic.",
        HelpName = "DIR",
    };

    /// <summary>A training with what a line says of what steps see.</summary>
    /// <exception cref="ArgumentException">The line keeps features that are computed anew in each step.</exception>
    public static HeadTrainConfig Seeing(ParseResult parsed, HeadTrainConfig train)
    {
        train = (train with { Flip = parsed.GetValue(Flip), MinCrop = parsed.GetValue(MinCrop) }).Check();
        if (train.IsAugmented && parsed.GetValue(FeatureCache) is { } folder)
            throw new ArgumentException($"--feature-cache {folder}: with --flip, --min-crop or --mosaic features differ from step to step: "
                + "leave it out");
        return train;
    }

    /// <summary>Says what a training is: images that were left out, the data, the head, and where it goes on.</summary>
    /// <param name="unread">Images that cannot be read, with the reason.</param>
    /// <param name="data">What it learns from, in words.</param>
    /// <param name="what">The head, its sizes and its tower.</param>
    /// <param name="config">How it is trained.</param>
    /// <param name="steps">Done already.</param>
    public static void Describe(IReadOnlyList<(string Key, string Reason)> unread, string data, string what, HeadTrainConfig config, long steps)
    {
        foreach (var (key, reason) in unread) Console.Error.WriteLine($"skipped  {key}: {reason}");
        Console.WriteLine($"data     {data}");
        Console.WriteLine($"head     {what}; {config.Steps:N0} steps of {config.BatchSize}");
        if (steps > 0) Console.WriteLine($"resumed  after step {steps}");
    }

    /// <summary>The first of many names.</summary>
    public static string Brief(IReadOnlyList<string> names)
    {
        const int Named = 12;
        return string.Join(", ", names.Take(Named)) + (names.Count > Named ? ", …" : "");
    }

    /// <summary>Throws where a line says two things that exclude each other.</summary>
    public static void Check(ParseResult parsed)
    {
        if (parsed.GetValue(Resume) && parsed.GetValue(Overwrite))
            throw new ArgumentException("--overwrite deletes a training, --resume goes on with it: give one of them");
    }

    /// <summary>The folder that a line names, once nothing of another's lies where it writes.</summary>
    public static RunFolder Open(ParseResult parsed)
    {
        var folder = RunFolder.ForHead(parsed.GetRequiredValue(Out), new SavePolicy(EverySteps: parsed.GetValue(SaveEvery) ?? 0),
            parsed.GetValue(Resume), parsed.GetValue(Overwrite));
        try
        {
            OutputGuard.Check(parsed, Output.Table(folder.At(MetricsFile.Name), HeadMetrics.Columns), Output.Sheet(folder.At(TrainSession.Plot)),
                new Output(folder.At(HeadLine.Name), HeadLine.IsOwn));
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Trains, with progress, metrics and plot, and says what to do next; the exit code.</summary>
    /// <param name="parsed">The line.</param>
    /// <param name="kind">Of <c>silc head eval</c>.</param>
    /// <param name="model">As the line names it.</param>
    /// <param name="data">What the plot calls the data.</param>
    /// <param name="config">How it is trained.</param>
    /// <param name="folder">Of <see cref="Open"/>.</param>
    /// <param name="head">Is trained.</param>
    /// <param name="validation">Measures it meanwhile; null for none.</param>
    /// <param name="interrupt">Ends it with the step at hand.</param>
    /// <param name="run">The rest of them.</param>
    public static int Run(ParseResult parsed, string kind, string model, string data, HeadTrainConfig config, RunFolder folder, ITrainedHead head,
        HeadValidation? validation, Interrupt interrupt, Steps run)
    {
        var metrics = new HeadMetrics(folder.At(MetricsFile.Name), head.Steps);
        var kept = false;
        var end = HeadProgress.Show(head.Steps, config.Steps, report => run(one =>
        {
            // Not before the first report: until then a folder that is overwritten holds its old training, whole.
            if (!kept) HeadLine.Of(parsed, kind).Write(folder.Path);
            kept = true;
            metrics.Add(one, validation?.Of(one, head));
            report(one);
        }, parsed.GetValue(TrainOptions.LogEvery), interrupt.Token));
        if (metrics.Last is { } last) Console.WriteLine($"trained  {head.Steps:N0} steps in {last.Seconds:F1} s; loss {last.Loss:F4}");
        metrics.Plot($"{data}, batch {config.BatchSize}").WritePng(folder.At(TrainSession.Plot));
        Console.WriteLine($"wrote {folder.At(HeadFile.Name)}, {MetricsFile.Name} and {TrainSession.Plot}");
        if (end == RunEnd.Stopped) Console.WriteLine($"Stopped after step {head.Steps}. To go on, say the same with --resume");
        Console.WriteLine($"To measure it:\n  silc head eval {kind} --model {Shell.Quoted(ShippedModel.NameOf(model))} "
            + $"--head {Shell.Quoted(parsed.GetRequiredValue(Out))} --data …");
        return interrupt.ExitCode;
    }
}
