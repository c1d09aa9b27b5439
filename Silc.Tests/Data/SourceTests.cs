using System.Text;

namespace Silc.Tests;

[TestClass]
public sealed class SourceTests : TempFolder
{
    [TestMethod]
    public void CsvResolvesPathsAndGroupsCaptions()
    {
        Directory.CreateDirectory(At("img"));
        ImageFile.Write(At("img/a.png"), Images.Plain(2, 1, 9, 8, 7));
        ImageFile.Write(At("b.png"), Images.Plain(1, 1, 1, 2, 3));
        var text = "id,filepath,title\r\n1,img/a.png,\"a red, \"\"big\"\" dog\"\r\n"
            + "2,b.png,Ünïcode\r\n3,img/a.png,\"two\r\nlines\"\r\n";
        File.WriteAllText(At("t.csv"), text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        var source = new CsvSource(At("t.csv"));
        Assert.AreEqual(2, source.Count);
        Assert.AreEqual("t", source.Name);
        var pair = source.Read(0);
        Assert.AreEqual(At("img/a.png"), pair.Key);
        Assert.AreEqual((2, (byte)9), (pair.Image.Width, pair.Image.Rgba[0]));
        CollectionAssert.AreEqual(new[] { "a red, \"big\" dog", "two\r\nlines" }, pair.Captions.ToArray());
        Assert.AreEqual("Ünïcode", source.Read(1).Captions[0]);
    }

    [TestMethod]
    [DataRow("image\tcaption\na.png\ta 5\" screen, wide; really\n", null)]
    [DataRow("image|caption\na.png|a 5\" screen, wide; really\n", '|')]
    public void CsvSeparators(string text, char? separator)
    {
        ImageFile.Write(At("a.png"), Images.Plain(1, 1, 0, 0, 0));
        var source = new CsvSource(Put("t.tsv", text), "image", "caption", separator);
        Assert.AreEqual("a 5\" screen, wide; really", source.Read(0).Captions[0]);
    }

    [TestMethod]
    [DataRow("path,title\na.png,x\n", "no column 'filepath', it has 'path', 'title'")]
    [DataRow("", "is empty")]
    [DataRow("filepath,title\n", "no rows")]
    [DataRow("filepath,title\na.png,x\nb.png\n", "line 3: nothing in column 'title'")]
    [DataRow("filepath,title\na.png,\"never closed\nb.png,x\n", "line 2: a quote is never closed")]
    public void CsvErrorsNameFileAndPlace(string text, string expected)
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => new CsvSource(Put("t.csv", text)));
        Assert.Contains(expected, error.Message);
        Assert.Contains(At("t.csv"), error.Message);
    }

    [TestMethod]
    public void FolderPairsImagesWithTexts()
    {
        Directory.CreateDirectory(At("sub"));
        ImageFile.Write(At("b.png"), Images.Plain(1, 1, 2, 0, 0));
        ImageFile.Write(At("sub/A.PNG"), Images.Plain(1, 1, 1, 0, 0));
        ImageFile.Write(At("alone.png"), Images.Plain(1, 1, 3, 0, 0));
        Put("b.txt", "one\n\n two \n");
        Put("sub/A.txt", "three");
        var source = new FolderSource(Root);
        Assert.AreEqual(2, source.Count);
        CollectionAssert.AreEqual(new[] { "one", "two" }, source.Read(0).Captions.ToArray());
        Assert.AreEqual(1, source.Read(1).Image.Rgba[0]);
        File.Delete(At("b.txt"));
        File.Delete(At("sub/A.txt"));
        Assert.Contains("3 images, none", Assert.ThrowsExactly<InvalidDataException>(() => new FolderSource(Root)).Message);
    }

    [TestMethod]
    public void FolderNamesAreClasses()
    {
        foreach (var name in (string[])["red_panda/a.png", "big-red  dog/sub/b.JPG", "red-panda/c.png", ".hidden/d.png", "e.png"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
            ImageFile.Write(At(name), Images.Plain(1, 1, 2, 0, 0));
        }
        var source = new ClassFolderSource(Root, "{}, a photo of a {}");
        Assert.AreEqual(3, source.Count);
        Assert.AreEqual("big red dog, a photo of a big red dog", source.Read(0).Captions.Single());
        Assert.AreEqual("a photo of a red panda", new ClassFolderSource(Root).Read(1).Captions.Single());
        CollectionAssert.AreEqual(new[] { "big red dog", "red panda" }, source.Classes.Names.ToArray());
        CollectionAssert.AreEqual(new[] { 0, 1, 1 }, source.Classes.Of.ToArray());
        var error = Assert.ThrowsExactly<ArgumentException>(() => new ClassFolderSource(Root, "a dog"));
        Assert.Contains("'a dog' has no {}", error.Message);
        Directory.CreateDirectory(At("__"));
        Assert.Contains("names no class", Assert.ThrowsExactly<InvalidDataException>(() => new ClassFolderSource(Root)).Message);
        var empty = At("red_panda");
        Assert.Contains(empty, Assert.ThrowsExactly<InvalidDataException>(() => new ClassFolderSource(empty)).Message);
    }

    [TestMethod]
    public void SubsetMapsIndices()
    {
        var subset = new SubsetSource(new FakeSource(10), [7, 2]);
        Assert.AreEqual("caption 2", subset.Read(1).Captions[0]);
        Assert.ThrowsExactly<ArgumentException>(() => new SubsetSource(new FakeSource(10), [10]));
    }

    [TestMethod]
    public void CacheKeepsImagesWithinItsBudget()
    {
        var inner = new FakeSource(4);
        var cache = new CachedSource(inner, maxBytes: 2 * inner.BytesPerImage);
        for (int round = 0; round < 3; round++)
            for (int i = 0; i < 4; i++) Assert.AreEqual($"caption {i}", cache.Read(i).Captions[0]);
        Assert.AreEqual(2 + 3 * 2, inner.Reads);
        Assert.AreEqual(2 * inner.BytesPerImage, cache.Bytes);
    }

    string Put(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }
}
