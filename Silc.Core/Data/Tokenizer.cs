namespace Silc;

/// <summary>Text to a row of token ids of fixed length. Threads: any number may use it at once.</summary>
public abstract class Tokenizer
{
    /// <summary>Ids are below this.</summary>
    public abstract int VocabSize { get; }

    /// <summary>What makes it again, for files of models and runs; null for one that only its program can make.</summary>
    public virtual TokenizerOrigin? Origin => null;

    /// <summary>The text's ids alone: no end token, no padding, not truncated.</summary>
    public abstract int[] Encode(string text);

    /// <summary>Exactly <paramref name="length"/> ids as the text tower wants them: normalised, truncated, ended and padded.</summary>
    public abstract int[] Tokens(string text, int length);
}
