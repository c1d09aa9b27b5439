using System.Globalization;
using SkiaSharp;

namespace Silc;

/// <summary>
/// Text on images. ASCII is drawn as strokes and looks the same on every machine; other scripts are drawn in a font that has them, shaped
/// by HarfBuzz, so that vowel signs stand at their letters and Arabic joins.
/// </summary>
static class SheetText
{
    /// <summary>Width of a line in pixels.</summary>
    public static float Measure(string text, float capital) =>
        IsPlain(text) ? StrokeFont.Measure(text, capital) : TextRun.Of(Nfc.Of(text)).Sum(run => run.Measure(capital));

    /// <summary>
    /// Draws a line with its baseline at <paramref name="y"/>; <paramref name="weight"/> is the pen's width in units of 1/6 capital.
    /// </summary>
    public static void Draw(SKCanvas canvas, string text, float x, float y, float capital, SKColor colour, float weight = 0.75f)
    {
        if (IsPlain(text)) StrokeFont.Draw(canvas, text, x, y, capital, colour, weight);
        else foreach (var run in TextRun.Of(Nfc.Of(text))) x = run.Draw(canvas, x, y, capital, colour, weight);
    }

    /// <summary>
    /// Breaks text into at most <paramref name="lines"/> lines: at spaces, and in
    /// scripts without spaces between any two letters. What does not fit ends in "...".
    /// </summary>
    public static List<string> Wrap(string text, float capital, float width, int lines)
    {
        var result = new List<string>();
        foreach (var (word, gap) in Words(text))
        {
            if (result.Count > 0 && Measure($"{result[^1]}{gap}{word}", capital) <= width) result[^1] += gap + word;
            else result.Add(word);
        }
        var whole = result.Count <= lines;
        if (!whole) result.RemoveRange(lines, result.Count - lines);
        for (var i = 0; i < result.Count; i++)
        {
            var cut = !whole && i == result.Count - 1;
            while (result[i].Length > 0 && Measure(result[i] + (cut ? "..." : ""), capital) > width)
                (result[i], cut) = (WithoutLast(result[i]), true);
            if (cut) result[i] += "...";
        }
        return result;
    }

    static bool IsPlain(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    // Each with what stands between it and the word before.
    static IEnumerable<(string Word, string Gap)> Words(string text)
    {
        foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            var gap = " ";
            foreach (var part in IsPlain(word) ? [word] : Parts(word))
            {
                yield return (part, gap);
                gap = "";
            }
        }
    }

    // Where a script has no spaces; signs go with the letter before them.
    static IEnumerable<string> Parts(string word)
    {
        int start = 0;
        foreach (var (from, _) in WordBreaks.Of(word))
        {
            if (from == start || !WordBreaks.StandsAlone(word, from)) continue;
            yield return word[start..from];
            start = from;
        }
        yield return word[start..];
    }

    static string WithoutLast(string text)
    {
        var elements = StringInfo.ParseCombiningCharacters(text);
        return text[..elements[^1]];
    }
}
