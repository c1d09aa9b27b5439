using System.Globalization;
using System.Text;
using HarfBuzzSharp;

namespace Silc;

/// <summary>
/// Words by the rules of Unicode (UAX 29) over the runtime's grapheme clusters: vowel signs and accents stay with their
/// letters, an apostrophe stands inside a word, numbers keep their point. Scripts without spaces give a word for each
/// cluster, and so does every emoji and other pictograph. Departures: punctuation is left out, and an underscore separates.
/// </summary>
static class WordBreaks
{
    // Midletter and MidNumLet, which stand between letters; MidNum and MidNumLet, which stand between digits.
    const string BetweenLetters = "'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A";
    const string BetweenDigits =
        "'.,;\u037E\u0589\u060C\u060D\u066C\u07F8\u2018\u2019\u2024\u2044\uFE10\uFE14\uFE50\uFE52\uFE54\uFF07\uFF0C\uFF0E\uFF1B";
    const char Joiner = '\u30FC', SpaceOfNoWidth = '\u200B', ShownAsImage = '\uFE0F';

    enum CharKind { Other, Letter, Digit, Katakana, Alone, Ignored }

    static readonly UnicodeFunctions unicode = UnicodeFunctions.Default;

    static readonly HashSet<Script> withoutSpaces =
    [
        Script.Han, Script.Hiragana, Script.Thai, Script.Lao, Script.Khmer, Script.Myanmar, Script.TaiLe, Script.NewTaiLue, Script.TaiTham,
        Script.TaiViet, Script.Tangut, Script.Nushu,
    ];

    /// <summary>Start and end of each word, from left to right.</summary>
    public static IEnumerable<(int Start, int End)> Of(string text)
    {
        for (int start = 0; start < text.Length;)
        {
            var (end, kind) = Cluster(text, start);
            if (kind is CharKind.Letter or CharKind.Digit or CharKind.Katakana) end = WordEnd(text, end, kind);
            if (kind is not (CharKind.Other or CharKind.Ignored)) yield return (start, end);
            start = end;
        }
    }

    /// <summary>True for a letter that is a word by itself: of a script without spaces, or a pictograph.</summary>
    public static bool StandsAlone(string text, int start) => Cluster(text, start).Kind == CharKind.Alone;

    static int WordEnd(string text, int end, CharKind kind)
    {
        while (end < text.Length)
        {
            var (next, nextKind) = Cluster(text, end);
            if (nextKind == CharKind.Ignored || Joins(kind, nextKind))
            {
                kind = nextKind == CharKind.Ignored ? kind : nextKind;
                end = next;
                continue;
            }
            // One sign between two of a kind.
            var signs = kind switch { CharKind.Letter => BetweenLetters, CharKind.Digit => BetweenDigits, _ => "" };
            if (next >= text.Length || !signs.Contains(text[end]) || Cluster(text, next) is var (after, afterKind) && afterKind != kind) return end;
            end = next;
        }
        return end;
    }

    static bool Joins(CharKind kind, CharKind next) =>
        kind == CharKind.Katakana ? next == CharKind.Katakana : kind is CharKind.Letter or CharKind.Digit
            && next is CharKind.Letter or CharKind.Digit;

    static (int End, CharKind Kind) Cluster(string text, int start)
    {
        if (char.IsAscii(text[start]) && (start + 1 == text.Length || char.IsAscii(text[start + 1])))
            return (start + 1, char.IsAsciiLetter(text[start]) ? CharKind.Letter : char.IsAsciiDigit(text[start]) ? CharKind.Digit : CharKind.Other);
        int end = start + StringInfo.GetNextTextElementLength(text, start);
        return (end, KindOf(text.AsSpan(start, end - start)));
    }

    static CharKind KindOf(ReadOnlySpan<char> cluster)
    {
        Rune.DecodeFromUtf16(cluster, out var rune, out _);
        switch (Rune.GetUnicodeCategory(rune))
        {
            case <= UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber:
                var script = unicode.GetScript((uint)rune.Value);
                return script == Script.Katakana || rune.Value == Joiner ? CharKind.Katakana : withoutSpaces.Contains(script)
                    ? CharKind.Alone : CharKind.Letter;
            // A mark without its letter.
            case UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark:
                return CharKind.Letter;
            case UnicodeCategory.DecimalDigitNumber:
                return CharKind.Digit;
            case UnicodeCategory.OtherNumber or UnicodeCategory.OtherSymbol:
                return CharKind.Alone;
            case UnicodeCategory.Format:
                return rune.Value == SpaceOfNoWidth ? CharKind.Other : CharKind.Ignored;
            default:
                // A keycap, or a character with the emoji presentation selector; two mathematical squares have emoji presentation by default.
                return cluster.Contains('\u20E3') || cluster.Contains(ShownAsImage) || rune.Value is 0x25FD or 0x25FE
                    ? CharKind.Alone : CharKind.Other;
        }
    }
}
