using SkiaSharp;

namespace Silc;

/// <summary>
/// Printable ASCII as pen strokes. Images with text must look the same on every machine, and a fresh one may have no fonts at
/// all: the Skia build used on Linux knows only those it is given. For any text see <see cref="SheetText"/>.
/// </summary>
static class StrokeFont
{
    /// <summary>Height of capitals in the units of the strokes below: they run from y = 0 to 6, letters like p down to 8.</summary>
    const float Capital = 6;
    const float Gap = 1.5f;
    const float Space = 2.2f;

    // '!' to '~' in the order of their codes.
    static readonly string[] Strokes =
    [
        "M.3 0V4M.3 5.9V6", "M.3 0V1.6M1.7 0V1.6", "M1.2 .6L.6 5.4M3.4 .6L2.8 5.4M.2 2H4.2M0 4H4",
        "M4 .9Q3.2 0 2.1 0Q.2 0 .2 1.5Q.2 2.7 2.1 3Q4.2 3.3 4.2 4.6Q4.2 6 2.1 6Q.8 6 0 5M2.1 -.8V6.8",
        "M4.4 0L.6 6M1 .2A.9 .9 0 1 1 1 2A.9 .9 0 1 1 1 .2M4 4A.9 .9 0 1 1 4 5.8A.9 .9 0 1 1 4 4",
        "M4.6 6L1.2 2Q.6 1.2 1 .6Q1.6 -.2 2.6 .3Q3.6 1.2 2.2 2.4Q0 3.4 .2 4.6Q.6 6 2 6Q3.8 6 4.4 3.6",
        "M.3 0V1.6", "M1.4 -.6Q0 1 0 3Q0 5 1.4 6.8", "M0 -.6Q1.4 1 1.4 3Q1.4 5 0 6.8",
        "M1.5 .2V2.8M.3 .8L2.7 2.2M2.7 .8L.3 2.2", "M2 1.4V5.4M0 3.4H4", "M.5 5.8L.1 7.2", "M0 3.6H2", "M.3 5.9V6",
        "M0 6.6L2.4 -.4",
        "M2 0Q4 0 4 3Q4 6 2 6Q0 6 0 3Q0 0 2 0Z", "M.6 1.4L2.2 0V6", "M.2 1.6Q.2 0 2 0Q3.8 0 3.8 1.6Q3.8 2.6 2.6 3.6L0 6H4",
        "M.2 1.2Q.6 0 2 0Q3.7 0 3.7 1.5Q3.7 2.9 1.6 2.9Q4 2.9 4 4.4Q4 6 2 6Q.4 6 0 4.8", "M3 6V0L0 4.2H4",
        "M3.6 0H.6L.3 2.8Q1 2.2 2 2.2Q4 2.2 4 4.1Q4 6 2 6Q.5 6 0 4.9",
        "M3.4 .2Q0 .8 0 4Q0 6 2 6Q4 6 4 4.1Q4 2.3 2.1 2.3Q.4 2.3 0 4", "M0 0H4L1.4 6",
        "M2 2.8Q.3 2.8 .3 1.4Q.3 0 2 0Q3.7 0 3.7 1.4Q3.7 2.8 2 2.8Q0 2.8 0 4.4Q0 6 2 6Q4 6 4 4.4Q4 2.8 2 2.8Z",
        "M.6 5.8Q4 5.2 4 2Q4 0 2 0Q0 0 0 1.9Q0 3.7 1.9 3.7Q3.6 3.7 4 2",
        "M.3 2.6V2.7M.3 5.9V6", "M.5 2.6V2.7M.5 5.8L.1 7.2", "M3.6 1.4L0 3.4L3.6 5.4", "M0 2.4H4M0 4.4H4", "M0 1.4L3.6 3.4L0 5.4",
        "M0 1.4Q.2 0 1.8 0Q3.6 0 3.6 1.5Q3.6 2.5 2.5 3.1Q1.8 3.5 1.8 4.3M1.8 5.9V6",
        "M3.9 3A1.1 1.2 0 1 1 3.9 2.9M3.9 1.8V3.5Q4 4.2 4.6 4.2Q5.6 4 5.6 2.8Q5.6 0 2.8 0Q0 0 0 3Q0 6 2.8 6Q4 6 4.8 5.4",
        "M0 6L2.4 0L4.8 6M.9 4H3.9",
        "M0 0V6H2.4Q4.2 6 4.2 4.4Q4.2 2.8 2.4 2.8H0M2.4 2.8Q3.9 2.8 3.9 1.4Q3.9 0 2.2 0H0",
        "M4.6 1.2Q3.8 0 2.6 0Q0 0 0 3Q0 6 2.6 6Q3.8 6 4.6 4.8", "M0 0V6H1.8Q4.6 6 4.6 3Q4.6 0 1.8 0H0",
        "M3.8 0H0V6H3.8M0 3H3.2", "M3.8 0H0V6M0 3H3.2", "M4.6 1.2Q3.8 0 2.6 0Q0 0 0 3Q0 6 2.6 6Q4.8 6 4.8 3.4H2.8",
        "M0 0V6M4.4 0V6M0 3H4.4", "M.3 0V6", "M2.8 0V4.4Q2.8 6 1.3 6Q0 6 0 4.6", "M0 0V6M4.2 0L0 3.8M1.4 2.6L4.4 6", "M0 0V6H3.6",
        "M0 6V0L2.6 4L5.2 0V6", "M0 6V0L4.4 6V0", "M2.6 0Q5.2 0 5.2 3Q5.2 6 2.6 6Q0 6 0 3Q0 0 2.6 0Z",
        "M0 6V0H2.4Q4.2 0 4.2 1.7Q4.2 3.4 2.4 3.4H0", "M2.6 0Q5.2 0 5.2 3Q5.2 6 2.6 6Q0 6 0 3Q0 0 2.6 0ZM3.2 4.4L5.2 6.4",
        "M0 6V0H2.4Q4.2 0 4.2 1.7Q4.2 3.4 2.4 3.4H0M2.2 3.4L4.4 6",
        "M4 .9Q3.2 0 2.1 0Q.2 0 .2 1.5Q.2 2.7 2.1 3Q4.2 3.3 4.2 4.6Q4.2 6 2.1 6Q.8 6 0 5", "M0 0H4.6M2.3 0V6",
        "M0 0V3.8Q0 6 2.2 6Q4.4 6 4.4 3.8V0", "M0 0L2.3 6L4.6 0", "M0 0L1.7 6L3.4 1L5.1 6L6.8 0", "M0 0L4.4 6M4.4 0L0 6",
        "M0 0L2.2 3.2L4.4 0M2.2 3.2V6", "M.2 0H4.2L0 6H4.4",
        "M1.4 -.6H0V6.8H1.4", "M0 -.4L2.4 6.6", "M0 -.6H1.4V6.8H0", "M0 2L1.4 0L2.8 2", "M0 6.8H4", "M0 0L.8 1",
        "M4 2V6M4 4A2 2 0 1 1 0 4A2 2 0 1 1 4 4", "M0 0V6M0 4A2 2 0 1 1 4 4A2 2 0 1 1 0 4", "M3.6 2.8A2 2 0 1 0 3.6 5.2",
        "M4 0V6M4 4A2 2 0 1 1 0 4A2 2 0 1 1 4 4", "M0 4H4A2 2 0 1 0 3.4 5.4", "M2.6 0Q1 0 1 1.6V6M0 2.2H2.4",
        "M4 4A2 2 0 1 1 0 4A2 2 0 1 1 4 4M4 2V6.2Q4 8 2 8Q.8 8 .3 7.4", "M0 0V6M0 3.8Q0 2 1.9 2Q3.8 2 3.8 3.8V6",
        "M.3 2V6M.3 .3V.4", "M1.2 2V6.8Q1.2 8 0 8M1.2 .3V.4", "M0 0V6M3.4 2L0 4.6M1.3 3.7L3.6 6", "M.3 0V6",
        "M0 2V6M0 3.6Q0 2 1.5 2Q3 2 3 3.6V6M3 3.6Q3 2 4.5 2Q6 2 6 3.6V6", "M0 2V6M0 3.8Q0 2 1.9 2Q3.8 2 3.8 3.8V6",
        "M4 4A2 2 0 1 1 0 4A2 2 0 1 1 4 4", "M0 2V8M0 4A2 2 0 1 1 4 4A2 2 0 1 1 0 4", "M4 2V8M4 4A2 2 0 1 1 0 4A2 2 0 1 1 4 4",
        "M0 2V6M0 4Q0 2 2.2 2",
        "M3.2 2.7Q2.6 2 1.7 2Q.2 2 .2 3Q.2 3.8 1.7 4Q3.4 4.2 3.4 5.1Q3.4 6 1.7 6Q.6 6 0 5.2",
        "M1 .6V4.8Q1 6 2.4 6M0 2.2H2.4", "M0 2V4.2Q0 6 1.9 6Q3.8 6 3.8 4.2M3.8 2V6", "M0 2L1.9 6L3.8 2",
        "M0 2L1.4 6L2.8 2.6L4.2 6L5.6 2", "M0 2L3.6 6M3.6 2L0 6", "M0 2L1.9 6M3.8 2L1.9 6L1 8H.2", "M.2 2H3.6L0 6H3.8",
        "M1.6 -.6Q.8 -.6 .8 .4V2.2Q.8 3.1 0 3.1Q.8 3.1 .8 4V5.8Q.8 6.8 1.6 6.8", "M.3 -.6V6.8",
        "M0 -.6Q.8 -.6 .8 .4V2.2Q.8 3.1 1.6 3.1Q.8 3.1 .8 4V5.8Q.8 6.8 0 6.8", "M0 3.8Q.6 2.8 1.6 3.4Q2.8 4.2 3.6 3.2",
    ];

    static readonly (SKPath Path, float Width)[] Glyphs =
        [.. Strokes.Select(SKPath.ParseSvgPathData).Select(path => (path, path.TightBounds.Right))];

    /// <summary>Width of a line in pixels.</summary>
    public static float Measure(string text, float capital) => Characters(text).Sum(Advance) * capital / Capital;

    /// <summary>
    /// Draws a line with its baseline at <paramref name="y"/>; <paramref name="weight"/> is the pen's width in units of 1/6 capital.
    /// </summary>
    public static void Draw(SKCanvas canvas, string text, float x, float y, float capital, SKColor colour, float weight = 0.75f)
    {
        using var pen = new SKPaint
        {
            Color = colour,
            IsAntialias = true,
            Style = SKPaintStyle.Stroke,
            StrokeWidth = weight,
            StrokeCap = SKStrokeCap.Round,
            StrokeJoin = SKStrokeJoin.Round,
        };
        canvas.Save();
        canvas.Translate(x, y - capital);
        canvas.Scale(capital / Capital);
        foreach (var letter in Characters(text))
        {
            if (letter != ' ') canvas.DrawPath(Glyphs[letter - '!'].Path, pen);
            canvas.Translate(Advance(letter), 0);
        }
        canvas.Restore();
    }

    static float Advance(char letter) => letter == ' ' ? Space : Glyphs[letter - '!'].Width + Gap;

    // Line breaks and tabs are spaces.
    static IEnumerable<char> Characters(string text) => text.Select(letter => letter is > ' ' and <= '~' ? letter : ' ');
}
