using SkiaSharp;

namespace Silc.Tests;

/// <summary>Masks as annotation tools and hands leave them.</summary>
[TestClass, DoNotParallelize]
public sealed class MaskTests : TempFolder
{
    static readonly ClassList Classes = ClassList.Of(["wall", "floor", "door"]);

    [TestMethod]
    [DataRow(SKColorType.Rgba8888, 255, DisplayName = "grey as red, green and blue, opaque")]
    [DataRow(SKColorType.Gray8, 255, DisplayName = "grey")]
    public void GreyIsReadHoweverItIsWritten(SKColorType type, int alpha)
    {
        Image(type, (byte)alpha, Grey);
        var map = LabelMapFile.Read(At("m.png"));
        CollectionAssert.AreEqual(Enumerable.Range(0, 12).Select(i => (int)Grey(i).Red).ToArray(), map.Labels);
    }

    // What PIL writes of mode LA: no encoder here does.
    [TestMethod]
    [DataRow(255, null)]
    [DataRow(254, "transparent in places")]
    public void GreyWithAlphaIsReadWhereItIsOpaque(int alpha, string? error)
    {
        File.WriteAllBytes(At("m.png"), Png(1, 2, colour: 4, [0, 7, 255, 0, 9, (byte)alpha]));
        if (error is null) CollectionAssert.AreEqual(new[] { 7, 9 }, LabelMapFile.Read(At("m.png")).Labels);
        else Assert.Contains(error, Assert.ThrowsExactly<InvalidDataException>(() => LabelMapFile.Read(At("m.png"))).Message);
    }

    [TestMethod]
    public void AJpegMaskIsRefusedAsLossy()
    {
        Set(("0.png", [0, 1, 2, 1]));
        using (var bitmap = new SKBitmap(2, 2, SKColorType.Gray8, SKAlphaType.Opaque))
        using (var jpeg = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90))
        {
            File.WriteAllBytes(At("set/masks/1.jpg"), jpeg.ToArray());
            ImageFile.Write(At("set/images/1.png"), Images.Noise(2, 2, 1));
            var error = Assert.ThrowsExactly<InvalidDataException>(() => new MaskFolderSource(At("set"), Classes)).Message;
            Assert.Contains(Path.Combine("masks", "1.jpg"), error);
            Assert.Contains("lossy", error);
            File.Move(At("set/masks/1.jpg"), At("set/masks/1.png"));
        }
        Assert.Contains("JPEG", Assert.ThrowsExactly<InvalidDataException>(() => new MaskFolderSource(At("set"), Classes).Read(1)).Message);
    }

    [TestMethod]
    [DataRow("255", new[] { 0, 1, -1, 254 })]
    [DataRow("254,255", new[] { 0, 1, -1, -1 })]
    [DataRow("0, 254,255", new[] { -1, 1, -1, -1 })]
    [DataRow("none", new[] { 0, 1, 255, 254 })]
    public void SeveralLabelsMayBeIgnored(string ignore, int[] expected)
    {
        Set(("0.png", [0, 1, 255, 254]));
        int[]? labels = ignore == "none" ? [] : [.. ignore.Split(',').Select(int.Parse)];
        CollectionAssert.AreEqual(expected, new MaskFolderSource(At("set"), Classes, labels).Read(0).Labels.Labels);
        var (code, _, error) = CommandLineRun.Of(
            "eval", "segmentation", "--model", Model(), "--data", $"masks:{At("set")}", "--classes", Named(), "--ignore", ignore, "--device", "cpu");
        if (expected.Max() < Classes.Count) Assert.AreEqual(0, code, error);
        else Assert.Contains($"label {expected.Max()} is not among the 3 classes", error);
    }

    [TestMethod]
    [DataRow("x")]
    [DataRow("1;2")]
    [DataRow("-1")]
    public void WrongLabelsToIgnoreAreNamed(string ignore)
    {
        Set(("0.png", [0, 1, 255, 254]));
        var (code, _, error) = CommandLineRun.Of("eval", "segmentation", "--model", Model(), "--data", $"masks:{At("set")}", "--classes",
            Named(), "--ignore", ignore);
        Assert.AreNotEqual(0, code);
        Assert.Contains($"--ignore '{ignore}'", error);
    }

    [TestMethod]
    public void MasksOf0And255SayWhyNothingCounts()
    {
        Set(("0.png", [0, 255, 0, 255]), ("1.png", [0, 0, 255, 255]));
        var (code, _, error) = CommandLineRun.Of(
            "eval", "segmentation", "--model", Model(), "--data", $"masks:{At("set")}", "--classes", Named("background\nfloor\n"), "--device", "cpu");
        Assert.AreEqual(1, code);
        Assert.Contains("every pixel is background or of a label that is ignored", error);
        Assert.Contains("255 written as 1", error);
    }

    [TestMethod]
    public void PredictionsAreWrittenAsMasks()
    {
        Set(("0.png", [0, 1, 2, 255]), ("a/1.png", [2, 2, 1, 3]));
        string[] line =
        [
            "eval", "segmentation", "--model", Model(), "--data", $"masks:{At("set")}", "--classes", Named(), "--skip-zero", "--device", "cpu",
            "--predictions", At("answers"),
        ];
        var (code, output, error) = CommandLineRun.Of(line);
        Assert.AreEqual(0, code, error);
        Assert.Contains("wrote 4 masks", output);
        using var device = Device.Cpu();
        using var model = SilcModel.Load(device, Model());
        var source = new MaskFolderSource(At("set"), Classes, skipZero: true);
        foreach (var (feature, folder) in new[] { (PatchFeature.MapValues, "map-values"), (PatchFeature.LastBlockValues, "last-block-values") })
            for (int i = 0; i < source.Count; i++)
            {
                var expected = model.Segmenter(model.Prototypes(Classes, Prompts.Templates("segmentation")), feature).Segment(source.Read(i).Image);
                var written = LabelMapFile.Read(At($"answers/{folder}/{Path.ChangeExtension(source.Read(i).Key, ".png")}"));
                CollectionAssert.AreEqual(expected.Labels.Select(label => label + 1).ToArray(), written.Labels);
            }
        (code, _, error) = CommandLineRun.Of(line);
        Assert.AreEqual(1, code);
        Assert.Contains("is not empty", error);
    }

    [TestMethod]
    [DataRow(new[] { 0, 1, 254, -1 }, 255)]
    [DataRow(new[] { 0, 255, 256, 65534, -1, 3 }, 65535)]
    public void WrittenLabelsAreReadBack(int[] labels, int ignored)
    {
        LabelMapFile.Write(At("m.png"), new(labels.Length / 2, 2, labels));
        CollectionAssert.AreEqual(labels.Select(label => label < 0 ? ignored : label).ToArray(), LabelMapFile.Read(At("m.png")).Labels);
        // As any reader sees it.
        Assert.AreEqual(labels.Length / 2, ImageFile.Read(At("m.png")).Width);
    }

    static SKColor Grey(int i) => new((byte)(i * 20), (byte)(i * 20), (byte)(i * 20));

    void Image(SKColorType type, byte alpha, Func<int, SKColor> colour)
    {
        using var bitmap = new SKBitmap(4, 3, type, type == SKColorType.Gray8 ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        for (int i = 0; i < 12; i++) bitmap.SetPixel(i % 4, i / 4, colour(i).WithAlpha(alpha));
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(At("m.png"), data.ToArray());
    }

    // Masks of 2 x 2 labels with images of noise.
    void Set(params (string Name, int[] Labels)[] masks)
    {
        foreach (var (i, (name, labels)) in masks.Index())
        {
            var image = At($"set/images/{name}");
            Directory.CreateDirectory(Path.GetDirectoryName(image)!);
            ImageFile.Write(image, Images.Noise(2, 2, i));
            var mask = At($"set/masks/{name}");
            Directory.CreateDirectory(Path.GetDirectoryName(mask)!);
            File.WriteAllBytes(mask, Png(2, 2, colour: 0, [0, (byte)labels[0], (byte)labels[1], 0, (byte)labels[2], (byte)labels[3]]));
        }
    }

    string Named(string classes = "wall\nfloor\ndoor\n")
    {
        File.WriteAllText(At("classes.txt"), classes);
        return At("classes.txt");
    }

    string Model()
    {
        var file = At("model.safetensors");
        if (File.Exists(file)) return file;
        using var device = Device.Cpu();
        using var model = SilcModel.Create(device, TinyRun.Config with { VocabSize = 4096 }, seed: 1, new WordTokenizer(4096));
        model.Save(file);
        return file;
    }

    // Eight bits a channel; lines begin with their filter.
    static byte[] Png(int width, int height, byte colour, byte[] lines)
    {
        using var packed = new MemoryStream();
        using (var deflate = new System.IO.Compression.ZLibStream(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
            deflate.Write(lines);
        return
        [
            0x89, .. "PNG\r\n"u8, 0x1A, .. "\n"u8, .. Chunk("IHDR"u8, [0, 0, 0, (byte)width, 0, 0, 0, (byte)height, 8, colour, 0, 0, 0]),
            .. Chunk("IDAT"u8, packed.ToArray()), .. Chunk("IEND"u8, []),
        ];

        // Checksums are not looked at.
        static byte[] Chunk(ReadOnlySpan<byte> kind, byte[] content) => [0, 0, 0, (byte)content.Length, .. kind, .. content, 0, 0, 0, 0];
    }
}
