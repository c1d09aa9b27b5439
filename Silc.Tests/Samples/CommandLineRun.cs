namespace Silc.Tests;

/// <summary>Runs the program <c>silc</c> in this process and keeps what it prints; not for tests in parallel.</summary>
static class CommandLineRun
{
    public static (int Code, string Output, string Error) Of(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var (before, errorBefore, console) = (Console.Out, Console.Error, Spectre.Console.AnsiConsole.Console);
        Console.SetOut(output);
        Console.SetError(error);
        Spectre.Console.AnsiConsole.Console = Spectre.Console.AnsiConsole.Create(new() { Out = new Spectre.Console.AnsiConsoleOutput(output) });
        try
        {
            return (SilcCommand.Run(args), output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(before);
            Console.SetError(errorBefore);
            Spectre.Console.AnsiConsole.Console = console;
        }
    }

    /// <summary>What a line prints that must end well.</summary>
    public static string Good(params string[] line)
    {
        var (code, output, error) = Of(line);
        Assert.AreEqual(0, code, error);
        return output;
    }

    /// <summary>Runs a line that must fail by a message with these words.</summary>
    public static void Bad(string says, params string[] line)
    {
        var (code, _, error) = Of(line);
        Assert.AreEqual(SilcCommand.Failed, code, error);
        StringAssert.Contains(error, says);
    }
}
