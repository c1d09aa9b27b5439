using System.Buffers.Binary;

namespace Silc;

/// <summary>Ranks of an MPI job, whatever their devices. Calls block: an MPI_Iallreduce moves nothing while nobody calls MPI. Threads: one.</summary>
sealed unsafe class MpiCollective : HostCollective
{
    static readonly TimeSpan BeforeAbort = TimeSpan.FromMilliseconds(200);

    // Beyond this MPI_Abort has not ended the process: its link may be cut.
    static readonly TimeSpan abortTime = TimeSpan.FromSeconds(5);

    // Debug builds compare before every exchange, release builds by each vote alone, which costs nothing, unless this variable is set.
    const string CheckVariable = "SILC_CHECK_EXCHANGES";
#if DEBUG
    static readonly bool checks = true;
#else
    static readonly bool checks = Environment.GetEnvironmentVariable(CheckVariable) is { Length: > 0 };
#endif

    readonly MpiLibrary mpi;
    readonly ExchangeLog log = new();
    bool left;

    public MpiCollective(MpiLibrary mpi, TimeSpan timeout)
    {
        this.mpi = mpi;
        var errors = Console.Error;     // the program may silence it for this rank
        Watch = new(timeout, why =>
        {
            errors.WriteLine($"[{Place}] {why}");
            Abort(Watchdog.Lost);
        });
    }

    public override int Rank => mpi.Rank;

    public override int Size => mpi.Size;

    public override int LocalRank => mpi.LocalRank;

    public override int LocalSize => mpi.LocalSize;

    public override Watchdog Watch { get; }

    public override string Place => $"rank {Rank} of {Size}, host {Environment.MachineName}";

    public override string Engine => $"MPI ({mpi.Family}{(mpi.TakesCuda ? " with CUDA" : "")}, {mpi.File})";

    protected override bool TakesCuda => mpi.TakesCuda;

    // Such an MPI works in the GPU's primary context, as NCCL does.
    public override Device Open(string name, Precision precision) => this.OpenLocal(name, precision, primaryContext: TakesCuda);

    /// <summary>Counts an exchange, which all ranks must begin.</summary>
    public void Next(ExchangeKind kind, long count)
    {
        log.Add(kind, count);
        if (!checks) return;
        var values = stackalloc float[ExchangeLog.Values];
        log.Put(new(values, ExchangeLog.Values));
        using (Watch.Enter("comparison of exchanges")) mpi.AllReduce(values, ExchangeLog.Values, Reduction.Max);
        RequireSame(new(values, ExchangeLog.Values));
    }

    protected override void Reduce(float* x, int count, Reduction reduction)
    {
        if (Fault.Skips) return;
        Next(ExchangeKind.AllReduce, count);
        mpi.AllReduce(x, count, reduction);
    }

    protected override void Gather(float* mine, float* all, int each)
    {
        Next(ExchangeKind.AllGather, each);
        mpi.AllGather(mine, all, each);
    }

    protected override void Scatter(float* all, float* mine, int each)
    {
        Next(ExchangeKind.ReduceScatter, each);
        mpi.ReduceScatter(all, mine, each);
    }

    protected override void Spread(float* x, int count)
    {
        Next(ExchangeKind.Broadcast, count);
        mpi.Broadcast(x, count);
    }

    public override Votes Agree(Votes mine)
    {
        // One value a bit, and what tells whether all have made the same exchanges.
        const int Bits = 8;
        Next(ExchangeKind.Vote, 0);
        var values = stackalloc float[Bits + ExchangeLog.Values];
        for (int bit = 0; bit < Bits; bit++) values[bit] = (int)mine >> bit & 1;
        log.Put(new(values + Bits, ExchangeLog.Values));
        using (Watch.Enter("vote")) mpi.AllReduce(values, Bits + ExchangeLog.Values, Reduction.Max);
        RequireSame(new(values + Bits, ExchangeLog.Values));
        log.Begin();
        var all = 0;
        for (int bit = 0; bit < Bits; bit++) all |= values[bit] != 0 ? 1 << bit : 0;
        return (Votes)all;
    }

    // All ranks find the same.
    void RequireSame(ReadOnlySpan<float> largest)
    {
        if (ExchangeLog.Agree(largest)) return;
        throw ExchangeLog.Differ(ExchangeLog.Read(GatherBytes(log.Write())));
    }

    public override byte[] Share(byte[]? bytes)
    {
        Next(ExchangeKind.Share, 0);
        var length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes?.LongLength ?? 0);
        using var wait = Watch.Enter("broadcast");
        fixed (byte* p = length) mpi.BroadcastBytes(p, length.Length);
        var all = Rank == 0 ? bytes! : new byte[BinaryPrimitives.ReadInt64LittleEndian(length)];
        const int Piece = 1 << 24;
        fixed (byte* p = all)
            for (long at = 0; at < all.LongLength; at += Piece) mpi.BroadcastBytes(p + at, (int)Math.Min(Piece, all.LongLength - at));
        return all;
    }

    public override byte[] Collect(byte[] mine)
    {
        Next(ExchangeKind.Collect, mine.Length);
        return GatherBytes(mine);
    }

    byte[] GatherBytes(byte[] mine)
    {
        var all = new byte[mine.Length * Size];
        using var wait = Watch.Enter("all-gather");
        fixed (byte* from = mine, to = all) mpi.AllGatherBytes(from, to, mine.Length);
        return all;
    }

    public override void Abort(int code)
    {
        // MPI_Abort ends this process, unless its launcher cannot be reached.
        var killer = new Timer(_ => NativeEnvironment.Exit(code), null, abortTime, Timeout.InfiniteTimeSpan);
        // MPICH's launcher ends all at once, and loses what a rank said a moment before.
        Thread.Sleep(BeforeAbort);
        mpi.Abort(code);
        GC.KeepAlive(killer);
        Thread.Sleep(Timeout.Infinite);
    }

    public override void Dispose()
    {
        if (left) return;
        left = true;
        Watch.Dispose();
        // Who left without the others would wait in MPI_Finalize for ranks that wait for him.
        if (!Watch.IsBroken) mpi.Finish();
    }
}
