namespace Silc;

/// <summary>
/// Images and captions in tar archives, the format of the webdataset library (github.com/webdataset/webdataset): files that
/// share their path up to the first dot are one sample, <c>0001.jpg</c> with <c>0001.txt</c> (one caption) or
/// <c>0001.json</c> (caption, text or captions: a string or an array of strings). What follows that dot is the field, taken whole:
/// <c>0001.depth.png</c> is no image of the sample. Hidden files are left out. Nothing is unpacked to disk. Prefer plain
/// .tar: a compressed shard is unpacked in memory when a sample of it is wanted; the two used last are kept.
/// Threads: any number may call <see cref="Read"/>.
/// </summary>
/// <example>
/// <code>
/// var shards = new WebDatasetSource("shards/{00000..00099}.tar");
/// using var run = new TrainRun(model, shards, new TrainConfig(BatchSize: 256));
/// </code>
/// </example>
public sealed class WebDatasetSource : ILabelled
{
    /// <summary>Bytes of the largest member that is read unless another limit is given.</summary>
    public const long UsualMember = 64L << 20;

    /// <summary>Bytes that a compressed shard may become unless another limit is given.</summary>
    public const long UsualUnpacked = 2L << 30;

    const int MostShown = 12, MostKeys = 1000;

    readonly List<ShardSample> samples = [];
    readonly Lazy<LabelSet?> classes;

    /// <summary>Reads the headers of all shards.</summary>
    /// <param name="pattern">
    /// A shard, .tar, .tar.gz or .tgz; or several by braces, <c>data/{00000..00041}.tar</c>, or stars, <c>data/*.tar</c>, of which
    /// <c>**</c> stands for folders of all levels.
    /// </param>
    /// <param name="maxMemberBytes">Larger members are left out.</param>
    /// <param name="maxUnpackedBytes">Limit for a compressed shard when unpacked; two may be in memory at a time.</param>
    /// <param name="imageField">Fields of images, in order of preference, as <c>jpg;png</c>; null takes those of files that can be read.</param>
    /// <param name="captionField">Fields of captions, each a member of text or a key of <c>.json</c>; null takes the names above.</param>
    /// <param name="needCaptions">False takes images without captions as well, for what looks at images alone.</param>
    /// <param name="labelField">Field of classes, each sample having one; null takes <c>.cls</c> where every sample has it.</param>
    /// <exception cref="FileNotFoundException">A shard is missing or none matches.</exception>
    /// <exception cref="InvalidDataException">
    /// A shard is no tar or unpacks to too much, no shard has a sample, or none has the field of captions that is named; the message says
    /// which fields there are.
    /// </exception>
    /// <exception cref="ArgumentException">A limit is not positive, or that of a member is beyond what an array holds.</exception>
    public WebDatasetSource(string pattern, long maxMemberBytes = UsualMember, long maxUnpackedBytes = UsualUnpacked,
        string? imageField = null, string? captionField = null, bool needCaptions = true, string? labelField = null)
        : this(pattern, log => Open(pattern, maxUnpackedBytes, log), maxMemberBytes, new(imageField, captionField, needCaptions, labelField)) { }

    internal WebDatasetSource(string pattern, ShardFields fields, long maxMemberBytes = UsualMember, long maxUnpackedBytes = UsualUnpacked)
        : this(pattern, log => Open(pattern, maxUnpackedBytes, log), maxMemberBytes, fields) { }

    internal WebDatasetSource(string pattern, IReadOnlyList<Shard> shards, long maxMemberBytes)
        : this(pattern, _ => shards, maxMemberBytes, new()) { }

    WebDatasetSource(string pattern, Func<SkipLog, IReadOnlyList<Shard>> open, long maxMemberBytes, ShardFields fields)
    {
        Require.Within(maxMemberBytes, 1, Array.MaxLength, "the limit for a member");
        Name = Path.GetFileName(pattern);
        classes = new(() => ReadClasses(pattern, fields));
        var log = new SkipLog();
        var shards = open(log);
        var indices = shards.Select(shard => new ShardIndex(shard, fields, maxMemberBytes)).ToArray();
        var found = new IReadOnlyList<ShardSample>[indices.Length];
        ParallelLoop.Run(indices.Length, i => found[i] = indices[i].Samples());
        foreach (var some in found) samples.AddRange(some);
        foreach (var index in indices) log.Add(index.Log);
        Skipped = log.Report();
        if (samples.Count == 0) throw new InvalidDataException(Nothing(pattern, indices, fields));
        CheckCaptions(pattern, indices, fields);
        // Plain shards are read at any place: the better shuffle is over all samples.
        if (shards.Any(shard => shard.IsStretch)) Shards = [.. found.Select(some => some.Count).Where(count => count > 0)];
    }

    /// <summary>Takes over where another has found the samples of the same shards, and reads no header.</summary>
    /// <param name="pattern">As of the other.</param>
    /// <param name="fields">As of the other.</param>
    /// <param name="maxUnpackedBytes">As of the other.</param>
    /// <param name="table">Its samples as bytes, in blocks.</param>
    /// <exception cref="FileNotFoundException">A shard is missing here.</exception>
    /// <exception cref="InvalidDataException">A shard has another length here.</exception>
    internal WebDatasetSource(string pattern, ShardFields fields, long maxUnpackedBytes, IEnumerable<byte[]> table)
    {
        Name = Path.GetFileName(pattern);
        classes = new(() => ReadClasses(pattern, fields));
        var unpacked = new UnpackedShards(maxUnpackedBytes);
        var skipped = new List<SkippedMembers>();
        foreach (var block in table)
            ShardTable.Read(block, (path, isStretch) => isStretch ? new GzipShard(path, unpacked) : new PlainShard(path), fields, samples, skipped);
        Skipped = skipped;
        if (samples.Any(sample => sample.Shard.IsStretch)) Shards = [.. samples.CountBy(sample => sample.Shard).Select(shard => shard.Value)];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => samples.Count;

    /// <summary>Samples in each shard if one is compressed, else null.</summary>
    public IReadOnlyList<int>? Shards { get; }

    /// <summary>What was left out when the shards were opened; damage inside files shows only when they are read.</summary>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <summary>The class of each sample, read when first asked for; null where not every sample has one.</summary>
    /// <exception cref="InvalidDataException">A field of classes was named, and a sample has none; or one is no text.</exception>
    public LabelSet? Classes => classes.Value;

    /// <summary>Where things are.</summary>
    internal IReadOnlyList<ShardSample> Samples => samples;

    /// <summary>The same as bytes, for others with the same shards, in blocks of about so many.</summary>
    internal IEnumerable<byte[]> Table(int blockBytes) => ShardTable.Write(samples, Skipped, blockBytes);

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The sample is damaged, or its shard has changed.</exception>
    public ImageTextPair Read(int index) => samples[index].Read();

    LabelSet? ReadClasses(string pattern, ShardFields fields)
    {
        if (samples.FindIndex(sample => sample.Truth?.Label is null) is >= 0 and var missing)
            return !fields.NamedLabel ? null
                : throw new InvalidDataException($"{pattern}: {samples[missing].Key} has no class, .{fields.Label}; name the field of classes by "
                    + "--label-field (labelField), or leave that sample out");
        var labels = new string[samples.Count];
        // In order, for compressed shards are unpacked one after another.
        for (int i = 0; i < labels.Length; i++) labels[i] = samples[i].ReadLabel()!;
        return LabelSet.From(labels, label => label);
    }

    static Shard[] Open(string pattern, long maxUnpackedBytes, SkipLog log)
    {
        Require.Positive(maxUnpackedBytes, "the limit for an unpacked shard");
        var unpacked = new UnpackedShards(maxUnpackedBytes);
        return [.. ShardPattern.Find(pattern, log).Select(path => Shard.At(path, unpacked))];
    }

    // A field that no sample has is an error: otherwise every caption would be empty. The search usually ends at the first sample.
    void CheckCaptions(string pattern, IReadOnlyList<ShardIndex> indices, ShardFields fields)
    {
        if (fields.NamedCaptions.Count == 0 || samples.Exists(sample => sample.Text is not null)) return;
        var keys = new HashSet<string>();
        foreach (var sample in samples.Where(sample => sample.Json is not null))
        {
            foreach (var key in sample.JsonKeys()) if (keys.Count < MostKeys) keys.Add(key);
            if (fields.NamedCaptions.Any(keys.Contains)) return;
        }
        var named = string.Join(", ", fields.NamedCaptions);
        var shown = keys.Count == 0 ? "" : $", with the keys {string.Join(", ", keys.Take(MostShown))}{(keys.Count > MostShown ? ", ..." : "")}";
        var known = keys.Concat(Held(indices).Select(field => field.Field));
        throw new InvalidDataException($"{pattern}: no sample has captions in '{named}', neither as .{named} nor as a key in .{ShardFields.Json}. "
            + $"The shards hold {Shown(Held(indices))}{shown}; name captions by --caption-field (captionField){Hint(fields.NamedCaptions, known)}");
    }

    static string Hint(IReadOnlyList<string> named, IEnumerable<string> known) =>
        named.Select(name => NearWord.Hint(name, known)).FirstOrDefault(hint => hint != "") ?? "";

    static List<(string Field, long Count)> Held(IReadOnlyList<ShardIndex> indices) => [.. indices.SelectMany(index => index.Held)
        .GroupBy(field => field.Key, (field, counts) => (Field: field, Count: counts.Sum(count => count.Value)))
        .OrderByDescending(field => field.Count).ThenBy(field => field.Field, StringComparer.Ordinal)];

    static string Shown(List<(string Field, long Count)> held) =>
        string.Join(", ", held.Take(MostShown).Select(field => $".{field.Field} ({field.Count:N0})")) + (held.Count > MostShown ? ", ..." : "");

    string Nothing(string pattern, IReadOnlyList<ShardIndex> indices, ShardFields fields)
    {
        var held = Held(indices);
        return $"{pattern}: no image with a caption in {indices.Count} {(indices.Count == 1 ? "shard" : "shards")}; {fields}"
            + (held.Count == 0 ? "" : $". They hold {Shown(held)}; ")
            + (held.Count == 0 ? "" : "name images and captions by --image-field and --caption-field (imageField, captionField)"
                + Hint([.. fields.NamedImages, .. fields.NamedCaptions], held.Select(field => field.Field)))
            + (Skipped.Count == 0 ? "" : $". Left out: {string.Join("; ", Skipped)}");
    }
}
