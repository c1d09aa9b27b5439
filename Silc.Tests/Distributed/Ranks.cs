using System.Runtime.ExceptionServices;

namespace Silc.Tests;

/// <summary>Ranks as threads of the test's process, each with a device of its own.</summary>
static class Ranks
{
    /// <summary>What each of so many ranks returns.</summary>
    public static T[] Run<T>(int size, Func<ICollective, T> rank)
    {
        var collectives = ICollective.Threads(size);
        var results = new T[size];
        var errors = new Exception?[size];
        Thread[] threads = [.. collectives.Select(collective => new Thread(() =>
        {
            try
            {
                results[collective.Rank] = rank(collective);
            }
            catch (Exception error)
            {
                errors[collective.Rank] = error;
            }
            finally
            {
                // Ends the wait of others for a rank that failed.
                collective.Dispose();
            }
        }))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        var first = errors.FirstOrDefault(error => error is not null and not CollectiveException)
            ?? errors.FirstOrDefault(error => error is not null);
        if (first is not null) ExceptionDispatchInfo.Throw(first);
        return results;
    }

    /// <summary>A device of the kind of a tested one, that no other rank uses.</summary>
    public static Device Another(string name) => name switch
    {
        TestDevices.OneThread => Device.Cpu(1),
        TestDevices.FourThreads => Device.Cpu(4),
        _ => Device.Open(name.Split(' ')[0]),
    };

    /// <summary>A rank's part of a batch.</summary>
    public static Batch Part(SilcConfig config, Batch whole, int rank, int ranks)
    {
        var part = new Batch(config, whole.Size / ranks);
        Cut(whole.Global, part.Global, config.Views.Global);
        Cut(whole.Plain, part.Plain, 1);
        Cut(whole.Local, part.Local, config.Views.Local);
        for (int i = 0; i < (part.Packed?.Count ?? 0); i++) part.Packed!.Copy(i, whole.Packed!, rank * part.Size + i);
        Cut(whole.Anchor, part.Anchor, config.Views.Global);
        whole.Tokens.AsSpan(rank * part.Tokens.Length, part.Tokens.Length).CopyTo(part.Tokens);
        whole.SecondTokens.AsSpan(rank * part.SecondTokens.Length, part.SecondTokens.Length).CopyTo(part.SecondTokens);
        for (int kind = 0, run = part.Size * config.Views.Located; run > 0 && kind < LocatedTexts.Parts(config.Views); kind++)
            whole.Located.AsSpan((kind * ranks + rank) * run, run).CopyTo(part.Located.AsSpan(kind * run));
        return part;

        // Views lie one after another, each with all samples.
        void Cut(float[] from, float[] to, int views)
        {
            if (from.Length == 0) return;
            int run = to.Length / views;
            for (int view = 0; view < views; view++) from.AsSpan((view * ranks + rank) * run, run).CopyTo(to.AsSpan(view * run));
        }
    }

    /// <summary>
    /// Fails unless two states of a run agree: weights, teacher and center to 1e-5, moments to 1e-4; key biases, whose true gradient is 0, apart.
    /// </summary>
    public static void Agree(IReadOnlyDictionary<string, float[]> expected, IReadOnlyDictionary<string, float[]> actual, string what)
    {
        CollectionAssert.AreEquivalent(expected.Keys.ToArray(), actual.Keys.ToArray());
        foreach (var group in expected.Where(array => !array.Key.Contains("key/bias", StringComparison.Ordinal)).GroupBy(array => Group(array.Key)))
            Close.To([.. group.SelectMany(array => array.Value)], [.. group.SelectMany(array => actual[array.Key])],
                group.Key == "optimizer" ? 1e-4 : Close.Reordered, $"{what}: {group.Key}");

        static string Group(string name) => name.Split('/')[0] is var first and ("optimizer" or "teacher" or "step_state") ? first : "student";
    }
}
