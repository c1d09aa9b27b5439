using System.Globalization;
using System.Text;

namespace Silc;

/// <summary>
/// Small letters as Python's <c>str.lower</c> has them (Unicode's SpecialCasing): İ becomes i and a dot above, Σ at the end of a word ς.
/// .NET's own leaves İ as it is and knows no final form.
/// </summary>
static class LowerCase
{
    const string Ignored = "'.:^`\u00A8\u00AD\u00B7\u2018\u2019\u2024\u2027";

    public static string Of(string text)
    {
        var lower = text.ToLowerInvariant();
        if (!text.AsSpan().ContainsAny('\u0130', '\u03A3')) return lower;
        var exact = new StringBuilder(text.Length + 2);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\u0130') exact.Append("i\u0307");
            else if (text[i] == '\u03A3') exact.Append(IsFinal(text, i) ? '\u03C2' : '\u03C3');
            else exact.Append(lower[i]);
        }
        return exact.ToString();
    }

    /// <summary>Each letter by itself, as Rust has it: İ as in <see cref="Of"/>, but no final form of Σ.</summary>
    public static string OfLetters(string text) => text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);

    // A letter with case stands before it and none behind it; marks and apostrophes between do not count.
    static bool IsFinal(string text, int at)
    {
        int before = at - 1, after = at + 1;
        while (before >= 0 && IsIgnored(text, before)) before--;
        while (after < text.Length && IsIgnored(text, after)) after++;
        return before >= 0 && HasCase(text, before) && !(after < text.Length && HasCase(text, after));
    }

    static bool IsIgnored(string text, int at) => Ignored.Contains(text[at])
        || CharUnicodeInfo.GetUnicodeCategory(text[at]) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;

    static bool HasCase(string text, int at) => text[at] is '\u00AA' or '\u00BA'
        || CharUnicodeInfo.GetUnicodeCategory(text, char.IsLowSurrogate(text[at]) && at > 0 ? at - 1 : at)
            is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;
}
