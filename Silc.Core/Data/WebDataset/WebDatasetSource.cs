namespace Silc;

/// <summary>
/// Pictures and captions in tar archives, the format of the webdataset library (github.com/webdataset/webdataset): files that
/// share their path up to the first dot are one sample, <c>0001.jpg</c> with <c>0001.txt</c> (one caption a line) or
/// <c>0001.json</c> (caption, text or captions: a string or an array of strings). Nothing is unpacked to disk. Prefer plain
/// .tar: a compressed shard is unpacked in memory when a sample of it is wanted; the two used last are kept.
/// </summary>
public sealed class WebDatasetSource : IImageTextSource
{
    /// <summary>Bytes of the largest member that is read unless another limit is given.</summary>
    public const long UsualMember = 64L << 20;

    /// <summary>Bytes that a compressed shard may become unless another limit is given.</summary>
    public const long UsualUnpacked = 2L << 30;

    readonly List<ShardSample> samples = [];

    /// <summary>Reads the headers of all shards.</summary>
    /// <param name="pattern">
    /// A shard, .tar, .tar.gz or .tgz; or several by braces, <c>data/{00000..00041}.tar</c>, or stars, <c>data/*.tar</c>.
    /// </param>
    /// <param name="maxMemberBytes">Larger members are left out.</param>
    /// <param name="maxUnpackedBytes">Limit for a compressed shard when unpacked; two may be in memory at a time.</param>
    /// <exception cref="FileNotFoundException">A shard is missing or none matches.</exception>
    /// <exception cref="InvalidDataException">A shard is no tar or unpacks to too much, or no shard has a sample.</exception>
    public WebDatasetSource(string pattern, long maxMemberBytes = UsualMember, long maxUnpackedBytes = UsualUnpacked)
        : this(pattern, Open(pattern, maxUnpackedBytes), maxMemberBytes) { }

    internal WebDatasetSource(string pattern, IReadOnlyList<Shard> shards, long maxMemberBytes)
    {
        Require.Within(maxMemberBytes, 1, Array.MaxLength, "the limit for a member");
        Name = Path.GetFileName(pattern);
        var indices = shards.Select(shard => new ShardIndex(shard, maxMemberBytes)).ToArray();
        var found = new IReadOnlyList<ShardSample>[indices.Length];
        ParallelLoop.Run(indices.Length, i => found[i] = indices[i].Samples());
        foreach (var some in found) samples.AddRange(some);
        var log = new SkipLog();
        foreach (var index in indices) log.Add(index.Log);
        Skipped = log.Report();
        if (samples.Count == 0) throw new InvalidDataException(Nothing(pattern, shards.Count));
        // Plain shards are read at any place: the better shuffle is over all samples.
        if (shards.Any(shard => shard.IsStretch)) Shards = [.. found.Select(some => some.Count).Where(count => count > 0)];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => samples.Count;

    /// <summary>Samples in each shard if one is compressed, else null.</summary>
    public IReadOnlyList<int>? Shards { get; }

    /// <summary>What was left out when the shards were opened; damage inside files shows only when they are read.</summary>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The sample is damaged, or its shard has changed.</exception>
    public ImageTextPair Read(int index) => samples[index].Read();

    static Shard[] Open(string pattern, long maxUnpackedBytes)
    {
        Require.Positive(maxUnpackedBytes, "the limit for an unpacked shard");
        var unpacked = new UnpackedShards(maxUnpackedBytes);
        return [.. ShardPattern.Find(pattern).Select(path => Shard.At(path, unpacked))];
    }

    string Nothing(string pattern, int shards) =>
        $"{pattern}: no picture with a caption in {shards} shards; 0001.jpg needs 0001.txt or 0001.json beside it"
            + (Skipped.Count == 0 ? "" : $". Left out: {string.Join("; ", Skipped)}");
}
