namespace Silc;

/// <summary>A picture in a shard and where its captions are: a text, a JSON file or both.</summary>
readonly record struct ShardSample(Shard Shard, TarMember Picture, TarMember? Text, TarMember? Json)
{
    /// <exception cref="InvalidDataException">Picture or captions are damaged.</exception>
    public ImageTextPair Read()
    {
        var captions = new List<string>();
        if (Text is { } text) captions.AddRange(CaptionFile.Text(Shard.Read(text), Name(text)));
        if (Json is { } json) captions.AddRange(CaptionFile.Json(Shard.Read(json), Name(json)));
        var name = Name(Picture);
        if (captions.Count == 0) throw new InvalidDataException($"{name} has no caption");
        // img2dataset writes the caption into both files.
        return new(name, PictureFile.Decode(Shard.Read(Picture), name), [.. captions.Distinct()]);
    }

    string Name(TarMember member) => $"{Shard.Path}: {member.Name}";
}
