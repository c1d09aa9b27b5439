namespace Silc;

/// <summary>The compressed shards that were used last, as many as <see cref="EpochOrder"/> mixes, unpacked in memory.</summary>
/// <param name="maxBytes">Limit for each, unpacked.</param>
sealed class UnpackedShards(long maxBytes)
{
    readonly Lock gate = new();
    readonly LinkedList<(string Path, Lazy<UnpackedShard> Shard)> kept = new();
    int unpackings;

    public long MaxBytes => maxBytes;

    /// <summary>How often a shard was unpacked.</summary>
    public int Unpackings => unpackings;

    public UnpackedShard Get(string path)
    {
        var shard = Find(path);
        try
        {
            return shard.Value;
        }
        // Lazy keeps what it threw: a disk that failed once would cost every sample of the shard. A damaged shard stays damaged.
        catch (Exception error) when (error is not InvalidDataException)
        {
            Forget(shard);
            throw;
        }
    }

    void Forget(Lazy<UnpackedShard> failed)
    {
        lock (gate)
            for (var node = kept.First; node is not null; node = node.Next)
            {
                if (node.Value.Shard != failed) continue;
                kept.Remove(node);
                return;
            }
    }

    // Unpacked outside the lock, by the first thread that asks; other threads wait for that shard alone.
    Lazy<UnpackedShard> Find(string path)
    {
        lock (gate)
        {
            var node = kept.First;
            while (node is not null && node.Value.Path != path) node = node.Next;
            if (node is null)
            {
                if (kept.Count == EpochOrder.Window) kept.RemoveLast();
                node = new((path, new(() => Unpack(path))));
            }
            else
            {
                kept.Remove(node);
            }
            kept.AddFirst(node);
            return node.Value.Shard;
        }
    }

    UnpackedShard Unpack(string path)
    {
        Interlocked.Increment(ref unpackings);
        return new(path, maxBytes);
    }
}
