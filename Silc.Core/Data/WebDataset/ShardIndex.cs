namespace Silc;

/// <summary>
/// Puts the files of a shard together by their key, the path up to the first dot of the file name, as the webdataset library
/// does, but over the whole shard: tar called on a folder does not write in the order of names.
/// </summary>
/// <param name="shard">What to index.</param>
/// <param name="fields">Which members are images and captions.</param>
/// <param name="maxBytes">Limit of a member.</param>
sealed class ShardIndex(Shard shard, ShardFields fields, long maxBytes)
{
    // More distinct endings than this are names with dots in them, not kinds of files.
    const int MostEndings = 100;

    readonly Dictionary<string, Entry> entries = [];
    readonly List<Entry> order = [];
    readonly Dictionary<string, string> endings = [];
    readonly Dictionary<string, long> held = [];

    /// <summary>What was left out.</summary>
    public SkipLog Log { get; } = new();

    /// <summary>Fields of the members that have a key, and how many of each.</summary>
    public IReadOnlyDictionary<string, long> Held => held;

    /// <summary>The samples in the order in which their keys first occur.</summary>
    /// <exception cref="InvalidDataException">The shard is no tar archive.</exception>
    public IReadOnlyList<ShardSample> Samples()
    {
        using var content = shard.Open();
        foreach (var member in new TarWalk(content, shard.Path, maxBytes, Log).Files()) Add(member);
        var samples = new List<ShardSample>();
        foreach (var entry in order)
        {
            if (entry.Image is { } image && ((entry.Text ?? entry.Json) is not null || !fields.NeedCaptions))
                samples.Add(new(shard, fields, image, Ending(entry.Text), Ending(entry.Json),
                    entry is { Label: null, Mask: null } ? null : new(Ending(entry.Label), Ending(entry.Mask))));
            else if (!entry.Refused)
                SkipHalf(entry);
        }
        return samples;
    }

    void Add(TarMember member)
    {
        if (DataFolder.LeadsToHidden(member.Name))
        {
            if (ImageFile.IsImage(member.Name)) Skip(SkipReason.Hidden, member);
            return;
        }
        var dot = ShardSample.KeyEnd(member.Name);
        if (dot < 0) return;
        var field = member.Name[(dot + 1)..].ToLowerInvariant();
        if (held.Count < MostEndings || held.ContainsKey(field)) held[field] = held.GetValueOrDefault(field) + 1;
        var (image, text) = (fields.ImageRank(field), fields.TextRank(field));
        // A class and a mask are no sample by themselves.
        if (field == fields.Mask) Place(ref EntryOf(member.Name[..dot]).Mask, member, _ => 0);
        else if (field == fields.Label && text < 0) Place(ref EntryOf(member.Name[..dot]).Label, member, _ => 0);
        else if (image < 0 && text < 0 && field != ShardFields.Json) SkipOther(member);
        else Take(EntryOf(member.Name[..dot]), member, field, image, text);
    }

    void Take(Entry entry, TarMember member, string field, int image, int text)
    {
        var limit = image >= 0 ? int.MaxValue : text >= 0 ? CaptionFile.MaxText : CaptionFile.MaxJson;
        if (member.Size > limit)
        {
            entry.Refused = true;
            Skip($"caption {SkipReason.Larger(limit)}", member);
        }
        else if (image >= 0)
        {
            Place(ref entry.Image, member, fields.ImageRank);
        }
        else
        {
            Place(ref field == ShardFields.Json && text < 0 ? ref entry.Json : ref entry.Text, member, fields.TextRank);
        }
    }

    // Of several fields the preferred one, of one field the first.
    void Place(ref TarMember? place, TarMember member, Func<string, int> rank)
    {
        if (place is { } known)
        {
            var better = rank(Field(member)) < rank(Field(known));
            Skip(SkipReason.Duplicate, better ? known : member);
            if (!better) return;
        }
        place = member;
    }

    static string Field(TarMember member) => member.Name[(ShardSample.KeyEnd(member.Name) + 1)..].ToLowerInvariant();

    // Files of other kinds, such as .cls or .npy, belong to other uses of the set; those that look like images or captions may be missed.
    void SkipOther(TarMember member)
    {
        var ending = Path.GetExtension(member.Name).ToLowerInvariant();
        if (ImageFile.IsImage(member.Name) || ending is ".txt" or ".json") Skip(SkipReason.OtherField, member);
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
        if (entry.Image is { } image) Skip(SkipReason.NoCaption, image);
        // A class alone belongs to something else.
        else if ((entry.Text ?? entry.Json ?? entry.Mask) is { } half) Skip(SkipReason.NoImage, half);
    }

    void Skip(string reason, TarMember? member) => Log.Add(reason, $"{shard.Path}: {member?.Name}");

    sealed class Entry
    {
        public TarMember? Image, Text, Json, Label, Mask;
        // The sample is left out, and the reason is in the log already.
        public bool Refused;
    }
}
