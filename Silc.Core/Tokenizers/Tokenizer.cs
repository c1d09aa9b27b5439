namespace Silc;

/// <summary>Text to a row of token ids of fixed length. Threads: any number may use it at once.</summary>
/// <example>
/// <code>
/// using var own = SilcModel.Create(device, SilcConfig.Mini with { VocabSize = 128 }, tokenizer: new Letters());
///
/// sealed class Letters : Tokenizer                                          // id 0 ends and pads
/// {
///     public override int VocabSize => 128;
///
///     public override int[] Encode(string text) => [.. text.Where(char.IsAscii).Select(letter => (int)letter)];
///
///     public override int[] Tokens(string text, int length)
///     {
///         var ids = new int[length];
///         Encode(text).Take(length - 1).ToArray().CopyTo(ids, 0);
///         return ids;
///     }
/// }
/// </code>
/// </example>
public abstract class Tokenizer
{
    /// <summary>Ids are below this.</summary>
    public abstract int VocabSize { get; }

    /// <summary>
    /// Identity of the vocabulary: two tokenizers with the same fingerprint give the same ids for the same
    /// text. A model needs the one that it was trained with. Null for one that only its program can make.
    /// </summary>
    public virtual string? Fingerprint => null;

    /// <summary>What makes it again, for files of models and runs; null for one that only its program can make.</summary>
    public virtual TokenizerOrigin? Origin => null;

    /// <summary>
    /// This tokenizer for a model whose table of tokens has <paramref name="rows"/> rows. Ids past them are left out if they are reserved and no
    /// caption has them, as T5's <c>&lt;extra_id_0&gt;</c>, which SigLIP's multilingual models have no rows for.
    /// </summary>
    /// <exception cref="ArgumentException">Captions could have ids past the table: the tokenizer is of another model.</exception>
    public virtual Tokenizer Fit(int rows) => VocabSize <= rows ? this
        : throw new ArgumentException($"the tokenizer has {VocabSize:N0} ids, the model's vocabulary only {rows:N0}: it is of another model");

    /// <summary>The text's ids alone: no end token, no padding, not truncated.</summary>
    public abstract int[] Encode(string text);

    /// <summary>Exactly <paramref name="length"/> ids as the text tower wants them: normalised, truncated, ended and padded.</summary>
    public abstract int[] Tokens(string text, int length);
}
