using SkiaSharp;

namespace Silc.Tests;

[TestClass]
public sealed class ImageFileTests : TempFolder
{
    [TestMethod]
    public void PngKeepsEveryByte()
    {
        var image = Images.Plain(13, 7, 0, 0, 0);
        new Random(3).NextBytes(image.Rgba);
        // Transparent black is the only fully transparent colour that an encoder must keep.
        for (int i = 3; i < image.Rgba.Length; i += 4) image.Rgba[i] |= 128;
        ImageFile.Write(At("a.png"), image);
        var back = ImageFile.Read(At("a.png"));
        Assert.AreEqual((13, 7), (back.Width, back.Height));
        CollectionAssert.AreEqual(image.Rgba, back.Rgba);
        Assert.HasCount(1, Directory.GetFiles(Root));
    }

    [TestMethod]
    public void GreyAndPalettePngsAreColour()
    {
        using var bitmap = new SKBitmap(4, 3, SKColorType.Gray8, SKAlphaType.Opaque);
        bitmap.Erase(new SKColor(77, 77, 77));
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        var image = ImageFile.Decode(data.ToArray(), "grey");
        CollectionAssert.AreEqual(Images.Plain(4, 3, 77, 77, 77).Rgba, image.Rgba);
    }

    [TestMethod]
    public void CutShortNamesTheFile()
    {
        var bytes = ImageFile.Encode(Images.Noise(40, 40, 1));
        File.WriteAllBytes(At("cut.png"), bytes[..(bytes.Length / 2)]);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Read(At("cut.png")));
        Assert.Contains("cut.png", error.Message);
    }

    [TestMethod]
    public void HugeFileIsRefusedUnread()
    {
        using (var file = File.Create(At("video.jpg"))) file.SetLength(ImageFile.MaxBytes + 1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Read(At("video.jpg")));
        Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Contains("video.jpg", error.Message);
    }

    [TestMethod]
    public void TextIsNoImage()
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode("not an image"u8.ToArray(), "b.jpg"));
        Assert.Contains("b.jpg", error.Message);
        Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode([], "empty.png"));
    }

    // Stored 3 x 2 as "abc / def"; the expected rows are the upright image's.
    [TestMethod]
    [DataRow(1, "abc/def")]
    [DataRow(2, "cba/fed")]
    [DataRow(3, "fed/cba")]
    [DataRow(4, "def/abc")]
    [DataRow(5, "ad/be/cf")]
    [DataRow(6, "da/eb/fc")]
    [DataRow(7, "fc/eb/da")]
    [DataRow(8, "cf/be/ad")]
    public void OrientationTurnsUpright(int tag, string expected)
    {
        var stored = Images.Plain(3, 2, 0, 0, 0);
        for (int i = 0; i < 6; i++) stored.Rgba[i * 4] = (byte)("abcdef"[i]);
        var upright = Orientation.Upright(stored, tag);
        var rows = Enumerable.Range(0, upright.Height).Select(
            y => string.Concat(Enumerable.Range(0, upright.Width).Select(x => (char)upright.Rgba[(y * upright.Width + x) * 4])));
        Assert.AreEqual(expected, string.Join('/', rows));
    }
}
