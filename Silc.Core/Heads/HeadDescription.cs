namespace Silc;

/// <summary>
/// What a head's file says beside its arrays: its kind and sizes, and which tower, tokenizer and prompts it was trained with.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Kind">What it is made of.</param>
/// <param name="Tower">Fingerprint of the model it reads; see <c>SilcModel.Fingerprint</c>. No other will do.</param>
/// <param name="Tokenizer">Fingerprint of the model's tokenizer; null for one that only its program can make.</param>
/// <param name="Width">Channels D of the tower's tokens.</param>
/// <param name="EmbedDim">Channels E of the space of texts.</param>
/// <param name="Resolution">Side of the images that it was trained on, in pixels. Another one is legal.</param>
/// <param name="Seen">Names of the classes that it was trained on.</param>
/// <param name="Templates">Sentences around class names, with {}.</param>
/// <param name="Canonical">Prompts are made canonical first; see <see cref="Prompts.Canonical"/>.</param>
public sealed record HeadDescription(HeadKind Kind, string Tower, string? Tokenizer, int Width, int EmbedDim, int Resolution,
    IReadOnlyList<string> Seen, IReadOnlyList<string> Templates, bool Canonical = true)
{
    /// <summary>Which names of a class it was trained with: with <see cref="AliasUse.Average"/> all of them, averaged.</summary>
    public AliasUse Aliases { get; init; }

    /// <summary>Where the model lay when the head was trained, for messages; null if that is not known.</summary>
    public string? TowerName { get; init; }

    /// <summary>
    /// Patterns of the towers' parameters that were trained along, with multipliers of the learning rate; their values are in the head's file,
    /// and the model stays as it is. Null where the towers were frozen.
    /// </summary>
    public IReadOnlyList<RateRule>? Tuned { get; init; }

    /// <summary>Sizes of CAT-Seg; null for other kinds.</summary>
    public CatSegConfig? CatSeg { get; init; }

    /// <summary>Sizes of a detection head; null for other kinds.</summary>
    public DetectionConfig? Detection { get; init; }

    /// <summary>Sizes of a head that writes; null for other kinds.</summary>
    public DecoderConfig? Decoder { get; init; }

    /// <summary>The words that it can write and read, in the order of their ids; null for other kinds.</summary>
    public IReadOnlyList<string>? Words { get; init; }

    /// <summary>What a head of this kind is for, and who opens it.</summary>
    internal string Use => Kind switch
    {
        HeadKind.Owl => "this head detects things: open it by DetectionHead, or ask it by silc head eval detect or silc detect",
        HeadKind.Caption => "this head writes captions: open it by DecoderHead, or ask it by silc head eval caption or silc caption",
        HeadKind.Answer => "this head answers questions: open it by DecoderHead, or ask it by silc head eval answer or silc answer",
        _ => "this head is for segmentation: open it by SegmentationHead, or ask it by silc head eval segment or silc segment",
    };

    /// <summary>Whether it was trained on a class of this name.</summary>
    public bool HasSeen(string name) => Seen.Contains(name);

    /// <summary>Throws unless the head was trained on this tower, with this tokenizer.</summary>
    /// <param name="path">What errors call the head.</param>
    /// <param name="tower">Fingerprint of the model at hand.</param>
    /// <param name="tokenizer">Fingerprint of its tokenizer, if it has one.</param>
    /// <exception cref="InvalidDataException">The message names both fingerprints and says which tower the head needs.</exception>
    internal void Require(string path, string tower, string? tokenizer)
    {
        if (Tower != tower)
            throw new InvalidDataException($"{path} is a head for the tower {Tower}{(TowerName is null ? "" : $" ({TowerName})")}, and this model is "
                + $"{tower}: a head reads the features of the very weights that it was trained on. Load that model, or train a head for this one");
        if (Tokenizer is not null && tokenizer is not null && Tokenizer != tokenizer)
            throw new InvalidDataException($"{path} was trained with the tokenizer {Tokenizer}, and this model has {tokenizer}: class names would be "
                + "other tokens. Load the model with the tokenizer that it came with");
    }
}
