using SkiaSharp;

namespace Silc.Tests;

/// <summary>Captions and class names of any script on sheets and charts.</summary>
[TestClass]
public sealed class SheetTextTests : TempFolder
{
    static readonly string[] samples =
    [
        "\u0395\u03BB\u03BB\u03AC\u03B4\u03B1", "\u043A\u043E\u0448\u043A\u0430", "\u732B\u3068\u72AC", "\uACE0\uC591\uC774",
        "\u0928\u092E\u0938\u094D\u0924\u0947",
        "\u0645\u0631\u062D\u0628\u0627", "\u05E9\u05DC\u05D5\u05DD", "\u0E41\u0E21\u0E27", "\u10D9\u10D0\u10E2\u10D0", "\U0001F408", "na\u00EFve",
    ];

    [TestMethod]
    public void Every_script_is_drawn_and_looks_like_itself()
    {
        var drawn = samples.Select(text => Ink(text)).ToList();
        foreach (var (i, ink) in drawn.Index())
        {
            Assert.IsTrue(ink.Any(pixel => pixel > 0), samples[i]);
            for (int j = 0; j < i; j++) Assert.IsFalse(ink.SequenceEqual(drawn[j]), $"{samples[i]} looks like {samples[j]}");
            Assert.IsFalse(ink.SequenceEqual(Ink(new string('?', samples[i].Length))), samples[i]);
        }
    }

    [TestMethod]
    public void A_machine_without_fonts_draws_every_script_too()
    {
        var embedded = Typefaces.Embedded().ToList();
        foreach (var rune in samples.SelectMany(text => text.EnumerateRunes()))
            Assert.IsTrue(embedded.Exists(face => Typefaces.Has(face, rune.Value)), $"U+{rune.Value:X4}");
    }

    [TestMethod]
    public void What_no_font_has_is_drawn_as_its_number() =>
        CollectionAssert.AreEqual(Ink("[10FFFD]"), Ink("\U0010FFFD"));

    [TestMethod]
    public void Hebrew_runs_to_the_left_and_numbers_in_it_to_the_right()
    {
        static string Order(string text) => string.Join('|', TextRun.Of(text).Select(run => run.Text.Trim()));
        Assert.AreEqual("\u05D2|12|\u05D0\u05D1", Order("\u05D0\u05D1 12 \u05D2"));
        Assert.AreEqual("cat \u05D0".Replace(" ", "|"), Order("cat \u05D0"));
        // The first letter stands at the right: a wide one moves where the ink begins, if it is the last of the word.
        Assert.IsTrue(TextRun.Of("\u05D0\u05D1").Single().RightToLeft);
        CollectionAssert.AreEqual(Ink("\u05E9"), Columns(Ink("\u05D9\u05E9"), Width("\u05E9")));
    }

    [TestMethod]
    public void Scripts_without_spaces_are_broken_between_letters()
    {
        var lines = SheetText.Wrap(string.Concat(Enumerable.Repeat("\u732B\u72AC", 10)), 10, 100, lines: 4);
        Assert.IsGreaterThan(2, lines.Count);
        Assert.AreEqual(string.Concat(Enumerable.Repeat("\u732B\u72AC", 10)), string.Concat(lines));
        Assert.IsTrue(lines.TrueForAll(line => SheetText.Measure(line, 10) <= 100));
        // An emoji of several code points is not cut in two.
        var family = "\U0001F469\u200D\U0001F680";
        var cut = SheetText.Wrap(string.Concat(Enumerable.Repeat(family, 9)), 10, 60, lines: 1).Single();
        Assert.EndsWith("...", cut);
        Assert.AreEqual("", cut[..^3].Replace(family, ""));
    }

    [TestMethod]
    public void The_legend_of_a_small_chart_is_not_cut()
    {
        var chart = ConfusionChart.Draw("t", new ConfusionMatrix(2), ["a", "b"]);
        for (int y = 0; y < chart.Height; y++) Assert.AreEqual(255, chart.Rgba[4 * (y * chart.Width + chart.Width - 8)], $"row {y}");
        Assert.IsGreaterThan(2 * 24 + SheetText.Measure("rows: what it is; columns: what it was taken for", 9) - 1, chart.Width);
    }

    static byte[] Ink(string text) =>
        [.. Drawing.Draw(200, 40, canvas => SheetText.Draw(canvas, text, 8, 28, 12, SKColors.Black)).Rgba.Where((_, i) => i % 4 == 3)];

    static int Width(string text) => 8 + (int)SheetText.Measure(text, 12);

    // The first columns of an image; the rest empty.
    static byte[] Columns(byte[] ink, int count) => [.. ink.Select((pixel, i) => i % 200 < count ? pixel : (byte)0)];
}
