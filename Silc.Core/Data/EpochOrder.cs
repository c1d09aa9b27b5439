namespace Silc;

/// <summary>
/// Which samples each step takes: every epoch is a fresh permutation of the source, cut into batches; the ragged end is dropped.
/// Of a source in shards, the shards are permuted and then the samples of each two that follow one another.
/// </summary>
/// <param name="count">Samples in the source.</param>
/// <param name="batchSize">Samples in a step.</param>
/// <param name="seed">Seed of the run.</param>
/// <param name="shards">See <see cref="IImageTextSource.Shards"/>.</param>
sealed class EpochOrder(int count, int batchSize, int seed, IReadOnlyList<int>? shards = null)
{
    /// <summary>Shards whose samples are mixed; a source that unpacks shards should keep as many.</summary>
    public const int Window = 2;

    readonly int[] lengths = Lengths(count, shards);
    long epoch = -1;
    int[] order = [];

    public int StepsPerEpoch { get; } = count / batchSize;

    /// <summary>The sample indices of a step and the epoch it belongs to. Not for several threads at once.</summary>
    public (long Epoch, ArraySegment<int> Samples) Of(long step)
    {
        if (step / StepsPerEpoch != epoch) order = Permutation(epoch = step / StepsPerEpoch);
        return (epoch, new(order, (int)(step % StepsPerEpoch) * batchSize, batchSize));
    }

    // A new array: batches of the epoch before may still be reading theirs.
    int[] Permutation(long epoch)
    {
        var random = DataStreams.Order(seed, epoch);
        var starts = new int[lengths.Length];
        for (int i = 1; i < starts.Length; i++) starts[i] = starts[i - 1] + lengths[i - 1];
        int[] shuffled = [.. Enumerable.Range(0, lengths.Length)];
        Shuffle(shuffled, random);
        var samples = new int[count];
        int end = 0;
        foreach (var window in shuffled.Chunk(Window))
        {
            int start = end;
            foreach (var shard in window)
                for (int i = 0; i < lengths[shard]; i++) samples[end++] = starts[shard] + i;
            Shuffle(samples.AsSpan(start, end - start), random);
        }
        return samples;
    }

    // Fisher and Yates. One item draws no number, so one shard is shuffled as a source without shards.
    static void Shuffle(Span<int> items, Philox random)
    {
        for (int left = items.Length; left > 1; left--)
        {
            int pick = random.NextInt(left);
            (items[left - 1], items[pick]) = (items[pick], items[left - 1]);
        }
    }

    static int[] Lengths(int count, IReadOnlyList<int>? shards)
    {
        if (shards is null) return [count];
        Require.That(
            shards.All(length => length >= 0) && shards.Sum(length => (long)length) == count,
            $"the lengths of {shards.Count} shards do not sum up to the {count} samples");
        return [.. shards];
    }
}
