using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Silc.Samples.Terminals;
using Spectre.Console;

namespace Silc.Samples.Commands;

/// <summary>The program <c>silc</c>: one file a subcommand in Commands; without a subcommand it runs the demo.</summary>
public static class SilcCommand
{
    public const int Failed = 1, Misused = 2;

    const int Unbroken = 10_000;

    // Time that a command has to end in order after a signal, so that it is gone
    // within a second; train, which writes a checkpoint first, has no limit.
    static readonly TimeSpan patience = TimeSpan.FromSeconds(0.6);

    /// <summary>Runs a command line and returns the exit code: 1 when something failed, 2 when the command itself is wrong.</summary>
    public static int Run(IReadOnlyList<string> args)
    {
        SteadyWriter.Install();
        // Redirected output has no width: what reads a table by lines must find each row on one.
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = Unbroken;
        // A query may begin with @.
        var parsed = Root().Parse(args, new() { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            Terminal.Complain(Misuse.Message(parsed));
            return Misused;
        }
        using var interrupt = new Interrupt(word: "", patience);
        try
        {
            return parsed.Invoke(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (SaidElsewhereException)
        {
            return Failed;
        }
        catch (Exception e) when (SilcErrors.IsExpected(e))
        {
            Terminal.Complain(e.Message);
            return Failed;
        }
        catch (OperationCanceledException) when (interrupt.ExitCode != 0)
        {
            Console.Error.WriteLine("stopped");
            return interrupt.ExitCode;
        }
    }

    internal static RootCommand Root()
    {
        var root = DemoCommand.Create();
        root.Add(DevicesCommand.Create());
        root.Add(DoctorCommand.Create());
        root.Add(TrainCommand.Create());
        root.Add(RanksCommand.Create());
        root.Add(RecipesCommand.Create());
        root.Add(ReportCommand.Create());
        root.Add(new Command("eval", "Measure a trained model.")
        {
            EvalZeroShotCommand.Create(), EvalRetrievalCommand.Create(), EvalProbeCommand.Create(), EvalSegmentationCommand.Create(),
            EvalResultsCommand.Create(),
        });
        root.Add(new Command("probe", "Learn small classifiers on a model's frozen features.") { ProbePatchesCommand.Create() });
        root.Add(new Command("head", "Train and measure heads on a model's frozen features.")
        {
            new Command("train", "Train a head.")
            {
                HeadTrainSegmentCommand.Create(), HeadTrainDetectCommand.Create(), HeadTrainDecoderCommand.Caption(),
                HeadTrainDecoderCommand.Answer(),
            },
            HeadCompareCommand.Create(),
            new Command("eval", "Measure a head.")
            {
                HeadEvalSegmentCommand.Create(), HeadEvalDetectCommand.Create(), HeadEvalDecoderCommand.Caption(), HeadEvalDecoderCommand.Answer(),
            },
        });
        root.Add(SegmentCommand.Create());
        root.Add(DetectCommand.Create());
        root.Add(WriteCommand.Caption());
        root.Add(WriteCommand.Answer());
        root.Add(AblateCommand.Create());
        root.Add(EmbedCommand.Create());
        root.Add(SearchCommand.Create());
#if !BUNDLE
        root.Add(ServeCommand.Create());
#endif
        root.Add(ConvertCommand.Create());
        root.Add(CardCommand.Create());
        root.Add(new Command("export", "Write a model for other runtimes.") { ExportOnnxCommand.Create() });
        root.Add(BenchCommand.Create());
        root.Add(new Command("data", "Prepare and look at data sets.")
        {
            DataEmojiCommand.Create(), DataInspectCommand.Create(), DataLabelsCommand.Create(),
        });
        StrictValues.Apply(root);
        if (root.Options.OfType<HelpOption>().FirstOrDefault() is { Action: HelpAction usual } help) help.Action = new BriefHelp(usual);
        return root;
    }

    /// <summary>Help in which each command below takes one line, the first sentence of its description; its own help has all of it.</summary>
    sealed class BriefHelp(HelpAction usual) : SynchronousCommandLineAction
    {
        const int Brief = 84;

        // Help is shown whatever else is wrong with the line.
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parsed)
        {
            var below = parsed.CommandResult.Command.Subcommands.ToDictionary(command => command, command => command.Description);
            foreach (var (command, description) in below) command.Description = FirstSentence(description ?? "");
            try
            {
                return usual.Invoke(parsed);
            }
            finally
            {
                foreach (var (command, description) in below) command.Description = description;
            }
        }

        // Without what follows a colon or semicolon, where that would be too long for a line.
        static string FirstSentence(string text)
        {
            var line = string.Join(' ', text.Split('\n').TakeWhile(part => part.Trim() != "").Select(part => part.Trim()));
            if (line.IndexOf(". ", StringComparison.Ordinal) is > 0 and var end) line = line[..(end + 1)];
            if (line.Length > Brief && line.IndexOfAny([':', ';']) is > 0 and var clause) line = $"{line[..clause]}.";
            return line.Length <= Brief ? line : $"{line[..line.LastIndexOf(' ', Brief)].TrimEnd(',')} …";
        }
    }
}
