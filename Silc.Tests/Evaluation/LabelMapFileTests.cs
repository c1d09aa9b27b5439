using System.Buffers.Binary;
using System.IO.Compression;

namespace Silc.Tests;

[TestClass]
public sealed class LabelMapFileTests : TempFolder
{
    [TestMethod]
    [DataRow(1, 3, 13), DataRow(2, 3, 7), DataRow(4, 3, 5), DataRow(8, 3, 17), DataRow(8, 0, 17), DataRow(16, 0, 9), DataRow(4, 0, 8)]
    public void Grey_values_and_palette_indices_are_labels(int depth, int colour, int width)
    {
        var random = new Random(depth);
        int[] labels = [.. Enumerable.Range(0, width * 6).Select(_ => random.Next(1 << depth))];
        File.WriteAllBytes(At("m.png"), Png(width, 6, depth, colour, labels));
        var map = LabelMapFile.Read(At("m.png"));
        Assert.AreEqual((width, 6), (map.Width, map.Height));
        CollectionAssert.AreEqual(labels, map.Labels);
    }

    [TestMethod]
    public void Every_filter_of_the_format_is_undone_as_PIL_writes_them()
    {
        NumpyPeer.Run("from PIL import Image; y, x = np.mgrid[0:40, 0:60]; a = ((x * x + 3 * y) // 17 % 20).astype(np.uint8); "
            + $"i = Image.fromarray(a, 'P'); i.putpalette([(7 * k) % 256 for k in range(768)]); i.save('{At("p.png")}'); "
            + $"Image.fromarray(a).save('{At("g.png")}', optimize=True)", "numpy, PIL");
        foreach (var file in new[] { "p.png", "g.png" })
        {
            var map = LabelMapFile.Read(At(file));
            for (int i = 0; i < map.Labels.Length; i++)
                Assert.AreEqual((i % 60 * (i % 60) + 3 * (i / 60)) / 17 % 20, map.Labels[i], $"{file} pixel {i}");
        }
    }

    [TestMethod]
    public void What_is_no_mask_is_refused_by_its_name()
    {
        ImageFile.Write(At("colour.png"), Images.Noise(5, 4, 1));
        File.WriteAllText(At("text.png"), "no image");
        var whole = Png(9, 6, 8, 0, new int[54]);
        foreach (var (name, words) in new[] { ("colour.png", "in colour"), ("text.png", "no PNG") })
            Assert.Contains(words, Assert.ThrowsExactly<InvalidDataException>(() => LabelMapFile.Read(At(name))).Message);
        File.WriteAllBytes(At("deep.png"), Png(9, 6, 3, 0, new int[54]));
        Assert.Contains("3 bits", Assert.ThrowsExactly<InvalidDataException>(() => LabelMapFile.Read(At("deep.png"))).Message);
        File.WriteAllBytes(At("long.png"), [.. whole[..33], 0x7F, 0xFF, 0xFF, 0xFF, .. whole[37..]]);
        Assert.Contains(At("long.png"), Assert.ThrowsExactly<InvalidDataException>(() => LabelMapFile.Read(At("long.png"))).Message);
        for (int length = 8; length < whole.Length - 4; length += 3)
        {
            File.WriteAllBytes(At("cut.png"), whole[..length]);
            Assert.Contains(At("cut.png"), Assert.ThrowsExactly<InvalidDataException>(() => LabelMapFile.Read(At("cut.png"))).Message);
        }
    }

    [TestMethod]
    public void A_folder_pairs_images_with_masks()
    {
        Directory.CreateDirectory(At("images/a"));
        Directory.CreateDirectory(At("masks/a"));
        ImageFile.Write(At("images/a/1.png"), Images.Noise(4, 2, 1));
        File.WriteAllBytes(At("masks/a/1.png"), Png(4, 2, 8, 3, [0, 1, 2, 255, 0, 1, 2, 255]));
        var classes = ClassList.Of(["sky", "sea", "land"]);
        CollectionAssert.AreEqual(new[] { 0, 1, 2, -1, 0, 1, 2, -1 }, new MaskFolderSource(Root, classes).Read(0).Labels.Labels);
        CollectionAssert.AreEqual(new[] { -1, 0, 1, -1, -1, 0, 1, -1 }, new MaskFolderSource(Root, classes, skipZero: true).Read(0).Labels.Labels);

        File.WriteAllBytes(At("masks/a/1.png"), Png(2, 2, 8, 3, [0, 1, 2, 2]));
        var sizes = Assert.ThrowsExactly<InvalidDataException>(() => new MaskFolderSource(Root, classes).Read(0)).Message;
        Assert.Contains("2 x 2", sizes);
        Assert.Contains("4 x 2", sizes);
        File.Delete(At("masks/a/1.png"));
        Assert.Contains("1.png has no mask", Assert.ThrowsExactly<InvalidDataException>(() => new MaskFolderSource(Root, classes)).Message);
        Directory.Delete(At("masks"), true);
        Assert.Contains("no folder masks", Assert.ThrowsExactly<InvalidDataException>(() => new MaskFolderSource(Root, classes)).Message);
    }

    // A PNG file whose lines use the format's five filters in turn.
    static byte[] Png(int width, int height, int depth, int colour, int[] labels)
    {
        int bytes = (width * depth + 7) / 8, step = Math.Max(1, depth / 8);
        var lines = new byte[height][];
        for (int y = 0; y < height; y++)
        {
            lines[y] = new byte[bytes];
            for (int x = 0; x < width; x++)
                for (int bit = 0; bit < depth; bit++)
                    if ((labels[y * width + x] >> (depth - 1 - bit) & 1) == 1)
                        lines[y][(x * depth + bit) / 8] |= (byte)(128 >> (x * depth + bit) % 8);
        }
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            for (int y = 0; y < height; y++)
            {
                deflate.WriteByte((byte)(y % 5));
                for (int i = 0; i < bytes; i++)
                {
                    int left = i < step ? 0 : lines[y][i - step], up = y == 0 ? 0 : lines[y - 1][i], corner = y == 0 || i < step ? 0
                        : lines[y - 1][i - step];
                    int p = left + up - corner;
                    int paeth = new[] { (Math.Abs(p - left), 0, left), (Math.Abs(p - up), 1, up), (Math.Abs(p - corner), 2, corner) }.Min().Item3;
                    deflate.WriteByte((byte)(lines[y][i] - (y % 5) switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, _ => paeth }));
                }
            }
        using var file = new MemoryStream();
        file.Write([0x89, .. "PNG\r\n"u8, 0x1A, .. "\n"u8]);
        var size = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(size, width);
        BinaryPrimitives.WriteInt32BigEndian(size.AsSpan(4), height);
        Chunk("IHDR"u8, [.. size, (byte)depth, (byte)colour, 0, 0, 0]);
        if (colour == 3) Chunk("PLTE"u8, [.. Enumerable.Range(0, 3 << Math.Min(depth, 8)).Select(i => (byte)(5 * i))]);
        Chunk("IDAT"u8, packed.ToArray());
        Chunk("IEND"u8, []);
        return file.ToArray();

        // Checksums are not looked at.
        void Chunk(ReadOnlySpan<byte> kind, byte[] content)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
            file.Write([.. length, .. kind, .. content, 0, 0, 0, 0]);
        }
    }
}
