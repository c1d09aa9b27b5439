namespace Silc;

/// <summary>Opens a tokenizer by the name of its vocabulary file.</summary>
public static class Tokenizers
{
    /// <summary>
    /// Null, empty or <c>bytes</c>: <see cref="ByteTokenizer"/>; <c>words</c>: <see cref="WordTokenizer"/>; <c>*.model</c>: <see cref="SentencePieceTokenizer"/> (SigLIP,
    /// SILC); <c>*.txt.gz</c>, <c>*.bpe</c>: <see cref="ClipTokenizer"/>.
    /// </summary>
    /// <exception cref="ArgumentException">None of these; the message lists them.</exception>
    public static Tokenizer Open(string? pathOrName = null) => pathOrName switch
    {
        null or "" or "bytes" => new ByteTokenizer(),
        "words" => new WordTokenizer(),
        _ when Ends(pathOrName, ".model") => SentencePieceTokenizer.Load(pathOrName),
        _ when Ends(pathOrName, ".txt.gz") || Ends(pathOrName, ".bpe") => ClipTokenizer.Load(pathOrName),
        _ => throw new ArgumentException(
            $"no tokenizer for '{pathOrName}'; use 'bytes', 'words', a SentencePiece file (*.model) or CLIP's merges (*.txt.gz, *.bpe)"),
    };

    /// <summary>True for names that need no file.</summary>
    public static bool IsBuiltIn(string name) => name is "bytes" or "words";

    static bool Ends(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
