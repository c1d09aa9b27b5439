using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime;

namespace Silc;

/// <summary>Work for the CPU that is cut into items, which workers take in any order: matrix products and attention.</summary>
interface ICpuWork
{
    /// <summary>Does one item; several threads at once do different ones.</summary>
    void Run(int item);
}

/// <summary>
/// The CPU accelerator's queue: kernels run in order, each on every worker, while the caller goes on, as on a GPU. ILGPU launches once: a
/// kernel that never returns but takes the queued ones one after another, so that they run on ILGPU's threads and see its grid, one block a
/// worker. ILGPU's own launches wake and await two threads a core through barriers, which took a third of a training step.
/// </summary>
sealed class CpuQueue : IDisposable
{
    const int Capacity = 1024, Spins = 20, Yields = 2000, Near = 8;

    readonly Accelerator accelerator;
    readonly int workers;
    readonly GCHandle self;
    readonly Thread launcher;
    readonly Launch[] ring = new Launch[Capacity];
    readonly Dictionary<Type, Queue<Launch>> pools = [];

    // Launches so far: queued by the caller, completed by the workers. Those between them lie in the ring.
    readonly object gate = new();
    long queued, completed, lastReport;
    int sleepers;
    // The number of completed launches at which who waits for the end is to be woken.
    readonly object endGate = new();
    long wakeAt = long.MaxValue;
    volatile bool stopping;
    ExceptionDispatchInfo? failure;

    /// <summary>Starts the workers, one for each multiprocessor.</summary>
    public CpuQueue(Accelerator accelerator)
    {
        (this.accelerator, workers) = (accelerator, accelerator.NumMultiprocessors);
        self = GCHandle.Alloc(this);
        launcher = new(Work) { Name = "Silc CPU queue", IsBackground = true };
        launcher.Start();
    }

    /// <summary>Queues a kernel; every worker executes the <see cref="BlockRange"/> of its block.</summary>
    public void Add<TKernel>(TKernel kernel) where TKernel : struct, IKernel => Publish(Rent<KernelLaunch<TKernel>>(), kernel, everywhere: true);

    /// <summary>Queues a kernel that one worker executes alone.</summary>
    public void AddSingle<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel => Publish(Rent<KernelLaunch<TKernel>>(), kernel, everywhere: false);

    /// <summary>Queues <paramref name="items"/> items of work.</summary>
    public void Add<TWork>(int items, TWork work) where TWork : struct, ICpuWork
    {
        var launch = Rent<WorkLaunch<TWork>>();
        launch.Set(items, work);
        Publish(launch);
    }

    /// <summary>Waits until everything queued is done. What went wrong in a kernel is thrown here.</summary>
    public void Drain()
    {
        var target = Volatile.Read(ref queued);
        if (target - Volatile.Read(ref completed) > 2 * Near) SleepUntil(target - Near);
        WaitFor(ref completed, target);
        if (Interlocked.Exchange(ref failure, null) is { } error) error.Throw();
    }

    /// <summary>While set, the time of every launch is reported under this name, without waiting for it.</summary>
    public string? Label { get; set; }

    /// <summary>Is told label and time of each launch, by the worker that finishes last.</summary>
    public Action<string, TimeSpan>? Timed { get; set; }

    void Publish<TKernel>(KernelLaunch<TKernel> launch, TKernel kernel, bool everywhere) where TKernel : struct, IKernel
    {
        launch.Set(kernel, everywhere);
        Publish(launch);
    }

    void Publish(Launch launch)
    {
        if (queued >= Capacity) WaitFor(ref completed, queued - Capacity + 1);
        launch.Ticket = queued + 1;
        launch.Left = workers;
        (launch.Label, launch.Published) = (Label, Label is null ? 0 : Stopwatch.GetTimestamp());
        ring[queued % Capacity] = launch;
        Advance(ref queued);
    }

    // A launch of this type that has run, or a new one: a step allocates nothing once the pools are filled.
    TLaunch Rent<TLaunch>() where TLaunch : Launch, new()
    {
        if (!pools.TryGetValue(typeof(TLaunch), out var pool)) pools[typeof(TLaunch)] = pool = new();
        var launch = pool.TryPeek(out var oldest) && oldest.Ticket <= Volatile.Read(ref completed) ? (TLaunch)pool.Dequeue() : new TLaunch();
        pool.Enqueue(launch);
        return launch;
    }

    void Work() =>
        accelerator.LoadStreamKernel<CpuWorker>(Device.Entry.Run)(new KernelConfig(workers, 1), new CpuWorker((long)GCHandle.ToIntPtr(self)));

    /// <summary>What one worker does until the queue is disposed.</summary>
    internal void Serve(int worker)
    {
        for (long next = 0; ; next++)
        {
            WaitFor(ref queued, next + 1);
            if (stopping) return;
            var launch = ring[next % Capacity];
            try
            {
                launch.Run(worker);
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(error), null);
            }
            if (Interlocked.Decrement(ref launch.Left) == 0)
            {
                if (launch.Label is { } label) Report(label, launch.Published);
                Completed();
            }
            else WaitFor(ref completed, next + 1);
        }
    }

    void Report(string label, long published)
    {
        var now = Stopwatch.GetTimestamp();
        Timed?.Invoke(label, Stopwatch.GetElapsedTime(Math.Max(published, lastReport), now));
        lastReport = now;
    }

    // Kernels take microseconds: spin for a few, then let other threads have the core between looks, then sleep. A
    // worker that keeps spinning takes the core from the thread that would end the wait, the caller above all: two
    // trainings at once took four times as long as with yielding, and a small product in an idle queue ten times.
    void WaitFor(ref long counter, long target)
    {
        for (int i = 0; i < Spins; i++)
        {
            if (Volatile.Read(ref counter) >= target || stopping) return;
            Thread.SpinWait(8);
        }
        for (int i = 0; i < Yields; i++)
        {
            if (Volatile.Read(ref counter) >= target || stopping) return;
            Thread.Yield();
        }
        lock (gate)
        {
            Interlocked.Increment(ref sleepers);
            while (Volatile.Read(ref counter) < target && !stopping) Monitor.Wait(gate);
            Interlocked.Decrement(ref sleepers);
        }
    }

    // Who waits for many launches would take turns with a worker on its core all the while. Waking takes as long as a few launches of a small model,
    // so it begins before the end.
    void SleepUntil(long launches)
    {
        lock (endGate)
        {
            while (Volatile.Read(ref completed) < launches && !stopping)
            {
                // A full fence: either the worker sees this, or its count is seen here.
                Interlocked.Exchange(ref wakeAt, Math.Min(wakeAt, launches));
                if (Volatile.Read(ref completed) < launches) Monitor.Wait(endGate);
            }
        }
    }

    void Completed()
    {
        Advance(ref completed);
        if (Volatile.Read(ref completed) < Volatile.Read(ref wakeAt)) return;
        lock (endGate)
        {
            wakeAt = long.MaxValue;
            Monitor.PulseAll(endGate);
        }
    }

    void Advance(ref long counter)
    {
        Interlocked.Increment(ref counter);     // a full fence: a sleeper either sees the count or is seen
        if (Volatile.Read(ref sleepers) > 0)
            lock (gate) Monitor.PulseAll(gate);
    }

    /// <summary>Finishes what is queued, then ends the workers.</summary>
    public void Dispose()
    {
        WaitFor(ref completed, queued);
        stopping = true;
        lock (gate) Monitor.PulseAll(gate);
        lock (endGate) Monitor.PulseAll(endGate);
        launcher.Join();
        self.Free();
    }

    abstract class Launch
    {
        public long Ticket;
        public int Left;
        public string? Label;
        public long Published;

        public abstract void Run(int worker);
    }

    sealed class KernelLaunch<TKernel> : Launch where TKernel : struct, IKernel
    {
        TKernel kernel;
        bool everywhere;

        public void Set(TKernel kernel, bool everywhere) => (this.kernel, this.everywhere) = (kernel, everywhere);

        public override void Run(int worker)
        {
            if (everywhere || worker == 0) kernel.Execute();
        }
    }

    sealed class WorkLaunch<TWork> : Launch where TWork : struct, ICpuWork
    {
        TWork work;
        int items, taken;

        public void Set(int items, TWork work) => (this.items, this.work, taken) = (items, work, 0);

        public override void Run(int worker)
        {
            for (int item; (item = Interlocked.Increment(ref taken) - 1) < items;) work.Run(item);
        }
    }
}

/// <summary>The kernel that never returns; its argument is a handle of the queue.</summary>
[Kernel(DeviceKind.Cpu)]
readonly struct CpuWorker(long queue) : IKernel
{
    public void Execute() => Serve(queue, Grid.IdxX);

    [IntrinsicImplementation]
    static void Serve(long queue, int worker) => ((CpuQueue)GCHandle.FromIntPtr((nint)queue).Target!).Serve(worker);
}
