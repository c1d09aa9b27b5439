using System.CommandLine;
using System.Diagnostics;
using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Report;
using Silc.Samples.Terminals;
using Silc.Samples.Training;

namespace Silc.Samples.Commands;

/// <summary><c>silc</c> alone: trains a small model on images that it draws itself, and shows what it has learned.</summary>
static class DemoCommand
{
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<string> Out = new("--out")
    {
        Description = "Folder for what the demo makes.",
        HelpName = "DIR",
        DefaultValueFactory = _ =>
        "runs/demo"
    };
    static readonly Option<int?> Steps = new("--steps")
    {
        Description = "Train this long, instead of as long as fits into three minutes.",
        HelpName = "N"
    };

    static readonly Option<int> Seed = new("--seed") { Description = "Draws other images and begins with other weights.", HelpName = "N" };

    public static RootCommand Create()
    {
        var command = new RootCommand("""
            SILC: vision-language models trained by image-text contrast and local-to-global self-distillation.
            Without a command it trains a small model on drawn images (under three minutes on two CPU cores) and shows what it has learned.

            Examples:
              silc
              silc devices
              silc train --data demo --steps 600 --ema 0.98 --out runs/shapes
              silc eval zero-shot --model runs/demo --data demo
            """) { Device, Out, Steps, Seed };
        command.SetAction(parsed => Run(parsed, parsed.GetValue(Device)!, parsed.GetValue(Out)!, parsed.GetValue(Steps), parsed.GetValue(Seed)));
        return command;
    }

    static int Run(ParseResult parsed, string deviceName, string folder, int? steps, int seed)
    {
        var clock = Stopwatch.StartNew();
        using var runFolder = RunFolder.Create(folder, new(Keep: 1), overwrite: HoldsDemo(folder));
        TrainFolder.CheckFiles(parsed, runFolder, DemoRecipe.Tokenizer, init: null);
        runFolder.Notes = new Dictionary<string, string> { [DemoRecipe.Note] = "" };
        using var device = Silc.Device.Open(deviceName);
        var source = DemoSet.Training(seed, DemoLevel.Plain);
        var train = DemoRecipe.Training(steps ?? DemoRecipe.StepsInTime(device, source)) with { Seed = seed };
        using var model = SilcModel.Create(device, DemoRecipe.Model, train.Seed, DemoRecipe.Tokenizer);
        var session = new TrainSession(runFolder);
        using (var run = new TrainRun(model, source, train, runFolder))
        {
            Console.WriteLine($"data     {source.Name}: {source.Count:N0} drawn images, {train.BatchSize} a step, {(steps is null ? "about " : "")}"
                + $"{train.TotalSteps:N0} steps");
            if (steps is null) run.AfterStep = new DemoPace(run).Look;
            session.Train(model, run, "Silc demo", logEvery: 20, limit: steps is null ? DemoRecipe.TimeLimit : null);
        }

        if (session.Steps > 0) Console.WriteLine(ModelCard.Leave(folder));
        var images = DemoSet.HeldOut(DemoLevel.Plain);
        var zImage = model.EmbedImages(images);
        ScoreReport.Show(DemoScores.Of(model, images, zImage).Concat(RetrievalScores.Of(model, DemoSet.HeldOutScenes(DemoLevel.Plain))));
        DemoSheet.Write(runFolder.At(DemoSheet.Name), model, images, zImage);
        PrintNext(folder, clock.Elapsed);
        return session.ExitCode;
    }

    // The demo may be run again over its own files, but over no other run.
    static bool HoldsDemo(string folder) =>
        RunFolder.Checkpoints(folder).Count > 0 && RunFolder.Newest(folder).Checkpoint.Notes.ContainsKey(DemoRecipe.Note);

    static void PrintNext(string folder, TimeSpan elapsed)
    {
        Console.WriteLine($"""
            {elapsed.TotalSeconds:F0} s in all. Look at {Path.Combine(folder, DemoSheet.Name)} (images found for captions) and
            {Path.Combine(folder, TrainSession.Plot)}; {TrainSession.Metrics}, {RunFolder.ModelName} and a checkpoint lie beside them.

            Try next:
              silc report {Shell.Quoted(folder)}
              silc devices
              silc data emoji --out data/emoji
              silc train --data emoji:data/emoji --preset mini --steps 1500 --tokenizer words:16384 --augment jitter=0.4,flip \
                  --min-crop 0.7 --lr 0.002 --ema 0.99 --out runs/emoji
              silc eval zero-shot --model runs/emoji --data emoji:data/emoji
              silc train --help
            """);
        if (Shell.SilcFromSources is { } line) Console.WriteLine($"(silc is short for {line})");
    }
}
