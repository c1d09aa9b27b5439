namespace Silc;

/// <summary>Some pairs of another source, in the order given: one side of a split, or a small sample of a large set.</summary>
public sealed class SubsetSource : IImageTextSource
{
    readonly IImageTextSource source;
    readonly int[] indices;

    /// <summary>The pairs of <paramref name="source"/> at <paramref name="indices"/>.</summary>
    /// <exception cref="ArgumentException">An index lies outside the source.</exception>
    public SubsetSource(IImageTextSource source, IEnumerable<int> indices)
    {
        this.source = source;
        this.indices = [.. indices];
        foreach (var index in this.indices)
            Require.That((uint)index < (uint)source.Count, $"index {index} lies outside {source.Name}, which has {source.Count} pairs");
    }

    /// <inheritdoc/>
    public string Name => source.Name;

    /// <inheritdoc/>
    public int Count => indices.Length;

    /// <inheritdoc/>
    public ImageTextPair Read(int index) => source.Read(indices[index]);
}
