using System.Text;
using SkiaSharp;

namespace Silc.Tests;

/// <summary>Images as phones and cameras make them: larger than is kept in memory, and in formats that are not read.</summary>
[TestClass]
public sealed class ImageCaseTests : TempFolder
{
    const int Width = 12000, Height = 9000;     // 108 megapixels

    // Left half dark, right half light.
    static byte Grey(int x) => x < Width / 2 ? (byte)40 : (byte)200;

    [TestMethod, DoNotParallelize]
    [DataRow(SKEncodedImageFormat.Jpeg), DataRow(SKEncodedImageFormat.Png)]
    public void APhotoOf108MegapixelsIsReadAtAHalf(SKEncodedImageFormat format)
    {
        Encode(format, "p");
        var image = ImageFile.Read(At("p"));
        Assert.AreEqual((Width / 2, Height / 2), (image.Width, image.Height));
        foreach (int y in (int[])[0, 2000, image.Height - 1])
            foreach (int x in (int[])[0, 1000, 5000, image.Width - 1])
            {
                var pixel = image.Rgba.AsSpan(4 * (y * image.Width + x), 4);
                Assert.AreEqual(Grey(2 * x), pixel[0], 2, $"pixel {x}, {y}");
                Assert.AreEqual((byte)255, pixel[3]);
            }
    }

    void Encode(SKEncodedImageFormat format, string name)
    {
        using var bitmap = new SKBitmap(Width, Height, SKColorType.Gray8, SKAlphaType.Opaque);
        byte[] line = [.. Enumerable.Range(0, Width).Select(Grey)];
        for (int y = 0; y < Height; y++) line.CopyTo(bitmap.GetPixelSpan()[(y * bitmap.RowBytes)..]);
        using var data = bitmap.Encode(format, 90);
        using var file = File.Create(At(name));
        data.SaveTo(file);
    }

    [TestMethod]
    public void HalvingWeighsColoursByWhatIsOpaque()
    {
        // Red, opaque, beside a transparent green: the mean is red.
        var image = Images.Plain(3, 2, 200, 0, 0);
        for (int y = 0; y < 2; y++) (image.Rgba[4 * (3 * y + 1)], image.Rgba[4 * (3 * y + 1) + 1], image.Rgba[4 * (3 * y + 1) + 3]) = (0, 255, 0);
        var half = LargeImage.Halved(image);
        Assert.AreEqual((1, 1), (half.Width, half.Height));
        CollectionAssert.AreEqual(new byte[] { 200, 0, 0, 128 }, half.Rgba);
    }

    [TestMethod]
    [DataRow("0000001c 66747970 68656963 00000000 6d696631 68656963 6d696166", "IMG_1.HEIC", "HEIC image", "heif-convert 'IMG_1.HEIC' 'IMG_1.jpg'")]
    [DataRow("0000001c 66747970 6d696631 00000000 6d696631 68656963 6d696166", "a.jpg", "HEIC image", "heif-convert")]
    [DataRow("00000020 66747970 61766966 00000000 61766966 6d696631 6d696166 4d413142", "a.avif", "AVIF image", "magick 'a.avif' 'a.jpg'")]
    [DataRow("0000001c 66747970 6d696631 00000000 6d696631 61766966 6d696166", "b.heif", "AVIF image", "magick")]
    [DataRow("ff0ad106 001d8800", "a.jxl", "JPEG XL image", "djxl 'a.jxl' 'a.jpg'")]
    [DataRow("0000000c 4a584c20 0d0a870a", "a.jxl", "JPEG XL image", "djxl")]
    [DataRow("49492a00 08000000", "a.tif", "TIFF image", "magick 'a.tif' 'a.jpg'")]
    [DataRow("4d4d002a 00000008", "a.tiff", "TIFF image", "magick")]
    [DataRow("00000018 66747970 63727820 00000001 63727820 69736f6d", "a.CR3", "camera's raw file", "magick 'a.CR3' 'a.jpg'")]
    [DataRow("00000018 66747970 69736f6d 00000200 69736f6d 6d703431", "a.mp4", "video", "ffmpeg")]
    [DataRow("0000000c 6a502020 0d0a870a", "a.jp2", "JPEG 2000", "magick")]
    [DataRow("38425053 00010000", "a.psd", "Photoshop", "magick")]
    public void OtherFormatsAreCalledByTheirNameWithAWayToConvertThem(string hex, string name, string called, string way)
    {
        byte[] bytes = [.. Convert.FromHexString(hex.Replace(" ", "")), .. new byte[64]];
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(bytes, $"photos/{name}")).Message;
        Assert.StartsWith($"photos/{name} is ", error);
        Assert.Contains(called, error);
        Assert.Contains(way, error);
    }

    [TestMethod]
    [DataRow("<!DOCTYPE html><html>404</html>", "web page")]
    [DataRow("<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG")]
    [DataRow("version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull")]
    [DataRow("hello", "no image")]
    public void TextIsCalledWhatItIs(string text, string called) =>
        Assert.Contains(called, Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(Encoding.UTF8.GetBytes(text), "a.jpg")).Message);

    [TestMethod]
    public void MoreThanCanBeReducedIsRefusedByItsHeader()
    {
        var header = ImageFile.Encode(Images.Plain(1, 1, 0, 0, 0));
        // Width and height of IHDR; its checksum is of those.
        foreach (var at in (int[])[16, 20]) (header[at], header[at + 1], header[at + 2], header[at + 3]) = (0, 0, 0x9C, 0x40);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(29), System.IO.Hashing.Crc32.HashToUInt32(header.AsSpan(12, 17)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(header, "wall.png")).Message;
        Assert.Contains("40000 x 40000 pixels, at most 250,000,000 are read", error);
        Assert.Contains("magick 'wall.png' -resize 25%", error);
        Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
