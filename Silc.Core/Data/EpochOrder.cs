namespace Silc;

/// <summary>
/// Which samples each step takes: every epoch is a fresh permutation of the source, cut into batches; the ragged end is dropped.
/// </summary>
/// <param name="count">Samples in the source.</param>
/// <param name="batchSize">Samples in a step.</param>
/// <param name="seed">Seed of the run.</param>
sealed class EpochOrder(int count, int batchSize, int seed)
{
    readonly int stepsPerEpoch = count / batchSize;
    long epoch = -1;
    int[] order = [];

    /// <summary>The sample indices of a step and the epoch it belongs to. Not for several threads at once.</summary>
    public (long Epoch, ArraySegment<int> Samples) Of(long step)
    {
        if (step / stepsPerEpoch != epoch) order = Shuffle(epoch = step / stepsPerEpoch);
        return (epoch, new(order, (int)(step % stepsPerEpoch) * batchSize, batchSize));
    }

    // Fisher and Yates. A new array: batches of the epoch before may still be reading theirs.
    int[] Shuffle(long epoch)
    {
        var random = DataStreams.Order(seed, epoch);
        int[] shuffled = [.. Enumerable.Range(0, count)];
        for (int left = count; left > 1; left--)
        {
            int pick = random.NextInt(left);
            (shuffled[left - 1], shuffled[pick]) = (shuffled[pick], shuffled[left - 1]);
        }
        return shuffled;
    }
}
