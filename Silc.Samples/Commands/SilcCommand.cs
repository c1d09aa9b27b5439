using System.CommandLine;
using Silc.Samples.Terminals;
using Silc.Samples.Training;
using Spectre.Console;

namespace Silc.Samples.Commands;

/// <summary>The program <c>silc</c>: one file a subcommand in Commands; without a subcommand it runs the demo.</summary>
public static class SilcCommand
{
    public const int Failed = 1, Misused = 2;

    const int Unbroken = 10_000;

    // Of the second in which a command has to end; train, which writes a checkpoint first, takes what it needs.
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
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or InvalidDataException or IOException
            or NotSupportedException or UnauthorizedAccessException or TrainingDivergedException)
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
        root.Add(TrainCommand.Create());
        root.Add(RecipesCommand.Create());
        root.Add(ReportCommand.Create());
        root.Add(new Command("eval", "Measure a trained model.")
        {
            EvalZeroShotCommand.Create(), EvalRetrievalCommand.Create(), EvalProbeCommand.Create(), EvalSegmentationCommand.Create(),
        });
        root.Add(AblateCommand.Create());
        root.Add(EmbedCommand.Create());
        root.Add(SearchCommand.Create());
#if !BUNDLE
        root.Add(ServeCommand.Create());
#endif
        root.Add(ConvertCommand.Create());
        root.Add(new Command("export", "Write a model for other runtimes.") { ExportOnnxCommand.Create() });
        root.Add(BenchCommand.Create());
        root.Add(new Command("data", "Prepare and look at data sets.") { DataEmojiCommand.Create(), DataInspectCommand.Create() });
        StrictValues.Apply(root);
        return root;
    }
}
