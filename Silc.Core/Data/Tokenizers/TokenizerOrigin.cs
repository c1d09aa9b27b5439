namespace Silc;

/// <summary>
/// What makes a tokenizer again, so that files of models and runs can hold theirs.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Name">
/// As <see cref="Tokenizers.Open(string?)"/> takes it: <c>words</c>, or the name of a file, of which the ending counts.
/// </param>
/// <param name="File">The bytes of that file; null for names that need none.</param>
public sealed record TokenizerOrigin(string Name, byte[]? File = null)
{
    /// <summary>That of a built-in name, or of a file.</summary>
    public static TokenizerOrigin Of(string pathOrName) =>
        Tokenizers.IsBuiltIn(pathOrName) ? new(pathOrName) : new(Path.GetFileName(pathOrName), System.IO.File.ReadAllBytes(pathOrName));

    /// <summary>It is a SentencePiece model, as Hugging Face and open_clip want for SigLIP.</summary>
    public bool IsSentencePiece => File is not null && Name.EndsWith(".model", StringComparison.OrdinalIgnoreCase);

    /// <summary>A tokenizer like the first.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public Tokenizer Open() => File is null ? Tokenizers.Open(Name) : Tokenizers.Open(Name, File);

    /// <summary>True if both make the same tokenizer, whatever their files are called.</summary>
    public bool Matches(TokenizerOrigin other) =>
        File is null || other.File is null ? File == other.File && Name == other.Name : File.AsSpan().SequenceEqual(other.File);
}
