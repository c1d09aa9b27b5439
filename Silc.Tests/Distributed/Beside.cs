using System.Collections.Concurrent;

namespace Silc.Tests;

/// <summary>
/// Jobs of several tests of a class that run beside each other, since a job mostly waits: for its launcher, for other ranks, for a timeout. The first
/// test that takes its own starts all, in this order and some at a time, each on an object of its own. Threads: any number.
/// </summary>
sealed class Beside<T> where T : IDisposable, new()
{
    // Of two ranks each, on two cores or more: with more of them timeouts of seconds would no longer be those of a rank that hangs.
    const int AtOnce = 3;

    readonly ConcurrentQueue<(Action<T> Test, TaskCompletionSource End)> waiting = new();
    readonly Dictionary<string, Task> ends = [];
    readonly Lazy<Thread[]> threads;

    public Beside(params (string Name, Action<T> Test)[] tests)
    {
        foreach (var (name, test) in tests)
        {
            var end = new TaskCompletionSource();
            waiting.Enqueue((test, end));
            ends.Add(name, end.Task);
        }
        threads = new(() =>
        {
            Thread[] made = [.. Enumerable.Range(0, AtOnce).Select(_ => new Thread(Work))];
            foreach (var thread in made) thread.Start();
            return made;
        });
    }

    /// <summary>Waits for a job's end, and throws what its test threw.</summary>
    public void Take(string name)
    {
        _ = threads.Value;
        ends[name].GetAwaiter().GetResult();
    }

    /// <summary>Starts no more of them, which a filter of tests may have left out, and waits for those at work.</summary>
    public void Stop()
    {
        waiting.Clear();
        if (!threads.IsValueCreated) return;
        foreach (var thread in threads.Value) thread.Join();
    }

    void Work()
    {
        while (waiting.TryDequeue(out var next))
            try
            {
                using (var own = new T()) next.Test(own);
                next.End.SetResult();
            }
            catch (Exception error)
            {
                next.End.SetException(error);
            }
    }
}
