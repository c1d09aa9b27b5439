namespace Silc;

/// <summary>
/// What the batches of a run depend on beside its configuration: a source of another size is walked through in another order.
/// Which batch comes next is the step, and random numbers are keyed by seed, epoch, sample and view, so there is no more to keep.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Name">Name of the source.</param>
/// <param name="Count">Its pairs.</param>
/// <param name="Shards">See <see cref="IImageTextSource.Shards"/>.</param>
sealed record DataState(string Name, int Count, IReadOnlyList<int>? Shards = null)
{
    const string Drawn = "demo";

    /// <summary>That of a source.</summary>
    public static DataState Of(IImageTextSource source) => new(source.Name, source.Count, source.Shards);

    /// <summary>Throws unless the source has the same size and shards, hence the same order of samples.</summary>
    /// <exception cref="ArgumentException">The message names both sizes.</exception>
    internal void Require(IImageTextSource source, string path)
    {
        // Files may have moved, but what is drawn goes by its name.
        if (source.Name != Name && (Name.StartsWith(Drawn, StringComparison.Ordinal) || source.Name.StartsWith(Drawn, StringComparison.Ordinal)))
            throw new ArgumentException($"{path} was trained on other images, {Name}, than {source.Name}: say --data as it was, or start a new run");
        if (source.Count != Count)
            throw new ArgumentException($"{path} was trained on the {Count:N0} pairs of {Name}, {source.Name} has {source.Count:N0} now: "
                + "the order of batches would be another. Bring the data back as it was, or start a new run");
        if (!(Shards ?? []).SequenceEqual(source.Shards ?? []))
            throw new ArgumentException($"{path} was trained on {Shards?.Count ?? 0} shards of {Name}, {source.Name} is cut into "
                + $"{source.Shards?.Count ?? 0} or into others of other lengths. Bring the shards back as they were, or start a new run");
    }
}
