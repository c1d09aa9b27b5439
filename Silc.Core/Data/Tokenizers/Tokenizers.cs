namespace Silc;

/// <summary>Opens a tokenizer by the name of its vocabulary file.</summary>
public static class Tokenizers
{
    /// <summary>
    /// Null, empty or <c>bytes</c>: <see cref="ByteTokenizer"/>; <c>*.model</c>: <see cref="SentencePieceTokenizer"/> (SigLIP,
    /// SILC); <c>*.txt.gz</c>, <c>*.bpe</c>: <see cref="ClipTokenizer"/>.
    /// </summary>
    /// <exception cref="ArgumentException">None of these; the message lists them.</exception>
    public static Tokenizer Open(string? pathOrName = null) => pathOrName switch
    {
        null or "" or "bytes" => new ByteTokenizer(),
        _ when Ends(pathOrName, ".model") => SentencePieceTokenizer.Load(pathOrName),
        _ when Ends(pathOrName, ".txt.gz") || Ends(pathOrName, ".bpe") => ClipTokenizer.Load(pathOrName),
        _ => throw new ArgumentException(
            $"no tokenizer for '{pathOrName}'; use 'bytes', a SentencePiece file (*.model) or CLIP's merges (*.txt.gz, *.bpe)"),
    };

    static bool Ends(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
