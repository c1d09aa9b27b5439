namespace Silc.Tests;

/// <summary>Runs the program <c>silc</c> in this process and keeps what it prints; one at a time, for the console is one.</summary>
static class CommandLineRun
{
    static readonly Lock console = new();

    public static (int Code, string Output, string Error) Of(params string[] args)
    {
        using var alone = console.EnterScope();
        var (output, error) = (new StringWriter(), new StringWriter());
        var (before, errorBefore, styled) = (Console.Out, Console.Error, Spectre.Console.AnsiConsole.Console);
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
            Spectre.Console.AnsiConsole.Console = styled;
        }
    }

    /// <summary>What a line prints that must end well.</summary>
    public static string Good(params string[] line)
    {
        var (code, output, error) = Of(line);
        Assert.AreEqual(0, code, $"{string.Join(' ', line)}: {error}");
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
