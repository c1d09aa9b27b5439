using System.Runtime.InteropServices;

namespace Silc.Samples.Training;

/// <summary>While alive, the first Ctrl-C (or TERM) asks for an orderly end; the second ends the process at once.</summary>
sealed class Interrupt : IDisposable
{
    readonly CancellationTokenSource source = new();
    readonly PosixSignalRegistration[] registrations;

    public Interrupt() => registrations =
        [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];

    public CancellationToken Token => source.Token;

    void Handle(PosixSignalContext signal)
    {
        if (source.IsCancellationRequested) return;
        signal.Cancel = true;
        source.Cancel();
        Console.Error.WriteLine("\nstopping after this step; once more kills");
    }

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        source.Dispose();
    }
}
