namespace Silc;

/// <summary>
/// Ranks that are threads of one process, each with its own device. Sums are added in the order of ranks, so that all have the same bits. A rank
/// that is disposed while others wait for it ends their wait. Threads: one a rank.
/// </summary>
sealed unsafe class ThreadCollective : HostCollective
{
    readonly Group group;
    readonly ExchangeLog log = new();
    bool disposed;

    ThreadCollective(Group group, int rank) => (this.group, Rank) = (group, rank);

    public override int Rank { get; }

    public override int Size => group.Size;

    public override int LocalRank => Rank;

    public override int LocalSize => Size;

    public override Watchdog Watch { get; } = new(Watchdog.UsualTimeout, static _ => { });

    public override string Place => $"rank {Rank} of {Size}";

    public override string Engine => "threads";

    /// <summary>Is told every call, for tests: its kind and its number of values.</summary>
    internal Action<ExchangeKind, int>? Called { get; set; }

    internal static IReadOnlyList<ICollective> Create(int size)
    {
        Require.Positive(size, "number of ranks");
        var group = new Group(size);
        return [.. Enumerable.Range(0, size).Select(rank => new ThreadCollective(group, rank))];
    }

    protected override void Reduce(float* x, int count, Reduction reduction)
    {
        var sum = new float[count];
        Meet(ExchangeKind.AllReduce, count, (nint)x, ranks =>
        {
            for (int i = 0; i < count; i++)
            {
                var value = ((float*)ranks[0])[i];
                for (int rank = 1; rank < ranks.Length; rank++)
                    value = reduction == Reduction.Max ? Math.Max(value, ((float*)ranks[rank])[i]) : value + ((float*)ranks[rank])[i];
                sum[i] = value;
            }
        });
        sum.CopyTo(new Span<float>(x, count));
    }

    protected override void Gather(float* mine, float* all, int each) => Meet(ExchangeKind.AllGather, each, (nint)mine, ranks =>
    {
        for (int rank = 0; rank < ranks.Length; rank++)
            new ReadOnlySpan<float>((float*)ranks[rank], each).CopyTo(new Span<float>(all + (long)rank * each, each));
    });

    protected override void Scatter(float* all, float* mine, int each) => Meet(ExchangeKind.ReduceScatter, each, (nint)all, ranks =>
    {
        for (int i = 0; i < each; i++)
        {
            float sum = 0;
            foreach (var other in ranks) sum += ((float*)other)[(long)Rank * each + i];
            mine[i] = sum;
        }
    });

    protected override void Spread(float* x, int count) => Meet(ExchangeKind.Broadcast, count, (nint)x, ranks =>
    {
        if (Rank > 0) new ReadOnlySpan<float>((float*)ranks[0], count).CopyTo(new Span<float>(x, count));
    });

    public override Votes Agree(Votes mine)
    {
        var all = All(ExchangeKind.Vote, [(byte)mine]).Aggregate(Votes.None, (all, one) => all | (Votes)one);
        log.Begin();
        return all;
    }

    public override byte[] Share(byte[]? bytes)
    {
        if (Rank == 0) group.Shared = bytes!;
        byte[] found = [];
        Meet(ExchangeKind.Share, 0, 0, _ => found = [.. group.Shared]);
        return found;
    }

    public override byte[] Collect(byte[] mine) => All(ExchangeKind.Collect, mine);

    byte[] All(ExchangeKind kind, byte[] mine)
    {
        var all = new byte[mine.Length * Size];
        fixed (byte* from = mine)
            Meet(kind, mine.Length, (nint)from, ranks =>
            {
                for (int rank = 0; rank < ranks.Length; rank++)
                    new ReadOnlySpan<byte>((byte*)ranks[rank], mine.Length).CopyTo(all.AsSpan(rank * mine.Length));
            });
        return all;
    }

    void Meet(ExchangeKind kind, int count, nint mine, Action<nint[]> read)
    {
        Called?.Invoke(kind, count);
        log.Add(kind, count);
        group.Meet(Rank, log, mine, read);
    }

    public override void Abort(int code) => group.Leave($"{Place} gave up");

    public override void Dispose()
    {
        if (disposed) return;
        disposed = true;
        group.Leave($"{Place} has left");
        Watch.Dispose();
    }

    /// <summary>Where threads meet: all write what they bring, all read, all go on.</summary>
    sealed class Group(int size)
    {
        readonly object gate = new();
        readonly nint[] brought = new nint[size];
        readonly ExchangeLog[] logs = new ExchangeLog[size];
        int arrived;
        long round;
        string? gone;

        public int Size => size;

        public byte[] Shared { get; set; } = [];

        public void Meet(int rank, ExchangeLog log, nint mine, Action<nint[]> read)
        {
            (brought[rank], logs[rank]) = (mine, log);
            Wait();
            // All look before one goes on, and find the same.
            if (!logs.All(log.IsSame)) throw ExchangeLog.Differ(logs);
            read(brought);
            Wait();
        }

        void Wait()
        {
            lock (gate)
            {
                var mine = round;
                if (++arrived == size)
                {
                    (arrived, round) = (0, round + 1);
                    Monitor.PulseAll(gate);
                    return;
                }
                while (round == mine)
                {
                    if (gone is not null) throw new CollectiveException($"{gone}, and the others cannot go on without it");
                    Monitor.Wait(gate);
                }
            }
        }

        public void Leave(string why)
        {
            lock (gate)
            {
                gone ??= why;
                Monitor.PulseAll(gate);
            }
        }
    }
}
