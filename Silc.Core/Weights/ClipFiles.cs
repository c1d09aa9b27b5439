namespace Silc;

/// <summary>The files of CLIP's tokenizer beside a model, under the names that its libraries give them.</summary>
static class ClipFiles
{
    /// <summary>Merges as OpenAI and Silc name them, which come with OpenAI's treatment of text.</summary>
    static readonly string[] names = ["tokenizer.txt.gz", "bpe_simple_vocab_16e6.txt.gz", TokenizerFiles.JsonName, ClipTokenizer.MergesName];

    /// <summary>The tokenizer in the same folder; null if there is none.</summary>
    public static TokenizerOrigin? Beside(string weights) =>
        names.Select(name => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(weights))!, name)).FirstOrDefault(File.Exists) is { } file
            ? TokenizerOrigin.Of(file) : null;
}
