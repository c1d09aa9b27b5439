using System.Collections.Concurrent;

namespace Silc;

/// <summary>
/// Keeps decoded images in memory up to a budget. What was kept stays: epochs visit every image once, so replacing the
/// least recently used would evict each image just before its next use. Threads: any number may call <see cref="Read"/>.
/// </summary>
/// <param name="source">Where pairs come from.</param>
/// <param name="maxBytes">Budget for decoded pixels.</param>
public sealed class CachedSource(IImageTextSource source, long maxBytes) : IImageTextSource
{
    readonly ConcurrentDictionary<int, ImageTextPair> kept = new();
    long bytes;

    /// <inheritdoc/>
    public string Name => source.Name;

    /// <inheritdoc/>
    public int Count => source.Count;

    /// <inheritdoc/>
    public IReadOnlyList<int>? Shards => source.Shards;

    /// <summary>Bytes of decoded pixels in memory.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped => source.Skipped;

    bool IImageTextSource.HasBoxes => source.HasBoxes;

    IReadOnlyList<NamedBox> IImageTextSource.BoxesOf(int index) => source.BoxesOf(index);

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        if (kept.TryGetValue(index, out var pair)) return pair;
        pair = source.Read(index);
        long size = pair.Image.Rgba.Length;
        // Reserve before adding: otherwise two threads could both take the last free bytes.
        if (Interlocked.Add(ref bytes, size) > maxBytes || !kept.TryAdd(index, pair)) Interlocked.Add(ref bytes, -size);
        return pair;
    }
}
