namespace Silc.Tests;

[TestClass]
public sealed class EmojiScenesTests : TempFolder
{
    // Solid discs of one colour a group, transparent outside.
    static readonly (string Group, byte R, byte G, byte B)[] Groups = [("food", 255, 0, 0), ("animals", 0, 255, 0), ("signs", 0, 0, 255)];

    EmojiSource Discs()
    {
        var rows = new List<EmojiRow>();
        foreach (var (i, (group, r, g, b)) in Groups.Index())
        {
            var image = Images.Plain(32, 32, r, g, b);
            for (int p = 0; p < 32 * 32; p++)
                if ((p % 32 - 15.5) * (p % 32 - 15.5) + (p / 32 - 15.5) * (p / 32 - 15.5) > 200) image.Rgba[4 * p + 3] = 0;
            ImageFile.Write(At($"{group}.png"), image);
            rows.Add(new($"{group}.png", "disc", new($"{i}", $"{group} thing", $"{i}", group, group, []), EmojiRow.HeldOutSplit, $"{i}"));
        }
        return new("discs", Root, rows);
    }

    [TestMethod]
    [DataRow(false), DataRow(true)]
    public void Labels_lie_where_the_emoji_are_painted(bool photographs)
    {
        var discs = Discs();
        Directory.CreateDirectory(At("photos"));
        ImageFile.Write(At("photos/grey.png"), Images.Plain(50, 30, 120, 120, 120));
        var scenes = new EmojiScenes(discs, discs, count: 40, seed: 2, size: 64, photographs ? [At("photos/grey.png")] : null);
        CollectionAssert.AreEqual(new[] { "background", "animals", "food", "signs" }, scenes.Classes.Names.ToArray());
        CollectionAssert.AreEqual(new[] { "food", "food thing" }, scenes.Classes.Called[2].ToArray());
        var numbers = new HashSet<int>();
        for (int i = 0; i < scenes.Count; i++)
        {
            var (scene, again) = (scenes.Read(i), scenes.Read(i));
            CollectionAssert.AreEqual(again.Image.Rgba, scene.Image.Rgba);
            CollectionAssert.AreEqual(again.Labels.Labels, scene.Labels.Labels);
            numbers.Add(scene.Labels.Labels.Where(label => label > 0).Distinct().Count());
            for (int p = 0; p < 64 * 64; p++)
            {
                var (r, g, b) = (scene.Image.Rgba[4 * p], scene.Image.Rgba[4 * p + 1], scene.Image.Rgba[4 * p + 2]);
                // No background is as pure as the discs, and half-covered edges are closer to what covers them.
                int painted = r > 240 && g < 10 && b < 10 ? 2 : g > 240 && r < 10 && b < 10 ? 1 : b > 240 && r < 10 && g < 10 ? 3 : 0;
                if (painted > 0) Assert.AreEqual(painted, scene.Labels.Labels[p], $"scene {i}, pixel {p}");
                else if (photographs && r == 120 && g == 120 && b == 120) Assert.AreEqual(0, scene.Labels.Labels[p]);
            }
        }
        CollectionAssert.AreEquivalent(new[] { 1, 2, 3 }, numbers.ToArray());
    }

    /// <summary>Flags are trained on but never asked about: probes and heads learn from scenes without them, and heads are compared.</summary>
    [TestMethod]
    public void A_folder_with_flags_gives_scenes_to_learn_from()
    {
        Discs();
        ImageFile.Write(At("flags.png"), Images.Plain(32, 32, 200, 0, 200));
        string[] groups = [.. Groups.Select(group => group.Group), "flags"];
        using (var index = File.Create(At("emoji.csv")))
            EmojiRow.Write(index, [.. new[] { EmojiRow.TrainSplit, EmojiRow.HeldOutSplit, EmojiRow.UnseenStyleSplit }.SelectMany(split =>
                groups.Select((group, i) => new EmojiRow($"{group}.png", split == EmojiRow.UnseenStyleSplit ? "other" : "disc",
                    new($"{i}", $"{group} thing", $"{i}", group, group, []), split, $"{i}")))]);
        foreach (var (known, asked) in SegmentationOptions.ForProbe($"emoji:{Root}", known: 10, asked: 3)!)
        {
            CollectionAssert.AreEqual(new[] { "background", "animals", "food", "signs" }, known.Classes.Names.ToArray());
            CollectionAssert.AreEqual(known.Classes.Names.ToArray(), asked.Classes.Names.ToArray());
            for (int i = 0; i < known.Count; i++)
                Assert.IsTrue(known.Read(i).Labels.Labels.Max() is > 0 and <= 3);
        }
        var (code, output, error) = CommandLineRun.Of("head", "compare", "--models", "mini", "--data", $"emoji:{Root}", "--out", At("towers"),
            "--seeds", "1", "--steps", "2", "--images", "6", "--asked", "4", "--no-untrained", "--device", "cpu");
        Assert.AreEqual(0, code, output + error);
        var table = File.ReadAllText(At("towers/compare.md"));
        Assert.Contains("classes, mIoU, adapter", table);
        Assert.Contains("captions, CIDEr-D", table);
        // The tenth that was kept from training, of which one is a flag, and of that as many as asked for.
        Assert.AreEqual(3, Samples.Heads.ComparedCell.Read(At("towers/cells/captions-mini-0.json"))!.Scores[0].Count);
        (code, output, error) = CommandLineRun.Of("head", "train", "caption", "--model", "mini", "--data", $"emoji:{Root}", "--images", "2",
            "--steps", "1", "--out", At("few"), "--device", "cpu");
        Assert.AreEqual(0, code, output + error);
        Assert.Contains(": 2 images", output);
    }

    [TestMethod]
    public void Overlays_are_painted_in_the_colours_of_the_legend()
    {
        var grey = Images.Plain(8, 4, 100, 100, 100);
        var labels = new LabelMap(8, 4, [.. Enumerable.Range(0, 32).Select(i => i % 8 < 4 ? 1 : LabelMap.Ignore)]);
        var overlay = SegmentationPainter.Overlay(grey, labels, _ => new(1, 0, 0));
        // 40 % of 100, and 60 % of 255.
        CollectionAssert.AreEqual(new byte[] { 193, 40, 40, 255 }, overlay.Rgba[..4]);
        Assert.IsTrue(overlay.Rgba.Chunk(4).Skip(4).Take(4).All(pixel => pixel[0] is 100 or 40));
        Assert.AreEqual(100, grey.Rgba[0]);
        Assert.ThrowsExactly<ArgumentException>(() => SegmentationPainter.Overlay(Images.Plain(4, 4, 0, 0, 0), labels, _ => default));
        var legend = SegmentationPainter.Legend([("red", new(1, 0, 0)), ("blue", new(0, 0, 1))]);
        CollectionAssert.IsSubsetOf(new[] { "ff0000ff", "0000ffff" }, legend.Rgba.Chunk(4).Select(Convert.ToHexStringLower).Distinct().ToArray());
        Assert.HasCount(40, Enumerable.Range(0, 40).Select(label => SegmentationPainter.UsualColour(label, true)).Distinct().ToList());
    }

    [TestMethod]
    public void A_confusion_chart_is_dark_where_the_counts_are()
    {
        var confusion = new ConfusionMatrix(3);
        confusion.Add([0, 0, 1, 2], [0, 0, 2, 2]);
        ConfusionChart.Write(At("deep/c.png"), "Title", confusion, ["a", "b", "c"]);
        var drawn = ImageFile.Read(At("deep/c.png"));
        var shades = drawn.Rgba.Chunk(4).Select(Convert.ToHexStringLower).CountBy(colour => colour)
            .ToDictionary(entry => entry.Key, entry => entry.Value);
        // Three whole cells and six empty ones, of 47 x 47 pixels; a number is written on each whole one.
        Assert.AreEqual(6 * 47 * 47, shades["f4f6f9ff"]);
        Assert.IsTrue(shades["184ea0ff"] is > 2 * 47 * 47 and < 3 * 47 * 47);
        Assert.Contains("2 names", Assert.ThrowsExactly<ArgumentException>(() => ConfusionChart.Draw("", confusion, ["a", "b"])).Message);
        Assert.IsTrue(ConfusionChart.Draw("many", new ConfusionMatrix(1000), [.. Enumerable.Range(0, 1000).Select(i => $"{i}")]).Width < 1200);
    }
}
