using System.CommandLine;
using System.Text.Encodings.Web;
using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Models;
using Silc.Samples.Outputs;
using Silc.Samples.Report;
using Silc.Samples.Terminals;
using Silc.Samples.Training;

namespace Silc.Samples.Commands;

/// <summary><c>silc train</c>.</summary>
static class TrainCommand
{
    // A thousand years; TimeSpan holds little more.
    const double MostMinutes = 1000.0 * 365 * 24 * 60;

    public static Command Create()
    {
        var command = new Command("train", """
            Train a model and leave model.safetensors, checkpoints, metrics.csv, loss.png and events for TensorBoard in a folder.
            The first Ctrl-C ends the run after the step at hand with all files written; the second kills. Even then, or when the machine
            goes down, --resume loses no more than the steps since the last checkpoint, and ends with the same bits as a run that was left alone.

            Examples:
              silc train --data demo --steps 600 --ema 0.98 --out runs/shapes
              silc train --data emoji:data/emoji --preset mini --steps 1500 --tokenizer words:16384 --augment jitter=0.4,flip \
                  --min-crop 0.7 --lr 0.002 --ema 0.99 --out runs/emoji
              silc train --data "wds:data/{00000..00041}.tar" --preset s --batch 128 --steps 20000 --save-every 500 --keep-every 5000 --out runs/web
              silc train --data captions.csv --preset s --batch 128 --steps 20000 --contrastive sigmoid --device cuda --out runs/mine
              silc train --data captions.csv --init siglip_b16.npz --tokenizer sentencepiece.model --freeze "img/.*" --distillation 0 --out runs/tuned
              silc train --data captions.csv --recipe dino --batch 64 --lr 1.25e-4 --wd 5e-6 --wd-end 5e-5 --steps 20000 --out runs/dino
              mpirun -n 8 silc train --data "wds:data/{00000..00041}.tar" --preset b --batch 2048 --device cuda --out runs/eight
              silc train --resume runs/shapes
              silc train --resume runs/shapes --steps 900
            """);
        foreach (var option in TrainOptions.All) command.Add(option);
        command.Validators.Add(TrainFolder.Validate);
        command.SetAction(Train);
        return command;
    }

    static int Train(ParseResult given)
    {
        if (given.GetValue(TrainOptions.PrintSchema))
        {
            Console.WriteLine(RunSchema.WithNotes.ToJsonString(new()
            {
                WriteIndented = true,
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }));
            return 0;
        }
        var typed = given;
        var file = given.GetValue(TrainOptions.Config) is { } path ? RunConfig.Open(path) : null;
        if (file is not null) given = file.Under(given);
        if (given.GetValue(TrainOptions.PrintConfig) || given.GetValue(TrainOptions.DryRun))
        {
            if (given.GetValue(TrainOptions.Recipes) is { } published) given = RecipeFile.Open(published).Under(given);
            return given.GetValue(TrainOptions.DryRun) ? TrainTrial.Do(typed, given, file) : PrintConfig(typed, given, file);
        }

        using var job = TrainJob.Join(given, given.GetValue(TrainOptions.Device)!, given.GetValue(TrainOptions.Precision));
        using var owned = new OwnedThings();
        RunFolder? folder = null;
        job.Together(() =>
        {
            if (job.IsFirst) folder = owned.Add(TrainFolder.Of(given));
        });
        var start = job.Share(folder?.Start);
        Described? described = null;
        job.Together(() => described = Describe(typed, given, file, folder, start, owned));
        // All ranks are here: of shards one reads the headers for all.
        IImageTextSource? source = null;
        job.Together(() => source = described!.Open(job.Collective));
        Prepared? ready = null;
        job.Together(() => ready = Prepare(described!, source!, job, folder, start, owned));
        if (folder is null)
            return job.Finish(() =>
            {
                job.Run(ready!.Run, () => TrainSession.Follow(ready.Run, ready.Parsed.GetValue(TrainOptions.LogEvery)));
                return 0;
            });
        return job.Finish(() => Lead(ready!, job, folder));
    }

    // What is to be trained; made without the others.
    static Described Describe(ParseResult typed, ParseResult given, RunConfig? file, RunFolder? folder, Checkpoint? start, OwnedThings owned)
    {
        foreach (var skipped in folder?.Skipped ?? []) Console.Error.WriteLine($"skipped  {skipped.Reason}");
        if (given.GetValue(TrainOptions.Recipes) is { } recipe) given = RecipeFile.Open(recipe).Under(given);
        var parsed = start is null ? given : TrainLine.Merge(given, start, folder?.Path ?? TrainFolder.NameOf(given));
        var init = start is null ? TrainInit.Open(typed, parsed) : null;
        if (init is not null) owned.Add(init);
        var gaveWay = start is null ? init is { Weights.Config.HasText: true } : TrainLine.HasPresetGivenWay(start);
        if (folder is not null) (folder.Policy, folder.Notes) = (TrainOptions.PolicyOf(parsed), TrainLine.Notes(parsed, gaveWay));
        var tokenizer = start?.Tokenizer?.Open() ?? init?.Tokenizer ?? Tokenizers.Open(TrainOptions.TokenizerOf(parsed));
        if (start is null && folder is not null) TrainFolder.CheckFiles(given, folder, tokenizer, init?.Path);
        var config = start?.Config ?? RunConfig.Blame(file, parsed, line => TrainOptions.ModelOf(line, tokenizer, init?.Weights.Config));
        var train = start is null ? RunConfig.Blame(file, parsed, TrainOptions.TrainingOf) : Continued(start, given);
        var data = parsed.GetRequiredValue(TrainOptions.Data);
        if (start is null && parsed.GetValue(LossOptions.Boxes) is { } boxes)
        {
            Require.That(train.LocatedWeight > 0, $"{LossOptions.Boxes.Name} {boxes} is for {LossTerm.Located.Option}, which is 0");
            Require.That(PublishedSets.WithIds(data), $"{LossOptions.Boxes.Name} {boxes}: {data} does not say which of COCO's images it has; "
                + "captions:FILE.json and karpathy:FILE.json do");
        }
        return new(parsed, data, config, train, tokenizer, init);
    }

    // What a rank has before it trains.
    static Prepared Prepare(Described described, IImageTextSource source, TrainJob job, RunFolder? folder, Checkpoint? start, OwnedThings owned)
    {
        var (parsed, data, config, train, tokenizer, init) = described;
        var held = parsed.GetValue(TrainOptions.ValData);
        // Rank 0 alone measures.
        var validation = held is null || folder is null ? null : ValidationSet.Open(held, parsed, train.BatchSize);
        var plan = PlanOf(parsed, validation, train.TotalSteps);

        var device = owned.Add(job.Collective.Open(parsed.GetValue(TrainOptions.Device)!, parsed.GetValue(TrainOptions.Precision)));
        TrainOptions.SetGraphs(device, parsed.GetValue(TrainOptions.CudaGraph));
        var model = owned.Add(init?.Model(device, config, tokenizer, train.Seed) ?? SilcModel.Create(device, config, train.Seed, tokenizer));
        var run = owned.Add(new TrainRun(model, source, train, folder, parsed.GetValue(TrainOptions.MaxBad), job.Collective, start?.Step ?? 0,
            parsed.GetValue(TrainOptions.ShardMoments)));
        if (held is not null) run.LooksLong = step => step % EveryOf(parsed, train.TotalSteps) == 0 || step == train.TotalSteps;
        if (init is not null) Console.WriteLine($"init     {init.Begin(model, run.Trainer.Teacher)}");
        if (folder is not null && job.Collective.Size > 1 && source.Shards is not null)
            Console.Error.WriteLine($"warning: {source.Name} is compressed, so that each of {job.Collective.Size} ranks unpacks all of it: plain "
                + ".tar shards are read in parts");
        if (train.LocatedWeight > 0 && !source.HasBoxes)
            Console.Error.WriteLine($"note: {source.Name} knows no boxes{(PublishedSets.WithIds(data) ? $" without {LossOptions.Boxes.Name}" : "")}: "
                + $"{LossTerm.Located.Option} trains 'Cap: …' alone, and its loss stays 0");
        return new(parsed, data, config, train, source, validation, plan, start, model, run);
    }

    static int Lead(Prepared ready, TrainJob job, RunFolder folder)
    {
        var (parsed, data, config, train, source, validation, plan, start, model, run) = ready;
        Console.WriteLine($"data     {source.Name}: {source.Count:N0} images, {train.BatchSize} a step, {run.Loader.StepsPerEpoch:N0} steps an "
            + "epoch; "
            + $"{train.TotalSteps:N0} {(train.TotalSteps == 1 ? "step is" : "steps are")} {train.TotalSteps / (double)run.Loader.StepsPerEpoch:F1} "
            + "epochs");
        if (job.Collective.Size is > 1 and var ranks)
            Console.WriteLine($"ranks    {ranks}, {job.Collective.LocalSize} of them on this machine, by {job.Collective.Engine}; "
                + $"{train.BatchSize / ranks} images a step each");
        if (plan is not null) Console.WriteLine($"validate {validation!.Describe()}, every {plan.Every:N0} steps");
        PatchNote.Say(config);
        CenteringNote.Say(config, train);
        if (start is not null) PrintStart(start, train);

        TimeSpan? limit = parsed.GetValue(TrainOptions.Minutes) is { } minutes ? TimeSpan.FromMinutes(Math.Min(minutes, MostMinutes)) : null;
        var session = new TrainSession(folder, RunConfig.Write(parsed, config, train, reference: false), plan);
        var end = job.Run(run, () => session.Train(model, run, $"{source.Name}, batch {train.BatchSize}",
            parsed.GetValue(TrainOptions.LogEvery), limit, stopOnCollapse: parsed.GetValue(TrainOptions.OnCollapse) == CollapseAction.Stop));
        if (folder.Replaces)
        {
            Console.WriteLine($"Ended before the first step: nothing was written, and what {folder.Path} held is there still");
            return session.ExitCode;
        }
        if (session.Steps > 0) Console.WriteLine(ModelCard.Leave(folder.Path));
        if (end == RunEnd.Early) Console.WriteLine($"Stopped early: no validation was better in {plan!.Metric.Word} since "
            + $"step {session.Best!.Value.Step} (--patience {plan.Patience}); to go on all the same, resume with a larger one");
        PrintNext(folder, end, data, train.ContrastiveWeight > 0);
        if (plan?.KeepBest is not null && session.Best is { } best)
            Console.WriteLine($"The weights of step {best.Step}, the best in {plan.Metric.Word}, are {folder.At(BestModel.Name)}");
        return session.ExitCode;
    }

    /// <summary>What is to be trained.</summary>
    sealed record Described(ParseResult Parsed, string Data, SilcConfig Config, TrainConfig Train, Tokenizer Tokenizer, TrainInit? Init)
    {
        public IImageTextSource Open(ICollective job) => DataOption.OpenForTraining(Data, Train.Seed, Parsed, Train.ReadsCaptions, job);
    }

    /// <summary>What a rank trains with.</summary>
    sealed record Prepared(ParseResult Parsed, string Data, SilcConfig Config, TrainConfig Train, IImageTextSource Source, ValidationSet? Validation,
        ValidationPlan? Plan, Checkpoint? Start, SilcModel Model, TrainRun Run);

    static int EveryOf(ParseResult parsed, int steps)
    {
        const int Times = 10;
        return parsed.GetValue(TrainOptions.ValEvery) ?? Math.Max(1, steps / Times);
    }

    static ValidationPlan? PlanOf(ParseResult parsed, ValidationSet? validation, int steps)
    {
        if (validation is null) return null;
        var keep = parsed.GetValue(TrainOptions.KeepBest) is { } word ? ValidationMetric.Of(word) : null;
        if (keep == ValidationMetric.ZeroShot && !validation.HasClasses)
            throw new ArgumentException($"--keep-best {keep.Word}: {validation.Name} has no classes; keep the best loss, image-to-text or "
                + "text-to-image, or give --val-data classes, which --val-classes names where they are numbers");
        return new(validation.Name, validation.Measure, EveryOf(parsed, steps), keep,
            parsed.GetValue(TrainOptions.Patience));
    }

    static int PrintConfig(ParseResult typed, ParseResult parsed, RunConfig? file)
    {
        using var init = TrainInit.Open(typed, parsed);
        var tokenizer = init?.Tokenizer ?? Tokenizers.Open(TrainOptions.TokenizerOf(parsed));
        var config = RunConfig.Blame(file, parsed, line => TrainOptions.ModelOf(line, tokenizer, init?.Weights.Config));
        Console.Write(RunConfig.Write(parsed, config, RunConfig.Blame(file, parsed, TrainOptions.TrainingOf), reference: true));
        return 0;
    }

    static TrainConfig Continued(Checkpoint start, ParseResult given)
    {
        var train = start.Train;
        if (given.GetResult(TrainOptions.Recompute) is not null)
            train = train with { Recompute = given.GetValue(TrainOptions.Recompute) };
        if (given.GetResult(TrainOptions.Accumulate) is { Implicit: false })
            train = train with { Accumulate = given.GetValue(TrainOptions.Accumulate) };
        if (given.GetResult(TrainOptions.Steps) is { Implicit: false })
            train = train with { TotalSteps = given.GetValue(TrainOptions.Steps) };
        if (given.GetResult(TrainOptions.LearningRate) is { Implicit: false })
            train = train with { LearningRate = given.GetValue(TrainOptions.LearningRate) };
        if (given.GetResult(TrainOptions.Schedule) is { Implicit: false })
            train = train with { Schedule = train.Schedule with { Kind = given.GetValue(TrainOptions.Schedule) } };
        if (given.GetResult(TrainOptions.Cooldown) is { Implicit: false })
            train = train with { Schedule = train.Schedule with { CooldownSteps = given.GetValue(TrainOptions.Cooldown) } };
        train = train with { Schedule = TrainOptions.ScheduleOver(train.Schedule, given) };
        return train.TotalSteps >= start.Step ? train.Check()
            : throw new ArgumentException($"--steps {train.TotalSteps}: {start.Path} is after step {start.Step} already; begin a new run in another "
            + "--out, or from an older checkpoint");
    }

    static void PrintStart(Checkpoint start, TrainConfig train)
    {
        Console.WriteLine($"resumed  after step {start.Step}, from {start.Path}");
        if (train.TotalSteps != start.Train.TotalSteps)
            Console.WriteLine($"steps    {train.TotalSteps} instead of {start.Train.TotalSteps}; "
                + $"the {train.Schedule.Kind.ToString().ToLowerInvariant()} schedule ends there from now on");
        else if (start.Step == train.TotalSteps)
            Console.WriteLine($"finished already; --steps N, more than {train.TotalSteps}, goes on");
        if (RateNote.Of(start.Train, train, start.Step) is { } rate) Console.WriteLine(rate);
    }

    static void PrintNext(RunFolder folder, RunEnd end, string data, bool hasText)
    {
        var checkpoint = Path.GetRelativePath(folder.Path, RunFolder.Checkpoints(folder.Path)[0].Path);
        Console.WriteLine($"wrote {folder.At(RunFolder.ModelName)}, {checkpoint}, {TrainSession.Metrics}, {TrainSession.Plot} and events for "
            + "TensorBoard");
        if (end is RunEnd.Stopped or RunEnd.OutOfTime)
            Console.WriteLine($"{(end == RunEnd.Stopped ? "Stopped" : "Out of time")}. To go on:\n  silc train --resume {Shell.Quoted(folder.Path)}");
        // Of a model that has seen no captions, features are all that there is to measure.
        if (!hasText)
            Console.WriteLine("To measure it, by nearest neighbours and a linear probe on its features:\n  "
                + $"silc eval probe --model {Shell.Quoted(folder.Path)} --data "
                + (DemoSet.LevelOf(data) is not null || DataOption.EmojiFolder(data) is not null ? Shell.Quoted(data)
                    : "classes:TRAIN --test classes:TEST"));
        else if (DemoSet.LevelOf(data) is not null || DataOption.EmojiFolder(data) is not null || DataOption.IsTable(data))
            Console.WriteLine($"To measure it:\n  silc eval zero-shot --model {Shell.Quoted(folder.Path)} --data {Shell.Quoted(data)}");
        Console.WriteLine($"To look at it:\n  silc report {Shell.Quoted(folder.Path)}");
    }
}
