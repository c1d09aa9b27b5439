using System.Diagnostics;

namespace Silc;

/// <summary>
/// Ends a rank that waits too long for others, which no MPI library and no NCCL does: when a rank hangs, or the link to its machine is cut, the
/// others would wait for ever. It also knows how long a rank has waited in all. Threads: one rank enters and leaves, any reads.
/// </summary>
sealed class Watchdog : IDisposable
{
    /// <summary>What a process ends with that lost a rank or timed out: the same line with --resume goes on.</summary>
    public const int Lost = 70;

    /// <summary>Unless --collective-timeout says another.</summary>
    public static TimeSpan UsualTimeout { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Before the first step, and after an agreed save, others may be at work for as many timeouts.</summary>
    public const int Patient = 10;

    /// <summary>Multiple of the timeout that holds now, for every operation.</summary>
    public int Patience { get; set; } = Patient;

    static readonly TimeSpan mostBetweenLooks = TimeSpan.FromSeconds(1);

    readonly TimeSpan timeout;
    readonly Action<string> end;
    readonly Func<string?> complaint;
    readonly Timer? timer;
    string operation = "";
    long entered, limit;
    long waited;

    /// <summary>Never ends anything.</summary>
    public static Watchdog None { get; } = new();

    Watchdog() => (end, complaint) = (static _ => { }, static () => null);

    /// <param name="timeout">Longest wait.</param>
    /// <param name="end">Is told why, on another thread, once, and ends the process.</param>
    /// <param name="complaint">What the engine has found wrong meanwhile; null if nothing.</param>
    public Watchdog(TimeSpan timeout, Action<string> end, Func<string?>? complaint = null)
    {
        Require.That(timeout > TimeSpan.Zero, $"the timeout of collectives is {timeout.TotalSeconds} s, it must be positive");
        (this.timeout, this.end, this.complaint) = (timeout, end, complaint ?? (static () => null));
        var between = timeout / 10 < mostBetweenLooks ? timeout / 10 : mostBetweenLooks;
        timer = new(_ => Look(), null, between, between);
    }

    /// <summary>Steps that this rank has begun, for the message.</summary>
    public long Step { get; set; }

    /// <summary>This rank has failed alone: it must end its process, and not wait for the others to leave with it.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Time in collectives since the start.</summary>
    public TimeSpan Waited => TimeSpan.FromTicks(Interlocked.Read(ref waited));

    /// <summary>Time that a device spent beside the host's.</summary>
    public void Add(TimeSpan time) => Interlocked.Add(ref waited, time.Ticks);

    /// <summary>This rank waits for others until the scope ends; one inside of another is part of it.</summary>
    public Scope Enter(string what)
    {
        if (Volatile.Read(ref entered) != 0) return default;
        operation = what;
        Volatile.Write(ref limit, (timeout * Patience).Ticks);
        Volatile.Write(ref entered, Stopwatch.GetTimestamp());
        return new(this);
    }

    void Leave()
    {
        Interlocked.Add(ref waited, Stopwatch.GetElapsedTime(entered).Ticks);
        Volatile.Write(ref entered, 0);
    }

    void Look()
    {
        var since = Volatile.Read(ref entered);
        var (spent, most) = (since == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(since), Volatile.Read(ref limit));
        // A limit that is not of this wait is of the next one, which has only begun.
        var late = spent.Ticks > most && Volatile.Read(ref entered) == since;
        var wrong = complaint();
        if (wrong is null && !late) return;
        timer!.Change(Timeout.Infinite, Timeout.Infinite);
        var why = wrong is not null ? $"{wrong} in the {operation} of step {Step + 1}"
            : $"has waited {spent.TotalSeconds:F0} s in the {operation} of step {Step + 1}: another rank hangs, or cannot be reached";
        end($"{why}. The run ends; the same line with --resume goes on from the newest checkpoint");
    }

    public void Dispose() => timer?.Dispose();

    public readonly struct Scope(Watchdog? dog) : IDisposable
    {
        public void Dispose() => dog?.Leave();
    }
}
