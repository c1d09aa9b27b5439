namespace Silc.Tests;

[TestClass]
public sealed class ContactSheetTests
{
    [TestMethod]
    public void APageIsWrittenWhole()
    {
        using var folder = new Scratch();
        var path = Path.Combine(folder.Path, "sheet.png");
        var image = Images.Plain(20, 10, 0, 0, 255);
        ContactSheetCell[] cells = [new(image, "blue", true), new(image, "a caption that is far too long", false)];
        ContactSheet.Write(path, [new("a blue box", cells)], "Title", cell: 64);

        Assert.AreEqual(1, Directory.GetFiles(folder.Path).Length);
        var sheet = ImageFile.Read(path);
        var colours = sheet.Rgba.Chunk(4).Select(Convert.ToHexStringLower).ToHashSet();
        Assert.IsTrue(colours.IsSupersetOf(["0000ffff", "229654ff", "d03c38ff"]), "blue box, green and red frames");
    }

    [TestMethod]
    public void EveryPrintableLetterHasInk()
    {
        for (var letter = '!'; letter <= '~'; letter++)
        {
            var drawn = Drawing.Draw(40, 40, canvas => StrokeFont.Draw(canvas, $"{letter}", 8, 28, 18, SkiaSharp.SKColors.Black));
            Assert.IsFalse(Drawing.OpaqueBox(drawn, 128).IsEmpty, $"'{letter}'");
        }
    }

    [TestMethod]
    public void LongTextIsWrappedAndCut()
    {
        var lines = SheetText.Wrap("one two three four five six seven eight", 10, 80, lines: 2);
        Assert.AreEqual(2, lines.Count);
        StringAssert.EndsWith(lines[1], "...");
        Assert.IsTrue(lines.TrueForAll(line => SheetText.Measure(line, 10) <= 80));
    }

    [TestMethod]
    public void PixelNeighboursFindTheLikeliest()
    {
        var source = new DemoSource(30, seed: 2, size: 48);
        CollectionAssert.AreEqual(Enumerable.Range(0, 30).ToArray(), PixelNeighbours.Nearest(source, source));
        var labels = new LabelSet(["even", "odd"], [.. Enumerable.Range(0, 30).Select(i => i % 2)]);
        Assert.AreEqual(0.5, PixelNeighbours.Accuracy(new int[30], labels, labels));
    }
}
