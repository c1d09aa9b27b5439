using System.Diagnostics;

namespace Silc.Tests;

/// <summary>Photos as people have them: without captions, with tables beside them, named through a pipe.</summary>
[TestClass, DoNotParallelize]
public sealed class PhotoDataTests : TempFolder
{
    [TestMethod]
    [DataRow("folder")]
    [DataRow("table")]
    [DataRow("table with empty cells")]
    [DataRow("shard")]
    public void PhotosWithoutCaptionsAreEmbeddedAndFound(string kind)
    {
        var photos = Photos(3);
        var data = kind switch
        {
            "folder" => At("photos"),
            "table" => Put("t.csv", "filepath\nphotos/0.png\nphotos/1.png\nphotos/2.png\n"),
            "table with empty cells" => Put("t.csv", "filepath,title\nphotos/0.png,\nphotos/1.png,\"\"\nphotos/2.png,\n"),
            _ => Shard(photos),
        };
        var model = CaseModel.In(Root);
        Right("embed", "--model", model, "--data", data, "--out", At("v.npy"), "--device", "cpu");
        var index = EmbeddingIndex.Load(At("v.npy"));
        using var device = Device.Cpu(1);
        using var loaded = SilcModel.Load(device, model);
        Close.Bits([.. loaded.EmbedImages(photos).Values.Span], [.. index.Rows.Values.Span], "rows");
        CollectionAssert.AreEqual(new[] { "", "", "" }, index.Titles.ToArray());
        for (int i = 0; i < 3; i++) Assert.EndsWith($"{i}.png", index.Paths[i]);
        if (kind != "shard")
            Assert.Contains("1.png", Right("search", "--like", photos[1], "--model", model, "--index", At("v.npy"), "--top", "1", "--device", "cpu"));
    }

    [TestMethod]
    public void CaptionsThatAreThereAreKept()
    {
        Photos(2);
        File.WriteAllText(At("photos/1.txt"), "a cat\n");
        Right("embed", "--model", CaseModel.In(Root), "--data", At("photos"), "--out", At("v.npy"), "--device", "cpu");
        CollectionAssert.AreEqual(new[] { "", "a cat" }, EmbeddingIndex.Load(At("v.npy")).Titles.ToArray());
    }

    [TestMethod]
    public void TrainingAndANamedColumnStillNeedCaptions()
    {
        Photos(2);
        Assert.Contains("none with captions", Assert.ThrowsExactly<InvalidDataException>(() => new FolderSource(At("photos"))).Message);
        var table = Put("t.csv", "filepath\nphotos/0.png\n");
        Assert.Contains("no column 'title'", Assert.ThrowsExactly<InvalidDataException>(() => new CsvSource(table)).Message);
        var (code, _, error) = CommandLineRun.Of("embed", "--model", CaseModel.In(Root), "--data", table, "--caption-column",
            "words", "--out", At("v.npy"));
        Assert.AreEqual(1, code);
        Assert.Contains("no column 'words'", error);
    }

    [TestMethod]
    public void TrainingOnImagesAloneNeedsNoCaptions()
    {
        Photos(4);
        string[] line = ["train", "--recipe", "dino", "--data", At("photos"), "--preset", "mini", "--image-size", "32", "--steps", "2", "--batch",
            "2", "--device", "cpu", "--out", At("run")];
        var output = Right(line);
        Assert.Contains("4 images, 2 a step", output);
        Assert.Contains("silc eval probe", output);
        Assert.IsFalse(output.Contains("zero-shot", StringComparison.Ordinal), output);
        Right("train", "--resume", At("run"), "--steps", "3");
        Right("report", At("run"), "--device", "cpu");
        var (code, _, error) = CommandLineRun.Of([.. line[..^1], At("other"), "--contrastive-weight", "1"]);
        Assert.AreEqual(1, code);
        Assert.Contains("none with captions", error);
        // A try needs no more than the run.
        Assert.Contains("4 images", Right([.. line[..^2], "--dry-run"]));
        Assert.Contains("without captions: 4 images",
            Right("data", "inspect", "--data", At("photos"), "--views", "dino", "--sheet", At("sheet.png")));
    }

    /// <summary>A decoder, and second captions, would learn that a photo without words has none.</summary>
    [TestMethod]
    [DataRow("--decoder")]
    [DataRow("--dual")]
    public void OtherLossesThatReadCaptionsNeedThem(string loss)
    {
        Photos(4);
        string[] line = ["train", "--data", At("photos"), "--preset", "mini", "--image-size", "32", "--views", "siglip2", "--tokenizer", "words",
            "--contrastive-weight", "0", "--steps", "1", "--batch", "2", "--device", "cpu", loss, "1"];
        var (code, _, error) = CommandLineRun.Of([.. line, "--out", At("run")]);
        Assert.AreEqual(1, code);
        Assert.Contains("none with captions", error);
        for (int i = 0; i < 3; i++) File.WriteAllText(At($"photos/{i}.txt"), "a dog");
        Assert.Contains("3 images", Right([.. line, "--dry-run"]));
    }

    [TestMethod]
    public void AFolderWithoutImagesSaysSo()
    {
        Directory.CreateDirectory(At("empty"));
        File.WriteAllText(At("empty/IMG_1.heic"), "");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => new FolderSource(At("empty"), needCaptions: false)).Message;
        Assert.Contains("holds no images", error);
        Assert.Contains(".heic", error);
    }

    [TestMethod]
    [DataRow("metadata.csv", "file_name,text\n0.png,a dog\n0.png,a brown dog\nsub/1.png,\"a cat, grey\"\n")]
    [DataRow("metadata.jsonl", """
        {"file_name": "0.png", "text": ["a dog", "a brown dog"]}

        {"file_name": "sub/1.png", "text": "a cat, grey", "size": 3}
        """)]
    [DataRow("metadata.csv", "label,caption,file_name\n7,a dog,0.png\n7,a brown dog,0.png\n8,\"a cat, grey\",sub/1.png\n")]
    public void MetadataOfImagefolderIsRead(string name, string text)
    {
        Photos(1);
        ImageFile.Write(At("photos/sub/1.png"), Images.Noise(8, 8, 1));
        ImageFile.Write(At("photos/2.png"), Images.Noise(8, 8, 2));
        Put($"photos/{name}", text);
        var source = new MetadataSource(At("photos"));
        Assert.AreEqual(2, source.Count);
        CollectionAssert.AreEqual(new[] { "a dog", "a brown dog" }, source.Read(0).Captions.ToArray());
        Assert.AreEqual("a cat, grey", source.Read(1).Captions.Single());
        CollectionAssert.AreEqual(Images.Noise(8, 8, 1).Rgba, source.Read(1).Image.Rgba);
        Assert.AreEqual(1, source.Skipped.Single().Count);
        Assert.Contains("2.png", $"{source.Skipped.Single()}");
        Assert.AreEqual(3, new MetadataSource(At("photos"), needCaptions: false).Count);
        Assert.Contains("3 images", Right("data", "inspect", "--data", At("photos"), "--sheet", At("sheet.png")));
    }

    [TestMethod]
    [DataRow("metadata.csv", "camera,date\nx,2024\n")]
    [DataRow("metadata.jsonl", "{\"camera\": 3}")]
    [DataRow("metadata.jsonl", "{")]
    public void ATableAboutSomethingElseIsNoMetadata(string name, string text)
    {
        Photos(1);
        File.WriteAllText(At("photos/0.txt"), "a dog");
        Put($"photos/{name}", text);
        Assert.IsFalse(MetadataSource.IsFolder(At("photos")));
        Assert.Contains("photos: 1 image,", Right("data", "inspect", "--data", At("photos"), "--sheet", At("sheet.png")));
    }

    [TestMethod]
    public void HalfAPairOfSurrogatesIsNamedWithItsLine()
    {
        Photos(1);
        Put("photos/metadata.jsonl", """{"file_name": "0.png", "text": "\ud83d"}""");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => new MetadataSource(At("photos"))).Message;
        Assert.Contains("metadata.jsonl line 1 is no valid JSON", error);
    }

    [TestMethod]
    public void EachSplitMayHaveItsTable()
    {
        foreach (var split in (string[])["train", "test"])
        {
            ImageFile.Write(At($"photos/{split}/0.png"), Images.Noise(8, 8, 1));
            Put($"photos/{split}/metadata.jsonl", $$"""{"file_name": "0.png", "text": "of {{split}}"}""");
        }
        Assert.IsTrue(MetadataSource.IsFolder(At("photos")));
        var source = new MetadataSource(At("photos"));
        CollectionAssert.AreEquivalent(new[] { "of train", "of test" }, new[] { source.Read(0).Captions.Single(), source.Read(1).Captions.Single() });
    }

    [TestMethod]
    public void ATableOfJsonLinesHasColumnsByName()
    {
        Photos(2);
        var table = Put("t.jsonl", """
            {"img": "photos/0.png", "coca": "a dog", "text": "wrong"}
            {"img": "photos/1.png", "coca": "a cat", "text": "wrong"}
            """);
        var source = new MetadataSource(table, "img", "coca");
        CollectionAssert.AreEqual(new[] { "a dog", "a cat" }, new[] { source.Read(0).Captions.Single(), source.Read(1).Captions.Single() });
        Assert.Contains("2 images",
            Right("data", "inspect", "--data", table, "--image-column", "img", "--caption-column", "coca", "--sheet", At("sheet.png")));
    }

    [TestMethod]
    [DataRow("{\"file_name\": \"0.png\"}", "t.jsonl line 1 has no text, caption, captions")]
    [DataRow("{\"file\": \"0.png\", \"text\": \"a\"}", "t.jsonl line 1 has no file_name, filepath")]
    [DataRow("\n{\"file_name\": \"0.png\", \"text\": 3}", "t.jsonl line 2: 'text' holds a number")]
    [DataRow("{\"file_name\": \"0.png\", \"text\": \"\"}", "t.jsonl line 1 has no caption")]
    [DataRow("[1]", "t.jsonl line 1 holds no JSON object")]
    [DataRow("{\"file_name\": ", "t.jsonl line 1 is no valid JSON")]
    public void AWrongLineIsNamed(string text, string named) =>
        Assert.Contains(named, Assert.ThrowsExactly<InvalidDataException>(() => new MetadataSource(Put("t.jsonl", text))).Message);

    [TestMethod]
    [DataRow("-")]
    [DataRow("/dev/stdin")]
    public void ATableMayComeThroughAPipe(string data)
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("a pipe has another name on Windows");
        Photos(2);
        var model = CaseModel.In(Root);
        Put("t.csv", "filepath,title\nphotos/0.png,a dog\nphotos/1.png,a cat\n");
        var start = new ProcessStartInfo("sh",
            ["-c", $"cat t.csv | \"$DOTNET\" exec \"$SILC\" embed --model '{model}' --data {data} --out v.npy --device cpu"])
        {
            WorkingDirectory = Root,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET"] = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        start.Environment["SILC"] = Path.Combine(AppContext.BaseDirectory, "silc.dll");
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, error);
        CollectionAssert.AreEqual(new[] { "a dog", "a cat" }, EmbeddingIndex.Load(At("v.npy")).Titles.ToArray());
    }

    string[] Photos(int count)
    {
        Directory.CreateDirectory(At("photos/sub"));
        string[] paths = [.. Enumerable.Range(0, count).Select(i => At($"photos/{i}.png"))];
        foreach (var (i, path) in paths.Index()) ImageFile.Write(path, Images.Noise(20, 16, i));
        return paths;
    }

    string Shard(string[] photos)
    {
        var tar = new TarBytes();
        foreach (var photo in photos) tar.Add(Path.GetFileName(photo), File.ReadAllBytes(photo));
        File.WriteAllBytes(At("photos.tar"), tar.End());
        return At("photos.tar");
    }

    string Put(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    static string Right(params string[] line)
    {
        var (code, output, error) = CommandLineRun.Of(line);
        Assert.AreEqual(0, code, error);
        return output;
    }
}
