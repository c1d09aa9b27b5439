namespace Silc;

/// <summary>
/// Some pairs of another source, in the order given: one side of a split, or a small sample of a large set.
/// Threads: any number may call <see cref="Read"/>.
/// </summary>
public sealed class SubsetSource : IImageTextSource
{
    readonly IImageTextSource source;
    readonly int[] indices;

    /// <summary>The pairs of <paramref name="source"/> at <paramref name="indices"/>; of compressed shards give them in order.</summary>
    /// <exception cref="ArgumentException">An index lies outside the source.</exception>
    public SubsetSource(IImageTextSource source, IEnumerable<int> indices)
    {
        this.source = source;
        this.indices = [.. indices];
        foreach (var index in this.indices)
            Require.That((uint)index < (uint)source.Count, $"index {index} is not among the {source.Count} of {source.Name}");
        Shards = source.Shards is { } shards ? Left(shards) : null;
    }

    /// <inheritdoc/>
    public string Name => source.Name;

    /// <inheritdoc/>
    public int Count => indices.Length;

    /// <summary>The stretches of the source that are left; null if the indices jump to and fro between them.</summary>
    public IReadOnlyList<int>? Shards { get; }

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped => source.Skipped;

    bool IImageTextSource.HasBoxes => source.HasBoxes;

    IReadOnlyList<NamedBox> IImageTextSource.BoxesOf(int index) => source.BoxesOf(indices[index]);

    /// <inheritdoc/>
    public ImageTextPair Read(int index) => source.Read(indices[index]);

    List<int>? Left(IReadOnlyList<int> shards)
    {
        int end = 0;
        int[] ends = [.. shards.Where(length => length > 0).Select(length => end += length)];
        var (left, seen, last) = (new List<int>(), new HashSet<int>(), -1);
        foreach (var index in indices)
        {
            // The first shard that ends behind the sample.
            var found = Array.BinarySearch(ends, index + 1);
            var shard = found < 0 ? ~found : found;
            if (shard != last)
            {
                // Stretches of a few samples each would be read in nearly the order given, which is no shuffle.
                if (!seen.Add(shard)) return null;
                left.Add(0);
                last = shard;
            }
            left[^1]++;
        }
        return left;
    }
}
