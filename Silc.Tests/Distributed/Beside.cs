namespace Silc.Tests;

/// <summary>
/// Jobs of ranks that tests run beside each other, since a job mostly waits: for its launcher, for other ranks, for a timeout. The first test of a
/// class that takes its own starts all of that class, in this order and some at a time, each on an object of its own; the second class that comes
/// shows that the run is not of one class, and starts those of all. Threads: any number.
/// </summary>
sealed class Beside
{
    // Of two ranks each, on two cores or more: with more of them timeouts of seconds would no longer be those of a rank that hangs.
    const int AtOnce = 3;

    static readonly Lock gate = new();
    // Late, since these are made by this class. Slurm's job of the page takes longest, so that it comes first.
    static readonly Lazy<Beside[]> all = new(() =>
    [
        DistributedPageTests.Jobs, DistributedRunTests.Jobs, DistributedKillTests.Jobs, DistributedHostTests.Jobs, DistributedNcclTests.Jobs,
        DistributedShardIndexTests.Jobs,
    ]);
    static readonly HashSet<Beside> asked = [];
    static Beside? latest;
    static int atWork;

    readonly List<Job> waiting;
    readonly Dictionary<string, Task> ends;

    Beside(IEnumerable<Job> jobs)
    {
        waiting = [.. jobs];
        ends = waiting.ToDictionary(job => job.Name, job => job.End.Task);
    }

    public static Beside Of<T>(params (string Name, Action<T> Test)[] jobs) where T : IDisposable, new() =>
        new(jobs.Select(job => new Job(job.Name, () =>
        {
            using var own = new T();
            job.Test(own);
        }, new(TaskCreationOptions.RunContinuationsAsynchronously))));

    /// <summary>Waits for a job's end, and throws what its test threw.</summary>
    public void Take(string name)
    {
        lock (gate)
        {
            asked.Add(this);
            latest = this;
            Start();
        }
        ends[name].GetAwaiter().GetResult();
    }

    /// <summary>Starts no more of a class, which a filter of tests may have left out, and waits for those at work.</summary>
    public void Stop()
    {
        lock (gate)
        {
            foreach (var job in waiting) job.End.SetCanceled();
            waiting.Clear();
        }
        Task.WhenAll(ends.Values).ContinueWith(_ => { }, TaskScheduler.Default).Wait();
    }

    /// <summary>The same of every class.</summary>
    public static void StopAll()
    {
        foreach (var jobs in all.Value) jobs.Stop();
    }

    // As many as may be at work; those of the class that a test waits for come first. Within the gate.
    static void Start()
    {
        Beside[] allowed = [latest!, .. asked.Count > 1 ? all.Value : []];
        while (atWork < AtOnce && allowed.FirstOrDefault(jobs => jobs.waiting is not []) is { } next)
        {
            var job = next.waiting[0];
            next.waiting.RemoveAt(0);
            atWork++;
            new Thread(() =>
            {
                job.Run();
                lock (gate)
                {
                    atWork--;
                    Start();
                }
            }).Start();
        }
    }

    sealed record Job(string Name, Action Test, TaskCompletionSource End)
    {
        public void Run()
        {
            try
            {
                Test();
                End.SetResult();
            }
            catch (Exception error)
            {
                End.SetException(error);
            }
        }
    }
}
