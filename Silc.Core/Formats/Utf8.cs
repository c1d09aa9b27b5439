namespace Silc;

/// <summary>UTF-8 as a tokenizer needs it.</summary>
static class Utf8
{
    /// <summary>Bytes of the first character, from its lead byte; never beyond the text.</summary>
    public static int Length(ReadOnlySpan<byte> text) =>
        Math.Min(text.Length, text[0] switch { < 0xC0 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 });
}
