using System.Text;

namespace Silc;

/// <summary>Normalisation of a caption before SentencePiece cuts it. A model's captions must be treated as in its training.</summary>
public enum CaptionRule
{
    /// <summary>A to Z are lower-cased, nothing else changes: big_vision's, with which SigLIP and SILC were trained.</summary>
    LowerAscii,

    /// <summary>All letters are lower-cased, as Python's <c>str.lower</c> does it: transformers' Siglip2Tokenizer.</summary>
    Lower,

    /// <summary>Lower case, no ASCII punctuation, single spaces: transformers' SiglipTokenizer.</summary>
    Canonical,

    /// <summary>
    /// HTML entities decoded, then lower case, no ASCII punctuation (<c>_</c> is a space), single spaces: open_clip's <c>clean="canonicalize"</c>.
    /// </summary>
    Clean,

    /// <summary>Nothing changes.</summary>
    AsIs,
}

/// <summary>Applies and names the rules. Threads: any number may call.</summary>
static class CaptionRules
{
    const char Space = '\u2581';
    const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    static readonly (CaptionRule Rule, string Name, string Words)[] table =
    [
        (CaptionRule.LowerAscii, "lower-ascii", "A to Z become small, punctuation stays (big_vision)"),
        (CaptionRule.Lower, "lower", "all letters become small, punctuation stays (transformers)"),
        (CaptionRule.Canonical, "canonical", "all letters become small, ASCII punctuation is left out (transformers' SiglipTokenizer)"),
        (CaptionRule.Clean, "clean", "all letters become small, ASCII punctuation is left out, HTML is decoded (open_clip)"),
        (CaptionRule.AsIs, "as-is", "nothing changes"),
    ];

    public static string Name(this CaptionRule rule) => table[(int)rule].Name;

    public static string Describe(this CaptionRule rule) => table[(int)rule].Words;

    public static CaptionRule? Parse(string name) => table.Where(row => row.Name == name).Select(row => (CaptionRule?)row.Rule).FirstOrDefault();

    public static string Apply(this CaptionRule rule, string text) => rule switch
    {
        CaptionRule.LowerAscii => Ascii(text),
        CaptionRule.Lower => LowerCase.Of(text),
        CaptionRule.Canonical => WithoutPunctuation(LowerCase.Of(text.Replace(Space, ' ')), Space),
        CaptionRule.Clean => WithoutPunctuation(LowerCase.Of(ClipText.Decode(text).Replace('_', ' '))),
        _ => text,
    };

    static string Ascii(string text) => string.Create(text.Length, text, (lower, from) =>
    {
        for (int i = 0; i < from.Length; i++) lower[i] = char.IsAsciiLetterUpper(from[i]) ? (char)(from[i] | 0x20) : from[i];
    });

    // SiglipTokenizer sets a piece of its own for spaces in front of a caption: it puts SentencePiece's mark of spaces there before it strips.
    static string WithoutPunctuation(string text, char front = ' ')
    {
        var (kept, spaced) = (new StringBuilder(text.Length), false);
        foreach (var letter in text)
        {
            if (Punctuation.Contains(letter)) continue;
            if (!IsSpace(letter))
            {
                if (spaced && (kept.Length > 0 || front != ' ')) kept.Append(kept.Length > 0 ? ' ' : front);
                kept.Append(letter);
            }
            spaced = IsSpace(letter);
        }
        return kept.ToString();
    }

    // Python's \s also matches the four information separators.
    static bool IsSpace(char letter) => char.IsWhiteSpace(letter) || letter is >= '\u001C' and <= '\u001F';
}
