namespace Silc.Tests;

/// <summary>Folders as cameras, systems and people leave them.</summary>
[TestClass]
public sealed class FolderDataTests : TempFolder
{
    [TestMethod]
    public void What_is_hidden_is_no_data_and_is_counted()
    {
        string[] hidden = ["._a.png", ".thumbnails/t.png", ".ipynb_checkpoints/a-checkpoint.png", "__MACOSX/sub/._b.png", "@eaDir/a.png"];
        foreach (var name in hidden.Append("a.png")) Pair(name);
        var source = new FolderSource(Root);
        Assert.AreEqual(1, source.Count);
        Assert.AreEqual(At("a.png"), source.Read(0).Key);
        var skipped = source.Skipped.Single();
        Assert.AreEqual((SkipReason.Hidden, 5L), (skipped.Reason, skipped.Count));
    }

    // A hidden folder that is named is data: people keep it in ~/.cache.
    [TestMethod]
    public void The_folder_that_is_named_may_be_hidden()
    {
        Pair(".cache/set/a.png");
        Assert.AreEqual(1, new FolderSource(At(".cache/set")).Count);
    }

    [TestMethod]
    [DataRow("b.png", "b.TXT", "upper and lower case", "b.TXT")]
    [DataRow("B.png", "b.txt", "upper and lower case", "b.txt")]
    [DataRow("c.png", "c.png.txt", "not dog.jpg.txt", "c.png.txt")]
    [DataRow("d.tif", "d.txt", "convert it to PNG or JPEG", "d.tif")]
    [DataRow("d.HEIC", "d.txt", "convert it to PNG or JPEG", "d.HEIC")]
    [DataRow("e.jfif", "e.txt", "rename it to .jpg", "e.jfif")]
    [DataRow("f.png", null, "image without caption", "f.png")]
    [DataRow(null, "notes.txt", "caption without image", "notes.txt")]
    public void What_is_left_out_is_said_with_its_reason(string? image, string? text, string reason, string example)
    {
        if (OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()) Assert.Inconclusive("file systems here do not tell b.TXT from b.txt");
        Pair("a.png");
        if (image is not null) File.WriteAllBytes(At(image), TarBytes.Png);
        if (text is not null) File.WriteAllText(At(text), "x");
        var source = new FolderSource(Root);
        Assert.AreEqual(1, source.Count);
        var skipped = source.Skipped.Single();
        Assert.Contains(reason, skipped.Reason);
        Assert.AreEqual(1, skipped.Count);
        Assert.AreEqual(At(example), skipped.Examples.Single());
    }

    [TestMethod]
    public void A_folder_without_captions_says_what_it_holds()
    {
        File.WriteAllBytes(At("c.png"), TarBytes.Png);
        File.WriteAllText(At("c.png.txt"), "x");
        var message = Assert.ThrowsExactly<InvalidDataException>(() => new FolderSource(Root)).Message;
        Assert.Contains("1 images, none with captions", message);
        Assert.Contains("c.png.txt", message);
    }

    [TestMethod]
    public void Class_folders_without_images_and_images_without_class_are_said()
    {
        var root = Classes("cat/1.png", "dog/1.png", "loose.png", "dog/2.tiff", "dog/.trash/3.png");
        Directory.CreateDirectory(Path.Combine(root, "bird"));
        var source = new ClassFolderSource(root);
        CollectionAssert.AreEqual(new[] { "cat", "dog" }, source.Classes.Names.ToArray());
        CollectionAssert.AreEquivalent(
            new[]
            {
                $"{SkipReason.EmptyClass} bird", $"{SkipReason.OutsideClasses} loose.png", $"{SkipReason.Hidden} 3.png",
                $"{UnreadImage.Reason("2.tiff")} 2.tiff",
            },
            source.Skipped.Select(skipped => $"{skipped.Reason} {Path.GetFileName(skipped.Examples.Single())}").ToArray());
    }

    [TestMethod]
    public void Names_of_classes_are_composed()
    {
        if (OperatingSystem.IsMacOS()) Assert.Inconclusive("file systems here take both for one folder");
        var source = new ClassFolderSource(Classes("cafe\u0301/1.png", "caf\u00E9/2.png"));
        Assert.AreEqual("caf\u00E9", source.Classes.Names.Single());
    }

    [TestMethod]
    public void Links_are_followed_but_not_round_in_circles()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("links want rights here");
        Pair("set/a.png");
        Pair("other/b.png");
        Directory.CreateSymbolicLink(At("set/again"), At("set"));
        Directory.CreateSymbolicLink(At("set/more"), At("other"));
        var source = new FolderSource(At("set"));
        Assert.AreEqual(2, source.Count);
        Assert.AreEqual((SkipReason.Loop, At("set/again")), (source.Skipped.Single().Reason, source.Skipped.Single().Examples.Single()));
    }

    [TestMethod]
    public void A_text_file_that_is_not_UTF8_is_refused_with_its_line()
    {
        Pair("a.png");
        File.WriteAllBytes(At("a.txt"), [.. "first\ncaf"u8, 0xE9, (byte)'\n']);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => new FolderSource(Root).Read(0)).Message;
        Assert.Contains($"{At("a.txt")} line 2 is not UTF-8 (byte E9)", message);
    }

    void Pair(string image)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(image))!);
        File.WriteAllBytes(At(image), TarBytes.Png);
        File.WriteAllText(Path.ChangeExtension(At(image), ".txt"), "caption");
    }

    string Classes(params string[] files)
    {
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At($"classes/{file}"))!);
            File.WriteAllBytes(At($"classes/{file}"), TarBytes.Png);
        }
        return At("classes");
    }
}
