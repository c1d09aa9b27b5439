using System.Diagnostics;
using System.Globalization;

namespace Silc;

/// <summary>
/// A fault that tests ask for by <c>SILC_FAULT=rank:step:kind</c>: that rank is killed, throws, ends without a word, aborts, hangs, has no data,
/// or leaves out its next all-reduce, before that step, counted from 1. Threads: any number.
/// </summary>
static class Fault
{
    /// <summary>The variable.</summary>
    public const string Variable = "SILC_FAULT";

    const int OwnCode = 7;

    static bool skips;

    static readonly (int Rank, long Step, string Kind)? wanted = Parse(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Does what is asked for this rank before a step.</summary>
    public static void At(ICollective collective, long step)
    {
        if (!IsDue(collective, step)) return;
        switch (wanted!.Value.Kind)
        {
            case "kill":
                Process.GetCurrentProcess().Kill();
                break;
            case "throw":
                throw new UncaughtException($"{Variable} asked for an exception");
            case "exit":
                NativeEnvironment.Exit(0);
                break;
            case "abort":
                collective.Abort(OwnCode);
                break;
            case "skip":
                skips = true;
                break;
            case "hang":
                Thread.Sleep(Timeout.Infinite);
                break;
        }
    }

    /// <summary>Throws if this rank is asked to have no data for a step.</summary>
    public static void Data(ICollective collective, long step)
    {
        if (IsDue(collective, step) && wanted!.Value.Kind == "data") throw new InvalidDataException($"{Variable} asked for data that cannot be read");
    }

    /// <summary>True once, if this rank is asked to leave out an exchange.</summary>
    public static bool Skips => skips && !(skips = false);

    // Of a kind that nobody catches, as a mistake in the program would be.
    sealed class UncaughtException(string message) : Exception(message);

    static bool IsDue(ICollective collective, long step) => wanted is var (rank, at, _) && rank == collective.Rank && at == step;

    static (int Rank, long Step, string Kind)? Parse(string? text) => text?.Split(':') is not [var rank, var step, var kind] ? null
        : (int.Parse(rank, CultureInfo.InvariantCulture), long.Parse(step, CultureInfo.InvariantCulture), kind);
}
