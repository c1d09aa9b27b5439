namespace Silc;

/// <summary>
/// An image in a shard and where its captions are: a text, a JSON file or both. Of their names only what follows the key is
/// kept: there are millions of samples.
/// </summary>
readonly record struct ShardSample(Shard Shard, ShardFields Fields, TarMember Image, TarMember? Text, TarMember? Json, ShardTruth? Truth = null)
{
    /// <exception cref="InvalidDataException">Image or captions are damaged.</exception>
    public ImageTextPair Read()
    {
        var captions = new List<string>();
        var name = $"{Shard.Path}: {Image.Name}";
        if (Text is { } text) captions.AddRange(CaptionFile.Text(Bytes(text), Name(text)));
        var others = new List<string>();
        if (Json is { } json) captions.AddRange(CaptionFile.Json(Bytes(json), Name(json), Fields.Keys, others));
        if (captions.Count == 0 && Fields.NeedCaptions) throw new InvalidDataException(WithoutCaption(name, others));
        // img2dataset writes the caption into both files.
        return new(name, ImageFile.Decode(Bytes(Image), name), [.. captions.Distinct()]);
    }

    /// <summary>Where it is, for reports.</summary>
    public string Key => $"{Shard.Path}: {Image.Name}";

    /// <summary>The image alone.</summary>
    public RgbImage ReadImage() => ImageFile.Decode(Bytes(Image), Key);

    /// <summary>The class of the sample, a name or a number; null where it has none.</summary>
    /// <exception cref="InvalidDataException">It is no text, or blank.</exception>
    public string? ReadLabel()
    {
        if (Truth?.Label is not { } label) return null;
        if (label.Size > CaptionFile.MaxText) throw new InvalidDataException($"{Name(label)} has {label.Size:N0} bytes, which is no class");
        return CaptionFile.Text(Bytes(label), Name(label)).FirstOrDefault() ?? throw new InvalidDataException($"{Name(label)} is empty; it should "
            + "hold the class");
    }

    /// <summary>The label map of the sample and what to call it; null where it has none.</summary>
    public (byte[] Bytes, string Name)? ReadMask() => Truth?.Mask is { } mask ? (Bytes(mask), Name(mask)) : null;

    /// <summary>The keys of its JSON file; none without one, or if it is damaged.</summary>
    public IReadOnlyList<string> JsonKeys()
    {
        try
        {
            return Json is { } json ? CaptionFile.Keys(Bytes(json), Name(json)) : [];
        }
        catch (InvalidDataException)
        {
            return [];
        }
    }

    /// <summary>Where the key of a member ends: at the first dot of its file name; -1 if it has no key.</summary>
    public static int KeyEnd(string name)
    {
        var start = name.LastIndexOf('/') + 1;
        var dot = name.IndexOf('.', start);
        return dot > start ? dot : -1;
    }

    string WithoutCaption(string name, List<string> others)
    {
        const int MostShown = 12;
        var reason = Text is { } text ? $"{Name(text)} is empty" : $"{Name(Json!.Value)} has none of {string.Join(", ", Fields.Keys)}";
        if (others.Count == 0) return $"{name} has no caption: {reason}";
        var shown = string.Join(", ", others.Take(MostShown)) + (others.Count > MostShown ? ", ..." : "");
        return $"{name} has no caption: {reason}, but {shown}; name the one of captions by --caption-field (captionField)";
    }

    byte[] Bytes(TarMember member)
    {
        using var _ = LoadClock.In(LoadStage.Read);
        return Shard.Read(member);
    }

    string Name(TarMember caption) => $"{Shard.Path}: {Image.Name[..KeyEnd(Image.Name)]}{caption.Name}";
}

/// <summary>Where the class of a sample and the classes of its pixels are; most samples have neither, and take no room for them.</summary>
sealed record ShardTruth(TarMember? Label, TarMember? Mask);
