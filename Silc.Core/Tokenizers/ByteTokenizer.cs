using System.Text;

namespace Silc;

/// <summary>
/// UTF-8 bytes of the lower-cased text: no vocabulary file, every language. Ids: 0 padding (unused), 1 end, byte + 2.
/// Threads: any number may use it at once.
/// </summary>
public sealed class ByteTokenizer : Tokenizer
{
    const int End = 1, FirstByte = 2;

    /// <summary>258: padding, end and 256 bytes.</summary>
    public override string Fingerprint => "bytes";

    /// <inheritdoc/>
    public override int VocabSize => FirstByte + 256;

    /// <inheritdoc/>
    public override TokenizerOrigin Origin => new("bytes");

    /// <inheritdoc/>
    public override int[] Encode(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text.ToLowerInvariant());
        var ids = new int[bytes.Length];
        for (var i = 0; i < ids.Length; i++) ids[i] = bytes[i] + FirstByte;
        return ids;
    }

    /// <summary>The ids of the bytes, then the end id up to <paramref name="length"/>; the last id is always the end.</summary>
    public override int[] Tokens(string text, int length) => TokenRow.Of(Encode(text), length, End);
}
