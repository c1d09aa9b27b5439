using System.CommandLine;
using Silc.Samples.Ablation;
using Silc.Samples.Outputs;
using Silc.Samples.Terminals;
using Spectre.Console;

namespace Silc.Samples.Commands;

/// <summary><c>silc ablate</c>: the ablation of SILC: what each of its parts adds.</summary>
static class AblateCommand
{
    const string MarkdownName = "ablation.md";

    static readonly Option<string> Out = new("--out")
    {
        Description = "Folder for the numbers. If it holds some, only runs that are missing are "
        + "done.",
        HelpName = "DIR",
        Required = true
    };
    static readonly Option<int> Seeds = new("--seeds")
    {
        Description = "Runs of every kind, with the seeds --seed, --seed + 1 and so on.",
        HelpName = "N",
        DefaultValueFactory = _ => 3
    };
    static readonly Option<string?> Losses = new("--losses")
    {
        Description = "Image-text losses that the ladder is climbed with; both unless given, with --config or --vary that of the recipe.",
        HelpName = "softmax,sigmoid",
    };
    static readonly Option<string[]> Vary = new("--vary")
    {
        Description = "Instead of the ladder, the recipe as it is and with these options changed, a row each; can be given several times.",
        HelpName = "\"OPTIONS\"",
    };
    static readonly Option<string?> Config = new("--config")
    {
        Description = "A JSON file of silc train for the recipe, as --print-config of it writes; the command line wins.",
        HelpName = "FILE.json",
    };

    public static Command Create()
    {
        var command = new Command("ablate", $"""
            Train the ladder of SILC's ablation and print one table: contrastive only; + additional views; + EMA of the weights; + self-distillation,
            and further losses of the recipe. With --vary, train the recipe and what each change of options makes of it.
            All runs see the same samples in the same order from the same initial weights; views and losses take more time for them.
            {MarkdownName} and ablation.csv, with every number of every run, stay in --out; what was stopped goes on when the command is given again.

            Examples:
              silc ablate --data demo --steps 400 --image-size 48 --tokenizer words --text-length 12 --lr 0.002 --ema 0.98 --out runs/ladder
              silc ablate --data emoji:data/emoji --steps 1500 --tokenizer words:16384 --augment jitter=0.4,flip \
                  --min-crop 0.7 --lr 0.002 --ema 0.99 --seeds 1 --out runs/emoji-ladder
              silc ablate --config recipes/demo.json --vary "--koleo 0" --vary "--mask 0.25" --vary "--min-crop 0.6" --out runs/choices
            """) { TrainOptions.Data, Out, Seeds, Losses, Vary, Config };
        foreach (var option in TrainOptions.Recipe) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var file = parsed.GetValue(Config) is { } path ? RunConfig.Open(path) : null;
        var line = LineOf(parsed, file);
        var (data, seeds) = (line.GetValue(TrainOptions.Data) ?? throw new ArgumentException("Option '--data' is required."),
            parsed.GetValue(Seeds));
        if (seeds < 1) throw new ArgumentException($"--seeds is {seeds}, it must be at least 1");
        var suite = Suite.Open(data);
        var tokenizerName = TrainOptions.TokenizerOf(line);
        var tokenizer = Tokenizers.Open(tokenizerName);
        var (recipe, train) = (RunConfig.Blame(file, line, given => TrainOptions.ModelOf(given, tokenizer)),
            RunConfig.Blame(file, line, TrainOptions.TrainingOf));
        var variations = parsed.GetValue(Vary) is { Length: > 0 } given ? Variation.Of(line, given) : null;
        if (variations is null) CheckLadder(recipe, train);
        var losses = LossesOf(parsed, line);
        IReadOnlyList<AblationRun> Runs(ContrastiveKind loss, int seed) => variations is null
            ? [.. LadderRun.Of(train).Select(run => run.Of(recipe, train, loss, seed))] : Variation.Runs(variations, tokenizer, loss, seed);
        AblationRun[] first = [.. losses.SelectMany(loss => Runs(loss, train.Seed))];
        var table = Output.Table(Path.Combine(parsed.GetRequiredValue(Out), AblationFolder.TableName), AblationFolder.Header);
        OutputGuard.Check(parsed, table, Output.Beside(Path.Combine(parsed.GetRequiredValue(Out), MarkdownName), table));

        using var device = Silc.Device.Open(line.GetValue(TrainOptions.Device)!, line.GetValue(TrainOptions.Precision));
        TrainOptions.SetGraphs(device, line.GetValue(TrainOptions.CudaGraph));
        IImageTextSource Images(int seed) => DataOption.OpenForTraining(data, seed, line);
        RungTrainer.Rehearse(first, device, tokenizer, Images(train.Seed));
        using var folder = new AblationFolder(parsed.GetRequiredValue(Out),
            new(DataOption.Absolute(data), Path.GetFileName(tokenizerName), recipe, train, variations is not null));
        Console.WriteLine($"device   {device}");
        using var interrupt = new Interrupt();
        var trainer = new RungTrainer(device, tokenizer, suite, folder, line.GetValue(TrainOptions.MaxBad));
        var finished = Enumerable.Range(train.Seed, seeds).All(seed =>
        {
            var images = Images(seed);
            return losses.All(loss => Climb(trainer, Runs(loss, seed), images, interrupt));
        });
        if (folder.Rows.Count > 0) Show(folder, suite);
        if (!finished) Console.WriteLine("Stopped; the same command goes on with the run that was begun.");
        return finished ? 0 : interrupt.ExitCode;
    }

    // The recipe as a line of silc train, whose options are those of --config too.
    static ParseResult LineOf(ParseResult parsed, RunConfig? file)
    {
        var typed = TrainLine.Parse(TrainLine.Bare(), TrainLine.Given(parsed));
        var line = file?.Under(typed) ?? typed;
        foreach (var option in others)
            if (Said(line, option) is { } value && value != Said(TrainLine.Bare().Parse([]), option))
                throw new ArgumentException($"{option.Name}{(file?.Values.ContainsKey(option.Name) == true ? $" of --config {file.Path}" : "")} is "
                    + "not for silc ablate, whose runs begin with new weights, train all of them, and are measured at their end: leave it out; "
                    + "silc train --print-config writes what a recipe stands for");
        return line;
    }

    // Of silc train, and what they would change here stays as it is.
    static readonly Option[] others = [TrainOptions.Recipes, TrainOptions.Init, TrainOptions.TopBlocks, TrainOptions.Freeze,
        TrainOptions.RateMultipliers, TrainOptions.ValData, TrainOptions.KeepBest, TrainOptions.Patience, TrainOptions.Minutes,
        TrainOptions.OnCollapse, LossOptions.Boxes];

    static string? Said(ParseResult line, Option option) => RunConfig.Node(option, line)?.ToJsonString();

    static void CheckLadder(SilcConfig recipe, TrainConfig train)
    {
        if (train.DistillationWeight == 0) throw new ArgumentException("--distillation 0 leaves the ladder without its top rung");
        if (recipe.Views.Local == 0 && !train.GlobalToGlobal) throw new ArgumentException("--local-views 0 leaves self-distillation nothing to look "
            + "at: give some, or --global-to-global");
        if (recipe.Views.Captioned < 2) throw new ArgumentException("these views show the image-text loss one image: additional views need two, as "
            + "those of --views silc and dino, or --global-views 2");
    }

    static bool Climb(RungTrainer trainer, IEnumerable<AblationRun> runs, IImageTextSource images, Interrupt interrupt)
    {
        try
        {
            return trainer.Climb(runs, images, interrupt.Token);
        }
        // Interrupted while a finished run is measured: it is measured again the next time.
        catch (OperationCanceledException) when (interrupt.ExitCode != 0)
        {
            return false;
        }
    }

    static void Show(AblationFolder folder, Suite suite)
    {
        Terminal.Write(AblationTable.Of(folder.Rows, suite.Columns));
        var markdown = folder.At(MarkdownName);
        AtomicFile.WriteText(markdown, AblationTable.Markdown(folder.Rows, suite.Columns));
        Console.WriteLine($"mean ± standard deviation over seeds, in percent; wrote {markdown} and {folder.TablePath}");
    }

    internal static List<ContrastiveKind> LossesOf(ParseResult parsed, ParseResult line)
    {
        if (parsed.GetValue(Losses) is not { } given)
            return parsed.GetValue(Config) is null && parsed.GetValue(Vary) is not { Length: > 0 }
                ? [ContrastiveKind.Softmax, ContrastiveKind.Sigmoid] : [line.GetValue(TrainOptions.Contrastive)];
        List<ContrastiveKind> losses = [.. given.Split(',', StringSplitOptions.TrimEntries).Select(name =>
            Enum.TryParse<ContrastiveKind>(name, ignoreCase: true, out var loss) && Enum.IsDefined(loss) ? loss
                : throw new ArgumentException($"--losses {given}: there is no image-text loss '{name}'; say softmax, sigmoid, or both with a comma "
                + "between"))];
        return [.. losses.Distinct()];
    }
}
