using System.Text;
using HarfBuzzSharp;

namespace Silc;

/// <summary>
/// Unicode's canonical composition, NFC (UAX 15): é is one character, whether it was typed as one or as e and an accent. From HarfBuzz's tables,
/// because the runtime's own does nothing where globalization is switched off.
/// </summary>
static class Nfc
{
    static readonly UnicodeFunctions unicode = UnicodeFunctions.Default;

    /// <summary>The composed text; any text below U+0300 is that already.</summary>
    public static string Of(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF')) return text;
        var letters = new List<uint>(text.Length);
        foreach (var rune in text.EnumerateRunes()) Decompose((uint)rune.Value, letters);
        Order(letters);
        var composed = new StringBuilder(text.Length);
        foreach (var letter in Composed(letters)) composed.Append(new Rune(letter));
        return composed.ToString();
    }

    static void Decompose(uint letter, List<uint> letters)
    {
        if (!unicode.TryDecompose(letter, out uint first, out uint second))
        {
            letters.Add(letter);
            return;
        }
        Decompose(first, letters);
        if (second != 0) Decompose(second, letters);
    }

    // Marks behind one letter stand in the order of their classes, those of one class as they were.
    static void Order(List<uint> letters)
    {
        for (int start = 0; start < letters.Count;)
        {
            int end = start;
            while (end < letters.Count && Class(letters[end]) != 0) end++;
            var marks = letters[start..end].OrderBy(Class).ToList();
            for (int i = 0; i < marks.Count; i++) letters[start + i] = marks[i];
            start = end + 1;
        }
    }

    // A mark composes with the last letter unless one of its own class, or another letter, stands between the two.
    static List<uint> Composed(List<uint> letters)
    {
        var (composed, letter, last) = (new List<uint>(letters.Count), -1, 0);
        foreach (var next in letters)
        {
            int kind = Class(next);
            if (letter >= 0 && (letter == composed.Count - 1 || last < kind) && unicode.TryCompose(composed[letter], next, out uint union))
            {
                composed[letter] = union;
                continue;
            }
            composed.Add(next);
            if (kind == 0) (letter, last) = (composed.Count - 1, 0);
            else last = kind;
        }
        return composed;
    }

    static int Class(uint letter) => letter < 0x300 ? 0 : (int)unicode.GetCombiningClass(letter);
}
