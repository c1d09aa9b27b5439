using System.Text;

namespace Silc.Samples;

/// <summary>
/// A terminal that may be closed while the program writes: what nobody can read any more is dropped. An exception from the thread that
/// draws a progress bar would end the process, and a run with it, before its last checkpoint is written.
/// </summary>
/// <param name="terminal">Where to, as long as it is there.</param>
sealed class SteadyWriter(TextWriter terminal) : TextWriter
{
    volatile bool gone;

    public override Encoding Encoding => terminal.Encoding;

    /// <summary>Puts one before each of the console's outputs that is a terminal; a full disk behind a redirection is an error as ever.</summary>
    public static void Install()
    {
        if (!Console.IsOutputRedirected) Console.SetOut(new SteadyWriter(Console.Out));
        if (!Console.IsErrorRedirected) Console.SetError(new SteadyWriter(Console.Error));
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
        catch (IOException)
        {
            gone = true;
        }
    }
}
