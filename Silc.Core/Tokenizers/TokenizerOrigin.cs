namespace Silc;

/// <summary>What makes a tokenizer again, so that files of models and runs can hold theirs. Threads: immutable; any number may share it.</summary>
/// <param name="Name">As <see cref="Tokenizers.Open(string?)"/> takes it: <c>words</c>, or the name of a file, of which the ending counts.</param>
/// <param name="File">The bytes of that file; null for names that need none.</param>
public sealed record TokenizerOrigin(string Name, byte[]? File = null)
{
    /// <summary>What a SentencePiece vocabulary does to a caption's letters; others have rules of their own.</summary>
    public CaptionRule Captions { get; init; }

    /// <summary>
    /// Other files of the same tokenizer, by name, that transformers wants beside it
    /// (<c>tokenizer.json</c>, <c>tokenizer_config.json</c>); not all formats have a place for them.
    /// </summary>
    internal IReadOnlyDictionary<string, byte[]> Companions { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>That of a built-in name, or of a file. A <c>tokenizer_config.json</c> beside a file says what becomes of captions.</summary>
    public static TokenizerOrigin Of(string pathOrName) => Tokenizers.IsBuiltIn(pathOrName) ? new(pathOrName)
        : TokenizerFiles.Open(pathOrName, CaptionRule.LowerAscii);

    /// <summary>It is a SentencePiece model, as Hugging Face and open_clip want for SigLIP.</summary>
    public bool IsSentencePiece => File is not null && Name.EndsWith(".model", StringComparison.OrdinalIgnoreCase);

    /// <summary>A tokenizer like the first.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public Tokenizer Open() => File is null ? Tokenizers.Open(Name) : Tokenizers.Open(Name, File, Captions);

    /// <summary>True if both make the same tokenizer, whatever their files are called.</summary>
    public bool Matches(TokenizerOrigin other) =>
        File is null || other.File is null ? File == other.File && Name == other.Name
            : File.AsSpan().SequenceEqual(other.File) && (!IsSentencePiece || Captions == other.Captions);
}
