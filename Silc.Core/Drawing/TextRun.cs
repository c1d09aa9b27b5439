using System.Globalization;
using System.Text;
using SkiaSharp;
using SkiaSharp.HarfBuzz;
using Buffer = HarfBuzzSharp.Buffer;

namespace Silc;

/// <summary>Letters of one font and one direction, shaped: the glyphs, and where they stand.</summary>
/// <param name="Text">The letters.</param>
/// <param name="Face">Their font; null where no font has them.</param>
/// <param name="RightToLeft">They are written so.</param>
sealed record TextRun(string Text, SKTypeface? Face, bool RightToLeft)
{
    // Signs of scripts from Devanagari on have more in them than a Latin letter of their size.
    const char Dense = '\u0900';
    const int LastLatin = 0x250;
    const float DenseSize = 1.8f, UsualCapital = 0.7f;

    /// <summary>A text in the order in which it is drawn, from left to right.</summary>
    public static List<TextRun> Of(string text)
    {
        int[] starts = StringInfo.ParseCombiningCharacters(text);
        string[] clusters = [.. starts.Select((start, i) => text[start..(i + 1 < starts.Length ? starts[i + 1] : text.Length)])];
        var directions = Directions(clusters);
        var main = text.EnumerateRunes().Where(rune => rune.Value > 0x7F && !Rune.IsWhiteSpace(rune))
            .Select(rune => Typefaces.For(rune.Value)).FirstOrDefault();
        var runs = new List<TextRun>();
        foreach (var (i, cluster) in clusters.Index())
        {
            var last = runs.LastOrDefault();
            var face = FaceOf(cluster, last?.Face, main);
            if (last is not null && last.Face == face && last.RightToLeft == directions[i]) runs[^1] = last with { Text = last.Text + cluster };
            else runs.Add(new(cluster, face, directions[i]));
        }
        // A text whose first run is right-to-left is laid out from right to left.
        if (runs.Count > 0 && runs[0].RightToLeft) runs.Reverse();
        return runs;
    }

    // Signs and spaces go with the letters around them if those agree, else with the first letter of the text.
    static bool[] Directions(string[] clusters)
    {
        bool?[] given = [.. clusters.Select(Direction)];
        var usual = given.FirstOrDefault(direction => direction is not null) ?? false;
        return [.. given.Select((direction, i) => direction ?? Around(i))];

        bool Around(int i)
        {
            var before = Array.FindLast(given[..i], direction => direction is not null) ?? usual;
            return before == (Array.Find(given[i..], direction => direction is not null) ?? usual) ? before : usual;
        }
    }

    /// <summary>Height of the font in pixels for capitals of that height.</summary>
    public float Size(float capital)
    {
        if (Text.Any(letter => letter >= Dense && letter is < '\u1E00' or > '\u2FFF')) return DenseSize * capital;
        using var font = new SKFont(Face, 100);
        return font.Metrics.CapHeight > 0 ? capital * 100 / font.Metrics.CapHeight : capital / UsualCapital;
    }

    /// <summary>Width of the run in pixels.</summary>
    public float Measure(float capital)
    {
        if (Face is null) return StrokeFont.Measure(Codes, capital);
        using var font = new SKFont(Face, Size(capital));
        return Shape(font).Width;
    }

    /// <summary>Draws the run from <paramref name="x"/> to the right, on a baseline at <paramref name="y"/>, and returns where it ends.</summary>
    public float Draw(SKCanvas canvas, float x, float y, float capital, SKColor colour, float weight)
    {
        if (Face is null)
        {
            StrokeFont.Draw(canvas, Codes, x, y, capital, colour, weight);
            return x + StrokeFont.Measure(Codes, capital);
        }
        using var font = new SKFont(Face, Size(capital)) { Edging = SKFontEdging.Antialias, Subpixel = true, Embolden = weight >= 0.9f };
        var shaped = Shape(font);
        using var builder = new SKTextBlobBuilder();
        builder.AddPositionedRun([.. shaped.Codepoints.Select(glyph => (ushort)glyph)], font, shaped.Points);
        using var blob = builder.Build();
        using var paint = new SKPaint { Color = colour, IsAntialias = true };
        if (blob is not null) canvas.DrawText(blob, x, y, paint);
        return x + shaped.Width;
    }

    // Characters that no font has are shown as their code points, so that they differ.
    string Codes => string.Concat(Text.EnumerateRunes().Select(rune => $"[{rune.Value:X4}]"));

    SKShaper.Result Shape(SKFont font)
    {
        using var shaper = new SKShaper(Face!);
        using var buffer = new Buffer();
        buffer.AddUtf16(Text);
        buffer.GuessSegmentProperties();
        buffer.Direction = RightToLeft ? HarfBuzzSharp.Direction.RightToLeft : HarfBuzzSharp.Direction.LeftToRight;
        return shaper.Shape(buffer, font);
    }

    static SKTypeface? FaceOf(string cluster, SKTypeface? last, SKTypeface? main)
    {
        int[] letters = [.. cluster.EnumerateRunes().Where(rune => !IsInvisible(rune)).Select(rune => rune.Value)];
        // Latin letters beside Chinese ones look better in a font of their own.
        if (letters is [< LastLatin and var latin] && Rune.IsLetter(new(latin)) && Typefaces.For(latin) is { } own) return own;
        foreach (var face in (SKTypeface?[])[last, main])
            if (face is not null && letters.All(letter => Typefaces.Has(face, letter))) return face;
        return letters.Length == 0 ? last ?? main : Typefaces.For(letters[0]);
    }

    // Joiners and selectors of variants, which fonts need not have.
    static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format || rune.Value is >= 0xFE00 and <= 0xFE0F;

    // True from right to left, false from left to right, null as the letters around it.
    static bool? Direction(string cluster)
    {
        Rune.DecodeFromUtf16(cluster, out var rune, out _);
        if (rune.Value is (>= 0x590 and < 0x900) or (>= 0xFB1D and < 0xFE00) or (>= 0xFE70 and < 0xFEFF) or (>= 0x10800 and < 0x11000)
            or (>= 0x1E800 and < 0x1F000)) return Rune.GetUnicodeCategory(rune) != UnicodeCategory.DecimalDigitNumber;
        return Rune.IsLetterOrDigit(rune) ? false : null;
    }
}
