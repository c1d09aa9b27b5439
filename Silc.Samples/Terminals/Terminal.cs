using System.Text;
using Microsoft.Win32.SafeHandles;
using Spectre.Console;

namespace Silc.Samples.Terminals;

/// <summary>What output can be shown how: colours and bars on a terminal, plain text in a pipe or a file.</summary>
static class Terminal
{
    /// <summary>A terminal that understands escape sequences: Emacs and others say with TERM=dumb that theirs does not.</summary>
    public static bool IsSmart => Environment.GetEnvironmentVariable("TERM") is not ("dumb" or "" or null) || OperatingSystem.IsWindows();

    /// <summary>Colours are not wanted where NO_COLOR says anything: no-color.org.</summary>
    public static bool HasColours => IsSmart && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";

    /// <summary>The error stream as a terminal: progress goes there, for results may go on into a pipe.</summary>
    public static IAnsiConsole Errors => AnsiConsole.Create(new()
    {
        Out = new AnsiConsoleOutput(Console.Error),
        Ansi = HasBars ? AnsiSupport.Detect : AnsiSupport.No,
        ColorSystem = HasColours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = HasBars ? InteractionSupport.Detect : InteractionSupport.No,
    });

    /// <summary>A bar can move on the error stream.</summary>
    public static bool HasBars => IsSmart && !Console.IsErrorRedirected;

    /// <summary>
    /// A table: lines around its cells for people; in a pipe or a file two spaces or more between columns, which programs split at.
    /// </summary>
    public static void Write(Table table)
    {
        table.Border = Console.IsOutputRedirected ? TableBorder.None : TableBorder.Rounded;
        if (Console.IsOutputRedirected)
            foreach (var column in table.Columns) column.Padding = new(0, 0, 2, 0);
        AnsiConsole.Write(table);
    }

    /// <summary>Stands before each complaint: which of several processes it comes from.</summary>
    public static string Place { get; set; } = "";

    /// <summary>A line for the user who has to know: red on a terminal, whatever it holds in one line, as logs want it.</summary>
    public static void Complain(string message)
    {
        try
        {
            WriteError($"{Place}error: {message.ReplaceLineEndings(" ")}");
        }
        // An error stream that is closed or full: the exit code says it.
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>Where complaints go in place of the error stream; null for that.</summary>
    public static TextWriter? Complaints { get; set; }

    static void WriteError(string line)
    {
        if (Complaints is { } own)
        {
            own.WriteLine(line);
            return;
        }
        if (Console.IsErrorRedirected) Console.Error.WriteLine(line);
        else if (HasColours) Console.Error.WriteLine($"\e[31m{line}\e[0m");
        else if (OperatingSystem.IsWindows()) Console.Error.WriteLine(line);
        else
        {
            // Console's own streams set the keypad's mode first, by a sequence.
            using var plain = new FileStream(new SafeFileHandle(2, ownsHandle: false), FileAccess.Write);
            plain.Write(Encoding.UTF8.GetBytes(line + Environment.NewLine));
        }
    }

    /// <summary>Undoes what a bar has hidden, when the program ends while one is shown.</summary>
    public static void ShowCursor()
    {
        if (!IsSmart) return;
        if (!Console.IsErrorRedirected) Console.Error.Write("\e[?25h");
        if (!Console.IsOutputRedirected) Console.Out.Write("\e[?25h");
    }
}
