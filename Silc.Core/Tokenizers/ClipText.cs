using System.Globalization;
using System.Net;
using System.Text;

namespace Silc;

/// <summary>
/// What CLIP does to text before BPE. Of <c>ftfy.fix_text</c> it repeats curly quotes, full-width letters, Latin ligatures and NFC;
/// it does not repair mis-decoded text.
/// </summary>
static class ClipText
{
    static readonly string[] contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
    static readonly string[] special = ["<|startoftext|>", "<|endoftext|>"];

    /// <summary>Entities decoded twice, spaces collapsed, lower case.</summary>
    public static string Clean(string text) => LowerCase.Of(SingleSpaces(Decode(text)));

    /// <summary>What Hugging Face's tokenizers do: composed letters, single spaces, lower case letter by letter.</summary>
    public static string Compose(string text) => LowerCase.OfLetters(SingleSpaces(Nfc.Of(text)));

    static string SingleSpaces(string decoded)
    {
        var clean = new StringBuilder(decoded.Length);
        foreach (var letter in decoded)
        {
            if (!char.IsWhiteSpace(letter)) clean.Append(letter);
            else if (clean.Length > 0 && clean[^1] != ' ') clean.Append(' ');
        }
        return clean.ToString().TrimEnd();
    }

    /// <summary>What CLIP and open_clip call basic_clean: repaired as ftfy does, entities decoded twice.</summary>
    public static string Decode(string text) => WebUtility.HtmlDecode(WebUtility.HtmlDecode(Nfc.Of(Straighten(WithoutControls(text)))));

    // As ftfy, removes invisible characters: control characters but tab and line ends, the byte order mark, U+206A to U+206F, interlinear marks.
    static string WithoutControls(string text)
    {
        if (!text.Any(IsControl)) return text;
        return string.Concat(text.Where(letter => !IsControl(letter)));

        static bool IsControl(char letter) => letter is <= '\u0008' or '\u000B' or >= '\u000E' and <= '\u001F' or '\u007F' or '\uFEFF'
            or >= '\u206A' and <= '\u206F' or >= '\uFFF9' and <= '\uFFFC';
    }

    /// <summary>
    /// Chars of the next match of CLIP's pattern: a special token, a contraction, letters, one number, or a run of anything
    /// else but spaces; 1 for the space between.
    /// </summary>
    public static int WordLength(ReadOnlySpan<char> text)
    {
        foreach (var token in special)
            if (text.StartsWith(token)) return token.Length;
        foreach (var contraction in contractions)
            if (text.StartsWith(contraction)) return contraction.Length;
        var (length, kind) = Classify(text);
        if (kind is CharKind.Space or CharKind.Number) return length;
        while (length < text.Length && Classify(text[length..]) is var (more, next) && next == kind) length += more;
        return length;
    }

    enum CharKind { Space, Letter, Number, Other }

    static (int Length, CharKind Kind) Classify(ReadOnlySpan<char> text)
    {
        Rune.DecodeFromUtf16(text, out var rune, out var length);
        var kind = Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => CharKind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharKind.Number,
            _ => Rune.IsWhiteSpace(rune) ? CharKind.Space : CharKind.Other,
        };
        return (length, kind);
    }

    static string Straighten(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02BB')) return text;
        var straight = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            _ = letter switch
            {
                '\u02BC' or (>= '\u2018' and <= '\u201B') => straight.Append('\''),
                >= '\u201C' and <= '\u201F' => straight.Append('"'),
                >= '\uFF01' and <= '\uFF5E' => straight.Append((char)(letter - 0xFEE0)),
                '\uFB00' => straight.Append("ff"),
                '\uFB01' => straight.Append("fi"),
                '\uFB02' => straight.Append("fl"),
                '\uFB03' => straight.Append("ffi"),
                '\uFB04' => straight.Append("ffl"),
                _ => straight.Append(letter),
            };
        }
        return straight.ToString();
    }
}
