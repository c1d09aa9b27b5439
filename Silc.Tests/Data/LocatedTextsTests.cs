using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Silc.Tests;

/// <summary>Boxes that go through views, and the texts of located captions.</summary>
[TestClass]
public sealed partial class LocatedTextsTests
{
    static readonly SilcConfig config = new(ImageSize: 32, PatchSize: 8, TextLength: 60,
        Views: new(Global: 2, Local: 0, GlobalScaleMin: 0.1, Flip: 0.5) { Located = 90 });

    /// <summary>A white rectangle on black is found in the pixels of a view where its box says; where little of it is seen, there is none.</summary>
    [TestMethod]
    public void A_box_goes_with_its_view()
    {
        const int Width = 60, Height = 44;
        var box = new Box(12, 9, 25, 17);
        var image = Images.Plain(Width, Height, 0, 0, 0);
        for (int y = 9; y < 26; y++)
            for (int x = 12; x < 37; x++) image.Rgba.AsSpan((y * Width + x) * 4, 3).Fill(255);
        int found = 0, left = 0;
        for (int sample = 0; sample < 200; sample++)
        {
            var (batch, seen) = (new Batch(config, 1), new ViewGeometry[2]);
            new ViewSampler(config, 3).Fill(image, 0, sample, batch, 0, seen);
            for (int view = 0; view < 2; view++)
            {
                // A pixel is white where most of it is.
                var white = Enumerable.Range(0, 32 * 32).Where(at => batch.Global[(view * 32 * 32 + at) * 3] > 0).ToArray();
                int[] columns = [.. white.Select(at => at % 32)], rows = [.. white.Select(at => at / 32)];
                var crop = seen[view].Crop;
                var share = new Box(crop.Left, crop.Top, crop.Width, crop.Height).Intersection(box) / box.Area;
                if (seen[view].Carry(box) is not { } carried)
                {
                    left++;
                    Assert.IsLessThan(0.5, share);
                    continue;
                }
                found++;
                Assert.IsGreaterThanOrEqualTo(0.5, share);
                Assert.AreEqual(columns.Min(), carried.X, 1);
                Assert.AreEqual(rows.Min(), carried.Y, 1);
                Assert.AreEqual(columns.Max() + 1, carried.X + carried.Width, 1);
                Assert.AreEqual(rows.Max() + 1, carried.Y + carried.Height, 1);
                Assert.AreEqual(carried,
                    new Box(Math.Round(carried.X), Math.Round(carried.Y), Math.Round(carried.Width), Math.Round(carried.Height)));
            }
        }
        Assert.IsTrue(found > 50 && left > 50, $"{found} and {left}");
    }

    [TestMethod]
    public void Of_a_flipped_view_left_is_right()
    {
        var whole = new ViewGeometry(new(0, 0, 100, 50), Flip: false, 200);
        Assert.AreEqual(new Box(20, 40, 60, 80), whole.Carry(new(10, 10, 30, 20)));
        Assert.AreEqual(new Box(120, 40, 60, 80), (whole with { Flip = true }).Carry(new(10, 10, 30, 20)));
        var part = new ViewGeometry(new(25, 0, 50, 50), Flip: false, 100);
        Assert.IsNull(part.Carry(new(10, 10, 29, 20)));                                     // 14 of 29 columns are seen
        Assert.AreEqual(new Box(0, 20, 30, 40), part.Carry(new(10, 10, 30, 20)));           // 15 of 30
        Assert.IsNull(part.Carry(new(30.1, 10, 0.1, 20)), "less than a pixel");
    }

    /// <summary>
    /// Of the demo: the caption, and an object that is there, under its name and with its box, twice; whoever loads it, the same, and others in the
    /// next epoch.
    /// </summary>
    [TestMethod, Timeout(60_000)]
    public void Texts_name_what_lies_in_the_box()
    {
        var scenes = new DemoSource(16, seed: 4, size: 64);
        var source = (IImageTextSource)new SubsetSource(new CachedSource(scenes, 1 << 20), Enumerable.Range(0, 16));
        Assert.IsTrue(source.HasBoxes);
        using var loader = new BatchLoader(source, new ByteTokenizer(), config with { VocabSize = 258 }, 16, seed: 2, workers: 2);
        using var half = new BatchLoader(source, new ByteTokenizer(), config with { VocabSize = 258 }, 16, seed: 2, workers: 1, rank: 1, ranks: 2);
        var (drawn, without) = (new HashSet<string>(), 0);
        for (int epoch = 0; epoch < 4; epoch++)
        {
            var batch = loader.Next();
            CollectionAssert.AreEqual(Ranks.Part(config, batch, 1, 2).Located, half.Next().Located);
            for (int slot = 0; slot < 16; slot++)
            {
                var boxes = source.BoxesOf(batch.Samples[slot]);
                Assert.AreEqual(scenes.Scene(batch.Samples[slot]).Objects.Count, boxes.Count);
                Assert.Contains(Text(batch, 0, slot)!["cap: ".Length..], source.Read(batch.Samples[slot]).Captions);
                for (int view = 0; view < 2; view++)
                {
                    var (referred, grounded) = (Text(batch, 1 + 2 * view, slot), Text(batch, 2 + 2 * view, slot));
                    if (referred is null || grounded is null)
                    {
                        without++;
                        Assert.AreEqual(referred, grounded);
                        continue;
                    }
                    var (one, other) = (Referred().Match(referred), Grounded().Match(grounded));
                    Assert.IsTrue(one.Success && other.Success, $"{referred}; {grounded}");
                    CollectionAssert.AreEqual((string[])[one.Groups[1].Value, one.Groups[2].Value], (string[])[other.Groups[2].Value,
                        other.Groups[1].Value]);
                    Assert.Contains(one.Groups[1].Value, boxes.Select(box => box.Name).ToArray());
                    int[] borders = [.. one.Groups[2].Value.Split(' ').Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
                    Assert.IsTrue(borders is [>= 0, >= 0, <= 32, <= 32] && borders[0] < borders[2] && borders[1] < borders[3], referred);
                    drawn.Add($"{batch.Samples[slot]} {referred}");
                }
            }
        }
        Assert.IsTrue(drawn.Count > 40 && without > 0, $"{drawn.Count} different, {without} without");
    }

    /// <summary>y0 x0 y1 x1: a view that is the whole image.</summary>
    [TestMethod]
    public void A_box_is_written_from_above_to_below_and_from_left_to_right()
    {
        var whole = config with { VocabSize = 258, Views = config.Views with { Global = 1 } };
        var batch = new Batch(whole, 2);
        var texts = new LocatedTexts(new ByteTokenizer(), whole, seed: 0);
        ViewGeometry[] seen = [new(new(0, 0, 64, 64), Flip: false, 32)];
        texts.Fill("A dog.", [new(new(20, 8, 40, 16), "dog")], seen, 0, 0, batch, 0);
        texts.Fill("none", null, seen, 0, 1, batch, 1);
        CollectionAssert.AreEqual((string?[])["cap: a dog.", "cap: none", "aref: dog : 4 10 12 30", null, "gcap: 4 10 12 30 : dog", null],
            Enumerable.Range(0, 6).Select(row => Text(batch, row / 2, row % 2)).ToArray());
        Assert.AreEqual(60 + "gcap: 32 32 32 32 : ".Length, LocatedTexts.Length(new ByteTokenizer(), 60, 32));
    }

    static string? Text(Batch batch, int part, int slot)
    {
        var length = config.Views.Located;
        var row = batch.Located.AsSpan((part * batch.Size + slot) * length, length);
        return row[0] == LocatedTexts.None ? null : Encoding.UTF8.GetString([.. row.ToArray().TakeWhile(id => id != 1).Select(id => (byte)(id - 2))]);
    }

    [GeneratedRegex(@"^aref: (.*) : (\d+ \d+ \d+ \d+)$")]
    private static partial Regex Referred();

    [GeneratedRegex(@"^gcap: (\d+ \d+ \d+ \d+) : (.*)$")]
    private static partial Regex Grounded();
}
