using System.Buffers.Binary;

namespace Silc;

/// <summary>
/// The exchanges of a rank, by number, kind and size. Ranks that make others, or in another order, take numbers of one exchange for those of another,
/// or wait for ever; so each vote compares number and hash of all that were made, and names the first that differs. Threads: one a rank.
/// </summary>
sealed class ExchangeLog
{
    // Since the last vote, for the message: more than the pieces of a model of 900 million parameters and its moments.
    const int Kept = 1024;

    // What a vote carries: number and hash, whose maximum and whose negative's must agree, each exact in a float.
    const int Whole = 1 << 24;

    const int EntryBytes = 1 + sizeof(long);

    /// <summary>Values that a vote adds to its own.</summary>
    public const int Values = 4;

    /// <summary>Bytes of <see cref="Write"/>.</summary>
    public const int Bytes = sizeof(long) + sizeof(int) + Kept * EntryBytes;

    readonly List<(ExchangeKind Kind, long Count)> kept = [];
    long before;
    uint hash;
    int since;

    /// <summary>Exchanges so far.</summary>
    public long Made => before + since;

    /// <summary>One more, of so many values a rank; 0 where ranks bring different numbers of them.</summary>
    public void Add(ExchangeKind kind, long count)
    {
        if (kept.Count < Kept) kept.Add((kind, count));
        since++;
        // FNV-1a, of the two numbers.
        const uint prime = 16_777_619;
        hash = ((hash ^ (uint)kind) * prime ^ (uint)count) * prime ^ (uint)(count >> 32);
    }

    /// <summary>All ranks have made the same so far; the message of one that follows counts from here.</summary>
    public void Begin()
    {
        (before, since) = (Made, 0);
        kept.Clear();
    }

    /// <summary>True if another rank has made the same.</summary>
    public bool IsSame(ExchangeLog other) => Made == other.Made && hash == other.hash;

    /// <summary>What the largest of over all ranks tells whether they have made the same.</summary>
    public void Put(Span<float> values)
    {
        var (number, folded) = ((float)(Made % Whole), (float)((hash ^ hash >> 8) % Whole));
        (values[0], values[1], values[2], values[3]) = (number, -number, folded, -folded);
    }

    /// <summary>Whether all ranks have made the same, by the largest of what they put.</summary>
    public static bool Agree(ReadOnlySpan<float> largest) => largest[0] == -largest[1] && largest[2] == -largest[3];

    /// <summary>What another rank needs for a message.</summary>
    public byte[] Write()
    {
        var bytes = new byte[Bytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, before);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(sizeof(long)), since);
        var to = bytes.AsSpan(sizeof(long) + sizeof(int));
        foreach (var (kind, count) in kept)
        {
            to[0] = (byte)kind;
            BinaryPrimitives.WriteInt64LittleEndian(to[1..], count);
            to = to[EntryBytes..];
        }
        return bytes;
    }

    /// <summary>Reads what <see cref="Write"/> of all ranks gave, one after another.</summary>
    public static IReadOnlyList<ExchangeLog> Read(byte[] all) => [.. all.Chunk(Bytes).Select(bytes =>
    {
        var log = new ExchangeLog { before = BinaryPrimitives.ReadInt64LittleEndian(bytes) };
        var since = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(sizeof(long)));
        for (int i = 0, at = sizeof(long) + sizeof(int); i < Math.Min(since, Kept); i++, at += EntryBytes)
            log.Add((ExchangeKind)bytes[at], BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at + 1)));
        log.since = since;
        return log;
    })];

    /// <summary>The error for ranks that have made different exchanges: names the first that differs from rank 0, and in which.</summary>
    public static CollectiveException Differ(IReadOnlyList<ExchangeLog> ranks)
    {
        var first = ranks[0];
        for (int rank = 1; rank < ranks.Count; rank++)
        {
            var own = ranks[rank];
            for (int i = 0; i < Math.Max(own.kept.Count, first.kept.Count); i++)
                if (own.Name(i) is var there && first.Name(i) is var here && there != here)
                    return Error($"rank {rank} makes other exchanges than rank 0: number {i + 1} since the last vote is {there} on rank {rank}, "
                        + $"{here} on rank 0");
            if (own.Made != first.Made) return Error($"rank {rank} has made {own.Made:N0} exchanges, rank 0 {first.Made:N0}");
        }
        return Error("ranks have made different exchanges");

        static CollectiveException Error(string what) => new($"{what}. All ranks must make the same in the same order, for they no longer train the "
            + "same model: start all with the same program and line");
    }

    string Name(int index) => index >= kept.Count ? "none" : kept[index] switch
    {
        (ExchangeKind.Vote, _) => "a vote",
        (ExchangeKind.Share, _) => "bytes of rank 0",
        (ExchangeKind.Collect, var count) => $"{count:N0} bytes of every rank",
        (ExchangeKind.AllReduce, var count) => $"an all-reduce of {count:N0} values",
        (ExchangeKind.AllGather, var count) => $"an all-gather of {count:N0} values",
        (ExchangeKind.ReduceScatter, var count) => $"a reduce-scatter of {count:N0} values",
        (var kind, var count) => $"a {kind.ToString().ToLowerInvariant()} of {count:N0} values",
    };
}
