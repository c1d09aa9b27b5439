namespace Silc;

/// <summary>
/// Processes, or threads with a device each, that train one model together; each is a rank. Every rank makes the same calls in the same order.
/// Sums are exact replicas: after a call that adds over the ranks all of them hold the same bits. A <see cref="Trainer"/> that is given one takes
/// batches of B / <see cref="Size"/> images, and its numbers are those of one process, but for rounding.
/// </summary>
/// <example>
/// <code>
/// using var job = ICollective.Join();                                       // under mpirun, srun or torchrun; alone otherwise
/// using var device = job.Open("auto");                                      // the GPU of this rank
/// using var model = SilcModel.Create(device, SilcConfig.Preset("mini"), seed: 1, new WordTokenizer());
/// using var run = new TrainRun(model, images, train, job.Rank == 0 ? RunFolder.Open("runs/mine") : null, collective: job);
/// </code>
/// </example>
/// <remarks>
/// Threads: all calls of a rank come from one thread, the one that joined. <see cref="IOException"/> is what a call throws when another rank is
/// lost; the message names operation and step. Engines: MPI (MPI Forum 2021, version 4.0) and NCCL.
/// </remarks>
public interface ICollective : IDisposable
{
    /// <summary>Number of this rank, from 0; rank 0 writes what a run leaves.</summary>
    int Rank { get; }

    /// <summary>Number of ranks N.</summary>
    int Size { get; }

    /// <summary>Number of this rank among those of its machine, from 0.</summary>
    int LocalRank { get; }

    /// <summary>Ranks of this machine.</summary>
    int LocalSize { get; }

    /// <summary>
    /// Joins the job that mpirun, mpiexec, srun or torchrun has started this process for; a process that was started alone is its own job.
    /// </summary>
    /// <param name="engine"><c>auto</c>, <c>none</c>, <c>mpi</c> or <c>nccl</c>.</param>
    /// <param name="timeout">How long a rank waits for others before it ends its process with code 70; null means ten minutes.</param>
    /// <exception cref="ArgumentException">No such engine, or the launcher does not go with it; the message says what does.</exception>
    /// <exception cref="DllNotFoundException">The engine's library was not found; the message lists what was tried.</exception>
    static ICollective Join(string engine = "auto", TimeSpan? timeout = null) => Launch.Join(engine, timeout ?? Watchdog.UsualTimeout);

    /// <summary>Ranks that are threads of this process, a <see cref="Trainer"/> each; for several devices of one machine, and for tests.</summary>
    /// <param name="size">Number of ranks.</param>
    static IReadOnlyList<ICollective> Threads(int size) => ThreadCollective.Create(size);

    /// <summary>
    /// The device of this rank: <c>cuda</c> and <c>auto</c> mean the GPU whose index is <see cref="LocalRank"/>, or the only one that this process
    /// sees; a CPU is divided among the ranks of its machine unless the launcher has done so.
    /// </summary>
    /// <param name="name">As for <see cref="Device.Open"/>.</param>
    /// <param name="precision">Of products.</param>
    /// <exception cref="InvalidOperationException">There are fewer GPUs than ranks on this machine; the message has both numbers.</exception>
    Device Open(string name = "auto", Precision precision = Precision.Float32);

    /// <summary>True for a process that is alone: nothing is exchanged, and its numbers are those of a trainer without a collective.</summary>
    internal bool IsAlone => Size == 1;

    /// <summary>From now on the tensors of calls lie on this device.</summary>
    internal void Bind(Device device);

    /// <summary>In place; the same bits on every rank.</summary>
    internal void AllReduce(Tensor x, Reduction reduction = Reduction.Sum);

    /// <summary>all (N·b, C) = the rows (b, C) of every rank, in their order.</summary>
    internal void AllGather(Tensor mine, Tensor all);

    /// <summary>In place: all (1, N·c) gets the r-th of N pieces from rank r.</summary>
    internal void AllGather(Tensor all);

    /// <summary>mine (b, C) = this rank's rows of the sum over ranks of all (N·b, C).</summary>
    internal void ReduceScatter(Tensor all, Tensor mine);

    /// <summary>x of rank 0 on every rank.</summary>
    internal void Broadcast(Tensor x);

    /// <summary>An all-reduce that may run beside the kernels that are queued next; nobody touches x before <see cref="Finish"/>.</summary>
    internal void Begin(Tensor x);

    /// <summary>Kernels that are queued after this see the sums of all that was begun.</summary>
    internal void Finish();

    /// <summary>True where <see cref="Begin"/> returns before the sum is there.</summary>
    internal bool Overlaps => false;

    /// <summary>The bits that one rank or more has set. On the host.</summary>
    internal Votes Agree(Votes mine);

    /// <summary>Bytes of rank 0 on every rank. On the host.</summary>
    internal byte[] Share(byte[]? bytes);

    /// <summary>As many bytes of every rank, one after another. On the host.</summary>
    internal byte[] Collect(byte[] mine);

    /// <summary>What the watchdog says when a rank waits too long.</summary>
    internal Watchdog Watch { get; }

    /// <summary>What carries the exchange, for a line about the run.</summary>
    internal string Engine { get; }

    /// <summary>Where this rank runs, for messages: <c>rank 3 of 8, host h2</c>.</summary>
    internal string Place { get; }

    /// <summary>Ends every rank, this one too.</summary>
    internal void Abort(int code);
}
