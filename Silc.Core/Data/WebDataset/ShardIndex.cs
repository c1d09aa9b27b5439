namespace Silc;

/// <summary>
/// Puts the files of a shard together by their key, the path up to the first dot of the file name, as the webdataset library
/// does, but over the whole shard: tar called on a folder does not write in the order of names.
/// </summary>
/// <param name="shard">What to index.</param>
/// <param name="maxBytes">Limit of a member.</param>
sealed class ShardIndex(Shard shard, long maxBytes)
{
    readonly Dictionary<string, Entry> entries = [];
    readonly List<Entry> order = [];
    readonly Dictionary<string, string> endings = [];

    /// <summary>What was left out.</summary>
    public SkipLog Log { get; } = new();

    /// <summary>The samples in the order in which their keys first occur.</summary>
    /// <exception cref="InvalidDataException">The shard is no tar archive.</exception>
    public IReadOnlyList<ShardSample> Samples()
    {
        using var content = shard.Open();
        foreach (var member in new TarWalk(content, shard.Path, maxBytes, Log).Files()) Add(member);
        var samples = new List<ShardSample>();
        foreach (var entry in order)
        {
            if (entry.Picture is { } picture && (entry.Text ?? entry.Json) is not null)
                samples.Add(new(shard, picture, Ending(entry.Text), Ending(entry.Json)));
            else if (!entry.Refused)
                SkipHalf(entry);
        }
        return samples;
    }

    // Files of other kinds, such as .cls or .npy, belong to other uses of the set.
    void Add(TarMember member)
    {
        var dot = ShardSample.KeyEnd(member.Name);
        if (dot < 0) return;
        var ending = Path.GetExtension(member.Name).ToLowerInvariant();
        var isPicture = PictureFile.IsPicture(member.Name);
        if (!isPicture && ending is not (".txt" or ".json")) return;
        var entry = EntryOf(member.Name[..dot]);
        var limit = ending switch { ".txt" => CaptionFile.MaxText, ".json" => CaptionFile.MaxJson, _ => int.MaxValue };
        if (member.Size > limit)
        {
            entry.Refused = true;
            Skip($"caption {SkipReason.Larger(limit)}", member);
            return;
        }
        ref var place = ref entry.Picture;
        if (!isPicture) place = ref ending == ".txt" ? ref entry.Text : ref entry.Json;
        if (place is null) place = member;
        else Skip(SkipReason.Duplicate, member);
    }

    Entry EntryOf(string key)
    {
        if (entries.TryGetValue(key, out var entry)) return entry;
        order.Add(entry = entries[key] = new());
        return entry;
    }

    // One string for all members that end alike.
    TarMember? Ending(TarMember? member)
    {
        if (member is not { } file) return null;
        var ending = file.Name[ShardSample.KeyEnd(file.Name)..];
        if (!endings.TryAdd(ending, ending)) ending = endings[ending];
        return file with { Name = ending };
    }

    void SkipHalf(Entry entry)
    {
        if (entry.Picture is { } picture) Skip(SkipReason.NoCaption, picture);
        else Skip(SkipReason.NoPicture, entry.Text ?? entry.Json);
    }

    void Skip(string reason, TarMember? member) => Log.Add(reason, $"{shard.Path}: {member?.Name}");

    sealed class Entry
    {
        public TarMember? Picture, Text, Json;
        // Why the sample is left out has been said.
        public bool Refused;
    }
}
