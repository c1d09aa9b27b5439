using System.Text.RegularExpressions;

namespace Silc;

/// <summary>
/// Words of captions as caption metrics count them: lower case, clitics apart (<c>isn't</c> is <c>is n't</c>, <c>dog's</c> is <c>dog 's</c>),
/// punctuation away. The official programs call Stanford's tokenizer, a Java program; this one is ours and agrees with it on plain English captions,
/// not on every text. Threads: any number may call.
/// </summary>
public static partial class CaptionWords
{
    /// <summary>The words of a caption, in order; of other languages what stands between spaces and punctuation.</summary>
    public static IReadOnlyList<string> Of(string caption)
    {
        var text = caption.ToLowerInvariant().Replace('\u2019', '\'');
        text = Joined().Replace(text, "$1 $2");
        text = Clitics().Replace(Negations().Replace(text, " n't"), " $0");
        return [.. Words().Matches(text).Select(match => match.Value)];
    }

    [GeneratedRegex(@"\b(can(?=not\b)|gon(?=na\b)|got(?=ta\b)|wan(?=na\b)|gim(?=me\b)|lem(?=me\b))(\w+)")]
    private static partial Regex Joined();

    [GeneratedRegex(@"(?<=\w)n't\b")]
    private static partial Regex Negations();

    [GeneratedRegex(@"(?<=\w)'(?:s|m|d|re|ve|ll)\b")]
    private static partial Regex Clitics();

    // Clitics; initials such as u.s.; words and numbers, held together by hyphens, points, slashes and, between digits, commas; signs that count.
    [GeneratedRegex(@"n't\b|(?<=\s)'(?:s|m|d|re|ve|ll)\b|(?:\p{L}\.){2,}|[\w\p{M}]+(?:(?:[.\-/&']|(?<=\d),(?=\d))[\w\p{M}]+)*|[$%&#@*+=/\\°£€]")]
    private static partial Regex Words();
}
