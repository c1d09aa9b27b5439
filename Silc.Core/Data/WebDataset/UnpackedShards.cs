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

    public UnpackedShard Get(string path) => Find(path).Value;

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
