namespace Silc;

/// <summary>Opens a tokenizer by the name of its vocabulary file. Threads: any number may call.</summary>
/// <example>
/// <code>
/// Tokenizer words = Tokenizers.Open("words"), released = Tokenizers.Open("sentencepiece.model");
/// int[] ids = released.Tokens("a red bicycle", length: 64);
/// </code>
/// </example>
public static class Tokenizers
{
    const string WordsOf = "words:";

    /// <summary>
    /// Null, empty or <c>bytes</c>: <see cref="ByteTokenizer"/>; <c>words</c>, or <c>words:2000</c> for
    /// as many ids: <see cref="WordTokenizer"/>; <c>*.model</c>: <see cref="SentencePieceTokenizer"/>
    /// (SigLIP, SILC); <c>*.txt.gz</c>, <c>*.bpe</c>, <c>merges.txt</c>: <see cref="ClipTokenizer"/>.
    /// </summary>
    /// <exception cref="ArgumentException">None of these; the message lists them.</exception>
    public static Tokenizer Open(string? pathOrName = null) => pathOrName switch
    {
        null or "" or "bytes" => new ByteTokenizer(),
        "words" => new WordTokenizer(),
        _ when WordCount(pathOrName) is { } count => new WordTokenizer(count),
        _ when Ends(pathOrName, ".model") || Ends(pathOrName, TokenizerFiles.JsonName) || ClipTokenizer.IsMerges(pathOrName) || Ends(pathOrName,
            ".txt.gz") || Ends(pathOrName, ".bpe") =>
            TokenizerOrigin.Of(pathOrName).Open(),
        _ => Open(pathOrName, [], CaptionRule.AsIs),      // says what there is
    };

    /// <summary>Opens a tokenizer from the bytes of its file; the ending of <paramref name="name"/> says of which kind.</summary>
    /// <exception cref="ArgumentException">It ends in none that is known.</exception>
    public static Tokenizer Open(string name, byte[]? file) => file is null
        ? TokenizerOrigin.Of(name).Open() : Open(name, file, CaptionRule.LowerAscii);

    internal static Tokenizer Open(string name, byte[] file, CaptionRule captions) => name switch
    {
        _ when Ends(name, ".model") => SentencePieceTokenizer.Load(name, file, captions),
        _ when Ends(name, TokenizerFiles.JsonName) => TokenizerJson.Open(name, file, captions),
        _ when ClipTokenizer.IsMerges(name) || Ends(name, ".txt.gz") || Ends(name, ".bpe") => ClipTokenizer.Load(name, file),
        _ => throw new ArgumentException(
            $"no tokenizer for '{name}'; use 'bytes', 'words', a SentencePiece file (*.model), a tokenizer.json "
                + "or CLIP's merges (*.txt.gz, *.bpe, merges.txt)"),
    };

    /// <summary>True for names that need no file.</summary>
    public static bool IsBuiltIn(string name) => name is "bytes" or "words" || WordCount(name) is not null;

    internal static string WordsName(int vocabSize) => vocabSize == WordTokenizer.UsualSize ? "words" : $"{WordsOf}{vocabSize}";

    static int? WordCount(string name) =>
        name.StartsWith(WordsOf, StringComparison.Ordinal) && int.TryParse(name[WordsOf.Length..], out var count) && count > 2
            ? count : null;

    static bool Ends(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
