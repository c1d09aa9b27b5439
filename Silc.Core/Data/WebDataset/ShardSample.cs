namespace Silc;

/// <summary>
/// An image in a shard and where its captions are: a text, a JSON file or both. Of their names only what follows the key is
/// kept: there are millions of samples.
/// </summary>
readonly record struct ShardSample(Shard Shard, ShardFields Fields, TarMember Image, TarMember? Text, TarMember? Json)
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
