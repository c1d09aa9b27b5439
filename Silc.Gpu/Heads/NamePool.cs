namespace Silc;

/// <summary>
/// The names that each image of a step is asked about, OWL-ViT's federated queries: those of its things, those that somebody looked for in vain, and
/// others from a running pool, the names of all things of the steps so far, in proportion to how often they occur. What was not asked about takes no
/// part in the image's loss. The pool is a function of the training's order, so that one that goes on has the same. Source: Minderer et al. 2022,
/// arXiv:2205.06230. Threads: one at a time.
/// </summary>
/// <param name="names">Number of names.</param>
/// <param name="train">Says how many negatives an image is asked about.</param>
/// <param name="order">Of the training's images.</param>
/// <param name="labelsOf">Names of an image's things.</param>
sealed class NamePool(int names, HeadTrainConfig train, EpochOrder order, Func<int, IReadOnlyList<int>> labelsOf)
{
    /// <summary>Most names that an image is asked about.</summary>
    public const int Most = 100;

    // The upper half of the key, apart from those of DataStreams and of other draws of heads.
    const ulong Stream = 21UL << 32;

    readonly long[] uses = new long[names];
    long counted;

    /// <summary>How often each name occurs in the steps up to this one, which is among them.</summary>
    public IReadOnlyList<long> UsesUpTo(long step)
    {
        if (step + 1 < counted)
        {
            Array.Clear(uses);
            counted = 0;
        }
        for (; counted <= step; counted++)
            foreach (int image in order.Of(counted).Samples)
                foreach (int label in labelsOf(image)) uses[label]++;
        return uses;
    }

    /// <summary>The names of a step, for each of its images in their order: at most <see cref="Most"/>, its own first.</summary>
    public int[][] Of(IReadOnlyList<DetectionThings> images, long step)
    {
        UsesUpTo(step);
        return [.. images.Select((image, place) => Of(image, new(Stream | (uint)train.Seed, ((ulong)step << 32) | (uint)place)))];
    }

    int[] Of(DetectionThings image, Philox random)
    {
        int[] own = [.. image.Labels.Distinct().Take(Most)];
        int room = Math.Min(train.Negatives, Most - own.Length);
        int[] verified = [.. (image.Negatives ?? new HashSet<int>()).Except(image.Labels).Order().Take(room)];
        var taken = image.Labels.Concat(verified).Concat(image.Unasked).ToHashSet();
        // The largest u^(1/w), u uniform: a draw without putting back, in proportion to w (Efraimidis and Spirakis 2006).
        var drawn = new List<(double Key, int Name)>();
        for (int name = 0; name < names; name++)
        {
            double key = Math.Log(1 - random.NextDouble()) / uses[name];
            if (uses[name] > 0 && !taken.Contains(name)) drawn.Add((key, name));
        }
        return [.. own, .. verified, .. drawn.OrderByDescending(one => one.Key).Take(room - verified.Length).Select(one => one.Name)];
    }
}
