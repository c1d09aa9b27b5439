namespace Silc;

/// <summary>
/// Which members of a sample are its image and its captions. A field is what follows the first dot of a member's name, in lower case:
/// <c>0001.depth.png</c> is the field depth.png, not png.
/// </summary>
sealed class ShardFields
{
    /// <summary>The captions of a sample in plain text and in JSON, unless another field is named.</summary>
    public const string Text = "txt", Json = "json";

    /// <summary>The class of a sample and the classes of its pixels, unless another field is named.</summary>
    public const string UsualLabel = "cls", UsualMask = "seg.png";

    // The order in which open_clip looks for them, then what else is read.
    static readonly string[] usualImages = ["jpg", "png", "jpeg", "webp", "gif", "bmp"];
    static readonly string[] usualKeys = ["caption", "text", "captions"];

    readonly string[] images, texts;

    /// <param name="image">Fields of images, the first that a sample has being its image; several are separated by ; as in webdataset.</param>
    /// <param name="caption">Fields of captions; each names a member of text, and a key in <c>.json</c>.</param>
    /// <param name="needCaptions">False takes samples without captions, too.</param>
    /// <param name="label">Field of classes; null means <see cref="UsualLabel"/>, where there are such members.</param>
    /// <param name="mask">Field of label maps; null for none.</param>
    public ShardFields(string? image = null, string? caption = null, bool needCaptions = true, string? label = null, string? mask = null)
    {
        (NamedLabel, Label, Mask) = (label is not null, Field(label) ?? UsualLabel, Field(mask));
        (NeedCaptions, NamedCaptions, NamedImages) = (needCaptions, Split(caption) ?? [], Split(image) ?? []);
        images = Split(image) ?? usualImages;
        texts = Split(caption) ?? [Text];
        Keys = Split(caption) ?? usualKeys;
    }

    /// <summary>The field of classes.</summary>
    public string Label { get; }

    /// <summary>The user named it: a sample without one is an error.</summary>
    public bool NamedLabel { get; }

    /// <summary>The field of label maps; null where nobody wants them.</summary>
    public string? Mask { get; }

    /// <summary>Samples without a caption are left out.</summary>
    public bool NeedCaptions { get; }

    /// <summary>The fields of captions that the user named; empty where the usual ones apply.</summary>
    public IReadOnlyList<string> NamedCaptions { get; }

    /// <summary>The same of images.</summary>
    public IReadOnlyList<string> NamedImages { get; }

    /// <summary>Keys of captions in <c>.json</c>.</summary>
    public IReadOnlyList<string> Keys { get; }

    /// <summary>Place of a field among those of images, the lowest being preferred; -1 if it is none.</summary>
    public int ImageRank(string field) => Rank(images, field);

    /// <summary>As <see cref="ImageRank"/>, of captions in plain text.</summary>
    public int TextRank(string field) => Rank(texts, field);

    /// <inheritdoc/>
    public override string ToString() => $"an image is one of .{string.Join(", .", images)}; its captions .{string.Join(", .", texts)}, "
        + $"or {string.Join(", ", Keys)} in .{Json}";

    // Case counts in a key of JSON, not in the ending of a member.
    static int Rank(string[] names, string field) => Array.FindIndex(names, name => name.Equals(field, StringComparison.OrdinalIgnoreCase));

    static string? Field(string? named) => named?.TrimStart('.').ToLowerInvariant();

    static string[]? Split(string? fields)
    {
        if (fields is null) return null;
        const StringSplitOptions Words = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        string[] names = [.. fields.Split([';', ','], Words).Select(name => name.TrimStart('.'))];
        Require.That(names.Length > 0 && names.All(name => name != ""), $"'{fields}' names no field of shards; say for example jpg or caption");
        return names;
    }
}
