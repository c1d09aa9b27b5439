using System.Text;

namespace Silc.Samples.Terminals;

/// <summary>
/// A terminal that may be closed while the program writes: what nobody can read any more is dropped. An exception from the thread that
/// draws a progress bar would end the process, and a run with it, before its last checkpoint is written. A file that cannot be written, behind a
/// redirection, is an error that says which output it is.
/// </summary>
/// <param name="terminal">Where to, as long as it is there.</param>
/// <param name="redirected">What the error calls an output that is no terminal; null for a terminal.</param>
sealed class SteadyWriter(TextWriter terminal, string? redirected = null) : TextWriter
{
    volatile bool gone;

    public override Encoding Encoding => terminal.Encoding;

    /// <summary>Puts one before each of the console's outputs.</summary>
    public static void Install()
    {
        Console.SetOut(new SteadyWriter(Console.Out, Console.IsOutputRedirected ? "standard output" : null));
        Console.SetError(new SteadyWriter(Console.Error, Console.IsErrorRedirected ? "the error stream" : null));
    }

    public override void Write(char value) => Try(() => terminal.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => terminal.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => terminal.Write(value));

    public override void Flush() => Try(terminal.Flush);

    void Try(Action action)
    {
        if (gone) return;
        try
        {
            action();
        }
        // Of one that is closed .NET says that access is denied.
        catch (Exception error) when (redirected is not null && error is IOException or UnauthorizedAccessException)
        {
            gone = true;        // the second attempt, at the end of the process, would say it again
            throw new IOException($"cannot write to {redirected}: {(error is IOException ? error.Message : "it is closed")}", error);
        }
        catch (IOException)
        {
            gone = true;
        }
    }
}
