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
}
