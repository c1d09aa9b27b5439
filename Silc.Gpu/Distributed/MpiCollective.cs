using System.Buffers.Binary;

namespace Silc;

/// <summary>Ranks of an MPI job, whatever their devices. Calls block: an MPI_Iallreduce moves nothing while nobody calls MPI. Threads: one.</summary>
sealed unsafe class MpiCollective : HostCollective
{
    // Beyond this MPI_Abort has not ended the process: its link may be cut.
    static readonly TimeSpan abortTime = TimeSpan.FromSeconds(5);

    readonly MpiLibrary mpi;
    int calls;
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

    protected override void Reduce(float* x, int count, Reduction reduction)
    {
        calls++;
        mpi.AllReduce(x, count, reduction);
    }

    protected override void Gather(float* mine, float* all, int each)
    {
        calls++;
        mpi.AllGather(mine, all, each);
    }

    protected override void Scatter(float* all, float* mine, int each)
    {
        calls++;
        mpi.ReduceScatter(all, mine, each);
    }

    protected override void Spread(float* x, int count)
    {
        calls++;
        mpi.Broadcast(x, count);
    }

    public override Votes Agree(Votes mine)
    {
        // One value a bit; and the number of calls so far, twice, of which the maxima tell whether all have made the same.
        const int Bits = 8, Counted = 1 << 20;
        var values = stackalloc float[Bits + 2];
        for (int bit = 0; bit < Bits; bit++) values[bit] = (int)mine >> bit & 1;
        (values[Bits], values[Bits + 1]) = (calls % Counted, -(calls % Counted));
        using (Watch.Enter("vote")) mpi.AllReduce(values, Bits + 2, Reduction.Max);
        if (values[Bits] != -values[Bits + 1])
            throw new CollectiveException($"one rank has made {values[Bits]} exchanges, another {-values[Bits + 1]}: they no longer train the "
                + "same model");
        var all = 0;
        for (int bit = 0; bit < Bits; bit++) all |= values[bit] != 0 ? 1 << bit : 0;
        return (Votes)all;
    }

    public override byte[] Share(byte[]? bytes)
    {
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
        var all = new byte[mine.Length * Size];
        using var wait = Watch.Enter("all-gather");
        fixed (byte* from = mine, to = all) mpi.AllGatherBytes(from, to, mine.Length);
        return all;
    }

    public override void Abort(int code)
    {
        // MPI_Abort ends this process, unless its launcher cannot be reached.
        var killer = new Timer(_ => NativeEnvironment.Exit(code), null, abortTime, Timeout.InfiniteTimeSpan);
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
