namespace Silc;

/// <summary>
/// A picture in a shard and where its captions are: a text, a JSON file or both. Of their names only what follows the key is
/// kept: there are millions of samples.
/// </summary>
readonly record struct ShardSample(Shard Shard, TarMember Picture, TarMember? Text, TarMember? Json)
{
    /// <exception cref="InvalidDataException">Picture or captions are damaged.</exception>
    public ImageTextPair Read()
    {
        var captions = new List<string>();
        var name = $"{Shard.Path}: {Picture.Name}";
        if (Text is { } text) captions.AddRange(CaptionFile.Text(Bytes(text), Name(text)));
        if (Json is { } json) captions.AddRange(CaptionFile.Json(Bytes(json), Name(json)));
        if (captions.Count == 0) throw new InvalidDataException($"{name} has no caption");
        // img2dataset writes the caption into both files.
        return new(name, PictureFile.Decode(Bytes(Picture), name), [.. captions.Distinct()]);
    }

    /// <summary>Where the key of a member ends: at the first dot of its file name; -1 if it has no key.</summary>
    public static int KeyEnd(string name)
    {
        var start = name.LastIndexOf('/') + 1;
        var dot = name.IndexOf('.', start);
        return dot > start ? dot : -1;
    }

    byte[] Bytes(TarMember member)
    {
        using var _ = LoadClock.In(LoadStage.Read);
        return Shard.Read(member);
    }

    string Name(TarMember caption) => $"{Shard.Path}: {Picture.Name[..KeyEnd(Picture.Name)]}{caption.Name}";
}
