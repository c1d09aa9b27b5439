namespace Silc;

/// <summary>What makes a tokenizer again, so that files of models and runs can hold theirs.</summary>
/// <param name="Name">
/// As <see cref="Tokenizers.Open(string?)"/> takes it: <c>words</c>, or the name of a file, of which the ending counts.
/// </param>
/// <param name="File">The bytes of that file; null for names that need none.</param>
public sealed record TokenizerOrigin(string Name, byte[]? File = null)
{
    /// <summary>A tokenizer like the first.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public Tokenizer Open() => File is null ? Tokenizers.Open(Name) : Tokenizers.Open(Name, File);

    /// <summary>True if both make the same tokenizer, whatever their files are called.</summary>
    public bool Matches(TokenizerOrigin other) =>
        File is null || other.File is null ? File == other.File && Name == other.Name : File.AsSpan().SequenceEqual(other.File);
}
