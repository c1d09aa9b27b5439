using System.Diagnostics;

namespace Silc;

/// <summary>The stage of loading that a thread is in.</summary>
enum LoadStage
{
    Idle,
    Read,
    Decode,
    Augment,
    Tokenize,
}

/// <summary>
/// Adds up <see cref="LoadTimes"/>. A worker makes its loader's clock current for its thread, so that code that reads files finds it
/// without a parameter, also when a user's own source calls it. A stage inside another pauses the outer one: no time counts twice.
/// </summary>
sealed class LoadClock
{
    [ThreadStatic] static LoadClock? current;
    [ThreadStatic] static LoadStage stage;
    [ThreadStatic] static long since;

    readonly long[] ticks = new long[5];

    public LoadTimes Times => new(Span(LoadStage.Read), Span(LoadStage.Decode), Span(LoadStage.Augment), Span(LoadStage.Tokenize));

    /// <summary>Makes this the calling thread's clock: its stages are added here.</summary>
    public void MakeCurrent() => (current, stage, since) = (this, LoadStage.Idle, Stopwatch.GetTimestamp());

    /// <summary>This thread is in that stage until the result is disposed; on threads without a clock nothing happens.</summary>
    public static Scope In(LoadStage next) => new(Enter(next));

    static LoadStage Enter(LoadStage next)
    {
        var before = stage;
        if (current is { } clock)
        {
            var now = Stopwatch.GetTimestamp();
            Interlocked.Add(ref clock.ticks[(int)stage], now - since);
            (stage, since) = (next, now);
        }
        return before;
    }

    TimeSpan Span(LoadStage of) => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref ticks[(int)of]));

    public readonly ref struct Scope(LoadStage before)
    {
        public void Dispose() => Enter(before);
    }
}
