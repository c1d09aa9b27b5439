using System.Runtime.InteropServices;

namespace Silc.Samples.Terminals;

/// <summary>
/// While alive, Ctrl-C, TERM and HUP (a terminal or connection that was closed) ask for an orderly end; a second one ends the process at once.
/// Where several are alive the newest is asked. A handler is what reaches process 1 of a container: the kernel gives it no signal without one.
/// </summary>
sealed class Interrupt : IDisposable
{
    // Beside those that .NET names; mpirun, which ends ranks within two seconds of Ctrl-C, passes this one on and waits.
    static readonly PosixSignal userSignal = (PosixSignal)(OperatingSystem.IsMacOS() ? 30 : 10);

    const int Shells = 128;     // what they add to a signal's number for the exit code

    static readonly Lock gate = new();
    static Interrupt? newest;
    static PosixSignalContext? taken;

    readonly CancellationTokenSource source = new();
    readonly ManualResetEventSlim over = new();
    readonly PosixSignalRegistration[] registrations;
    readonly Interrupt? outer;
    readonly string word;
    readonly TimeSpan patience;

    /// <summary>Begins to listen.</summary>
    /// <param name="word">Is said when the first signal comes.</param>
    /// <param name="patience">Time after which the process ends although the work has not; null waits for as long as it takes.</param>
    /// <param name="userSignal">Also take USR1 for Ctrl-C.</param>
    public Interrupt(string word = "stopping after this step; once more kills", TimeSpan? patience = null, bool userSignal = false)
    {
        (this.word, this.patience) = (word, patience ?? Timeout.InfiniteTimeSpan);
        lock (gate) (outer, newest) = (newest, this);
        if (Environment.ProcessId == 1) HearAsProcessOne();
        registrations =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Handle)),
            .. userSignal && !OperatingSystem.IsWindows() ? new[] { PosixSignalRegistration.Create(Interrupt.userSignal, Handle) } : [],
        ];
    }

    /// <summary>Is cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>
    /// What shells call the end by the signal that came, 130 after Ctrl-C, so that "silc train &amp;&amp; silc eval" stops there; 0 before.
    /// </summary>
    public int ExitCode { get; private set; }

    /// <summary>Is called, on another thread, when patience is over: keeps what can be kept.</summary>
    public Action? Abandoning { get; set; }

    /// <summary>The interrupt that is asked now; null where there is none, as in a library's tests.</summary>
    public static Interrupt? Current
    {
        get { lock (gate) return newest; }
    }

    internal void Handle(PosixSignalContext signal)
    {
        lock (gate)
        {
            // .NET calls the handlers of a signal one after the other, with one context. What an inner one took until its work was over is not
            // asked of the outer one, whose patience would cut off what is still to be written. (Cancel says nothing: hosts of ASP.NET set it, too.)
            if (newest != this || ReferenceEquals(taken, signal)) return;
            taken = signal;
        }
        // The default action would not end process 1, and would leave the cursor hidden.
        signal.Cancel = true;
        // A terminal that is closed says so twice, by itself and through the shell: that is no second Ctrl-C.
        if (signal.Signal == PosixSignal.SIGHUP && source.IsCancellationRequested) return;
        Ask(signal.Signal switch { PosixSignal.SIGTERM => 15, PosixSignal.SIGHUP => 1, _ => 2 });
    }

    // A shell lets what it starts in the background ignore Ctrl-C, and .NET leaves that as it is. Process 1 of a container has no foreground
    // that the key could be meant for: whoever sends it a signal means it.
    static void HearAsProcessOne()
    {
        const int Interrupt = 2, Default = 0;
        if (OperatingSystem.IsLinux()) Signal(Interrupt, Default);
    }

    [DllImport("libc", EntryPoint = "signal")]
    static extern nint Signal(int number, nint handler);

    internal void Ask(int number)
    {
        if (source.IsCancellationRequested) End(Shells + number);
        // Work that ends by an exception may leave this one behind: whoever catches that asks an outer one.
        for (var one = this; one is not null; one = one.outer) one.ExitCode = Shells + number;
        if (word != "") Say(word);
        source.Cancel();
        if (over.Wait(patience)) return;
        try
        {
            Abandoning?.Invoke();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Say(error.Message);
        }
        Say("stopped");
        End(Shells + number);
    }

    // After HUP there is no terminal that shows it.
    static void Say(string line)
    {
        try
        {
            Console.Error.WriteLine($"\n{line}");
        }
        catch (IOException)
        {
        }
    }

    static void End(int code)
    {
        Terminals.Terminal.ShowCursor();
        Environment.Exit(code);
    }

    /// <summary>Ends listening: signals go to the interrupt that was the newest before.</summary>
    public void Dispose()
    {
        lock (gate)
            if (newest == this) newest = outer;
        over.Set();
        foreach (var registration in registrations) registration.Dispose();
    }
}
