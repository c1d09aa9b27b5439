using System.CommandLine;
using Silc.Samples.Commands;
using Spectre.Console;

namespace Silc.Samples;

/// <summary>The program <c>silc</c>: one file a subcommand in Commands; without a subcommand it runs the demo.</summary>
public static class CommandLine
{
    public const int Failed = 1, Misused = 2;

    /// <summary>Runs a command line and returns the exit code: 1 when something failed, 2 when the command itself is wrong.</summary>
    public static int Run(IReadOnlyList<string> args)
    {
        // Redirected output has no width: 80 columns would break every table.
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = 130;
        var parsed = Root().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            var path = string.Join(' ', Ancestors(parsed.CommandResult.Command).Reverse());
            Complain($"{parsed.Errors[0].Message} See {path} --help.");
            return Misused;
        }
        try
        {
            return parsed.Invoke(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or InvalidDataException or IOException
            or NotSupportedException or UnauthorizedAccessException or TrainingDivergedException)
        {
            Complain(e.Message);
            return Failed;
        }
    }

    internal static RootCommand Root()
    {
        var root = DemoCommand.Create();
        root.Add(DevicesCommand.Create());
        root.Add(TrainCommand.Create());
        root.Add(ReportCommand.Create());
        root.Add(new Command("eval", "Measure a trained model.")
        {
            EvalZeroShotCommand.Create(), EvalRetrievalCommand.Create(), EvalProbeCommand.Create(), EvalSegmentationCommand.Create(),
        });
        root.Add(AblateCommand.Create());
        root.Add(EmbedCommand.Create());
        root.Add(SearchCommand.Create());
        root.Add(ConvertCommand.Create());
        root.Add(new Command("export", "Write a model for other runtimes.") { ExportOnnxCommand.Create() });
        root.Add(BenchCommand.Create());
        root.Add(new Command("data", "Prepare and look at data sets.") { DataEmojiCommand.Create(), DataInspectCommand.Create() });
        return root;
    }

    static IEnumerable<string> Ancestors(Command command)
    {
        for (Command? c = command; c is not null; c = c.Parents.OfType<Command>().FirstOrDefault()) yield return c is RootCommand ? "silc" : c.Name;
    }

    // One line, whatever the message holds: terminals and logs show where it ends.
    static void Complain(string message)
    {
        var line = $"error: {message.ReplaceLineEndings(" ")}";
        if (Console.IsErrorRedirected) Console.Error.WriteLine(line);
        else Console.Error.WriteLine($"\e[31m{line}\e[0m");
    }
}
