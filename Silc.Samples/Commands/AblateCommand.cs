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
    static readonly Option<string> Losses = new("--losses")
    {
        Description = "Image-text losses that the ladder is climbed with.",
        HelpName = "softmax,sigmoid",
        DefaultValueFactory = _ => "softmax,sigmoid",
    };

    public static Command Create()
    {
        var command = new Command("ablate", $"""
            Train the ladder of SILC's ablation and print one table: contrastive only; + additional views; + EMA of the weights; + self-distillation.
            All rungs see the same samples in the same order from the same initial weights; the upper ones take more time for them.
            {MarkdownName} and ablation.csv, with every number of every run, stay in --out; what was stopped goes on when the command is given again.

            Examples:
              silc ablate --data demo --steps 400 --image-size 48 --tokenizer words --text-length 12 --lr 0.002 --ema 0.98 --out runs/ladder
              silc ablate --data emoji:data/emoji --steps 1500 --tokenizer words:16384 --augment jitter=0.4,flip \
                  --min-crop 0.7 --lr 0.002 --ema 0.99 --seeds 1 --out runs/emoji-ladder
            """) { TrainOptions.Data, Out, Seeds, Losses };
        foreach (var option in TrainOptions.Recipe) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(TrainOptions.Data) is null) result.AddError("Option '--data' is required.");
        });
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (data, losses, seeds) = (parsed.GetRequiredValue(TrainOptions.Data), LossesOf(parsed.GetValue(Losses)!), parsed.GetValue(Seeds));
        if (seeds < 1) throw new ArgumentException($"--seeds is {seeds}, it must be at least 1");
        var suite = Suite.Open(data);
        var tokenizerName = TrainOptions.TokenizerOf(parsed);
        var tokenizer = Tokenizers.Open(tokenizerName);
        var (recipe, train) = (TrainOptions.ModelOf(parsed, tokenizer), TrainOptions.TrainingOf(parsed));
        if (train.DistillationWeight == 0) throw new ArgumentException("--distillation 0 leaves the ladder without its top rung");
        if (recipe.Views.Local == 0 && !train.GlobalToGlobal) throw new ArgumentException("--local-views 0 leaves self-distillation nothing to look "
            + "at: give some, or --global-to-global");
        if (recipe.Views.Captioned < 2) throw new ArgumentException("these views show the image-text loss one image: additional views need two, as "
            + "those of --views silc and dino");
        var table = Output.Table(Path.Combine(parsed.GetRequiredValue(Out), AblationFolder.TableName), AblationFolder.Header);
        OutputGuard.Check(parsed, table, Output.Beside(Path.Combine(parsed.GetRequiredValue(Out), MarkdownName), table));
        using var folder = new AblationFolder(parsed.GetRequiredValue(Out),
            new(DataOption.Absolute(data), Path.GetFileName(tokenizerName), recipe, train));

        using var device = Silc.Device.Open(parsed.GetValue(TrainOptions.Device)!, parsed.GetValue(TrainOptions.Precision));
        Console.WriteLine($"device   {device}");
        using var interrupt = new Interrupt();
        var ladder = new Ladder(device, recipe, train, tokenizer, suite, folder);
        var finished = Enumerable.Range(train.Seed, seeds).All(seed =>
        {
            var images = DataOption.OpenForTraining(data, seed, parsed);
            return losses.All(loss => Climb(ladder, loss, seed, images, interrupt));
        });
        if (folder.Rows.Count > 0) Show(folder, suite);
        if (!finished) Console.WriteLine("Stopped; the same command goes on with the run that was begun.");
        return finished ? 0 : interrupt.ExitCode;
    }

    static bool Climb(Ladder ladder, ContrastiveKind loss, int seed, IImageTextSource images, Interrupt interrupt)
    {
        try
        {
            return ladder.Climb(loss, seed, images, interrupt.Token);
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

    static List<ContrastiveKind> LossesOf(string given)
    {
        List<ContrastiveKind> losses = [.. given.Split(',', StringSplitOptions.TrimEntries).Select(name =>
            Enum.TryParse<ContrastiveKind>(name, ignoreCase: true, out var loss) && Enum.IsDefined(loss) ? loss
                : throw new ArgumentException($"--losses {given}: there is no image-text loss '{name}'; say softmax, sigmoid, or both with a comma "
                + "between"))];
        return [.. losses.Distinct()];
    }
}
