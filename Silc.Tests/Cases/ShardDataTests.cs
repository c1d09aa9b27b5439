namespace Silc.Tests;

/// <summary>Shards as img2dataset, webdataset and people write them.</summary>
[TestClass]
public sealed class ShardDataTests : TempFolder
{
    [TestMethod]
    public void A_field_is_all_that_follows_the_first_dot()
    {
        var source = Open(new TarBytes()
            .Add("1.depth.png", "no image").Add("1.url.txt", "https://example.com").Add("1.bbox.json", "[0, 0, 1, 1]")
            .Add("1.alt.txt", "alternative").Add("1.JPG", TarBytes.Png).Add("1.txt", "a red thing").Add("1.cls", "3"));
        var pair = source.Read(0);
        Assert.AreEqual((1, "1.JPG", "a red thing"), (source.Count, Path.GetFileName(pair.Key.Split(' ')[^1]), pair.Captions.Single()));
        var skipped = source.Skipped.Single();
        Assert.AreEqual((SkipReason.OtherField, 4L), (skipped.Reason, skipped.Count));
    }

    [TestMethod]
    [DataRow("1.png 1.jpg", "1.jpg")]
    [DataRow("1.jpg 1.png", "1.jpg")]
    [DataRow("1.webp 1.jpeg 1.png", "1.png")]
    [DataRow("1.gif 1.webp", "1.webp")]
    public void Of_several_images_open_clips_first_choice_is_taken(string names, string expected)
    {
        var tar = new TarBytes();
        foreach (var name in names.Split(' ')) tar.Add(name, TarBytes.Png);
        var source = Open(tar.Add("1.txt", "x"));
        Assert.EndsWith(expected, source.Read(0).Key);
        Assert.AreEqual(names.Count(letter => letter == ' '), source.Skipped.Single().Count);
    }

    [TestMethod]
    [DataRow("A long caption that has been\nwrapped over two lines.\n", "A long caption that has been\nwrapped over two lines.")]
    [DataRow("\uFEFFone\r\n", "one")]
    public void A_text_is_one_caption(string text, string expected) =>
        Assert.AreEqual(expected, Open(new TarBytes().Add("1.png", TarBytes.Png).Add("1.txt", text)).Read(0).Captions.Single());

    [TestMethod]
    [DataRow(null, null, "txt of 1", 1)]
    [DataRow("img", null, "txt of 2", 1)]
    [DataRow(null, "cap", "cap of 1", 1)]
    [DataRow("img;jpg", "title", "title of 2", 2)]
    [DataRow("img,png", ".cap,title", "cap of 1", 2)]
    public void Fields_can_be_named(string? image, string? caption, string expected, int count)
    {
        File.WriteAllBytes(At("s.tar"), new TarBytes()
            .Add("1.png", TarBytes.Png).Add("1.jpg", TarBytes.Png).Add("1.cap", "cap of 1").Add("1.txt", "txt of 1")
            .Add("1.json", """{"title": "title of 1"}""")
            .Add("2.img", TarBytes.Png).Add("2.txt", "txt of 2").Add("2.json", """{"title": ["title of 2"]}""").End());
        var source = new WebDatasetSource(At("s.tar"), imageField: image, captionField: caption);
        Assert.AreEqual(count, source.Count);
        CollectionAssert.Contains(Enumerable.Range(0, count).SelectMany(i => source.Read(i).Captions).ToArray(), expected);
    }

    [TestMethod]
    public void What_a_shard_holds_is_said_where_nothing_fits()
    {
        var strange = new TarBytes().Add("1.img", TarBytes.Png).Add("1.cap", "x").Add("2.img", TarBytes.Png);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => Open(strange)).Message;
        Assert.Contains("They hold .img (2), .cap (1)", message);
        Assert.Contains("--image-field", message);
        var source = Open(new TarBytes().Add("0.jpg", TarBytes.Png).Add("0.json", """{"title": "x", "width": 4}"""));
        message = Assert.ThrowsExactly<InvalidDataException>(() => source.Read(0)).Message;
        Assert.Contains("none of caption, text, captions, but title, width", message);
        Assert.Contains("--caption-field", message);
    }

    [TestMethod]
    [DataRow("s/**/*.tar", "s/1/x.tar s/b/2/x.tar s/x.tar")]
    [DataRow("**/x.tar", "s/1/x.tar s/b/2/x.tar s/x.tar")]
    [DataRow("s/**/2/**/*.tar", "s/b/2/x.tar")]
    [DataRow("s/*/*.tar", "s/1/x.tar")]
    public void Two_stars_stand_for_folders_of_all_levels(string pattern, string expected)
    {
        foreach (var file in (string[])["s/x.tar", "s/1/x.tar", "s/b/2/x.tar", "s/.git/x.tar", "s/1/._x.tar"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At(file))!);
            File.WriteAllText(At(file), "");
        }
        if (!OperatingSystem.IsWindows()) Directory.CreateSymbolicLink(At("s/b/2/round"), At("s"));
        CollectionAssert.AreEquivalent(expected.Split(' ').Select(At).ToArray(), ShardPattern.Find(At(pattern)));
    }

    [TestMethod]
    public void Hidden_shards_and_members_are_left_out_and_counted()
    {
        File.WriteAllBytes(At("a.tar"), new TarBytes()
            .Pair("1").Add("._1.png", "fork").Add("__MACOSX/2.png", "fork").Add(".thumbs/3.png", TarBytes.Png).Add(".thumbs/3.txt", "x").End());
        File.WriteAllText(At("._a.tar"), "fork");
        var source = new WebDatasetSource(At("*.tar"));
        Assert.AreEqual(1, source.Count);
        var skipped = source.Skipped.Single();
        Assert.AreEqual((SkipReason.Hidden, 4L), (skipped.Reason, skipped.Count));
    }

    [TestMethod]
    [DataRow(new byte[] { 0x28, 0xB5, 0x2F, 0xFD, 0 }, "zstd -d")]
    [DataRow(new byte[] { 0x42, 0x5A, 0x68, 0x39 }, "bunzip2")]
    [DataRow(new byte[] { 0xFD, 0x37, 0x7A, 0x58, 0x5A, 0 }, "xz -d")]
    [DataRow(new byte[] { 0x50, 0x4B, 3, 4 }, "unzip")]
    public void Other_compression_is_named(byte[] start, string remedy)
    {
        File.WriteAllBytes(At("s.tar"), [.. start, .. new byte[600]]);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => new WebDatasetSource(At("s.tar"))).Message;
        Assert.Contains(At("s.tar"), message);
        Assert.Contains(remedy, message);
    }

    // Two names of Latin-1 that would both become "caf" and U+FFFD.
    [TestMethod]
    public void Names_that_are_not_UTF8_stay_apart()
    {
        byte[] Named(byte letter)
        {
            var bytes = new TarBytes().Pair("caf#").End()[..^1024];
            foreach (var header in (int[])[0, 1024])
            {
                bytes[header + 3] = letter;
                TarBytes.Sign(bytes.AsSpan(header, 512));
            }
            return bytes;
        }
        var source = new WebDatasetSource("test", [new MemoryShard([.. Named(0xE9), .. Named(0xE8), .. new byte[1024]])], 1 << 20);
        Assert.AreEqual(2, source.Count);
        Assert.IsEmpty(source.Skipped);
        Assert.AreEqual("memory.tar: caf\u00E8.png", source.Read(1).Key);
    }

    static WebDatasetSource Open(TarBytes tar) => new("test", [new MemoryShard(tar.End())], 64 << 20);
}
