using System.Buffers.Binary;
using System.Diagnostics;

namespace Silc.Tests;

/// <summary>Files cut short, with wrong sizes or full of noise: an error that names the file, and nothing worse.</summary>
[TestClass, DoNotParallelize]
public sealed class DamagedImageTests
{
    const long MegaByte = 1 << 20;

    static readonly GoldenImage[] golden = GoldenImage.Load();

    [TestMethod]
    public void CutShortIsRefusedOrWhole()
    {
        foreach (var image in golden)
        {
            var content = image.Content;
            var whole = ImageFile.Decode(content, image.Name);
            for (int length = 0; length < content.Length; length++)
            {
                var cut = Decode(content[..length], $"cut {image.Name}");
                // An animation's first frame may well end there.
                var enough = length > content.Length / 4 || image.Name.StartsWith("animated");
                Assert.IsTrue(cut is null || enough, $"{image.Name} decodes from {length} of {content.Length} bytes");
                if (cut is not null) CollectionAssert.AreEqual(whole.Rgba, cut.Rgba, $"{image.Name} cut to {length} bytes");
            }
        }
    }

    // Each format's width and height, where it keeps them.
    [TestMethod]
    [DataRow("plain.png", "40000 x 40000")]
    [DataRow("plain.jpg", "40000 x 40000")]
    [DataRow("plain.gif", "40000 x 40000")]
    [DataRow("plain.bmp", "40000 x 40000")]
    [DataRow("alpha.webp", "16384 x 16384")]
    public void HugeHeaderIsRefusedBeforeAllocation(string name, string named)
    {
        var bytes = golden.Single(image => image.Name == name).Content;
        const ushort side = 40_000;
        switch (Path.GetExtension(name))
        {
            case ".png":
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(16), side);
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(20), side);
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(29), Crc(bytes.AsSpan(12, 17)));
                break;
            case ".jpg":
                // Start of frame: mark, length, bits, height, width.
                int frame = bytes.AsSpan().IndexOf([(byte)0xFF, (byte)0xC0]);
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(frame + 5), side);
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(frame + 7), side);
                break;
            case ".gif":
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), side);
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), side);
                break;
            case ".bmp":
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(18), side);
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(22), side);
                break;
            default:
                // Lossless WebP has 14 bits for each side less 1, after a signature byte.
                int at = bytes.AsSpan().IndexOf("VP8L"u8) + 9;
                var sides = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at)) | 0xFFFFFFF;
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), sides);
                break;
        }
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(bytes, "bomb"));
        Assert.IsLessThan(MegaByte, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Contains($"bomb: {named}", error.Message);
    }

    [TestMethod]
    public void FilesOfOtherKindsAreNoImages()
    {
        byte[][] others =
        [
            // The third is a WBMP of 8 x 8 pixels: two zeros and the sides are its whole header.
            [0], new byte[1000], [0, 0, 8, 8, .. new byte[64]], [0x1F, 0x8B, 8, 0], [0xFF, 0xD8, 0xFF],
            "RIFF\0\0\0\0WEBP"u8.ToArray(), "%PDF-1.7"u8.ToArray(), "<svg xmlns='http://www.w3.org/2000/svg'/>"u8.ToArray(),
                "<!DOCTYPE html>"u8.ToArray(),
        ];
        foreach (var bytes in others)
        {
            var error = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(bytes, "x.jpg"));
            Assert.Contains("x.jpg", error.Message);
        }
    }

    [TestMethod]
    public void MutatedFilesAreRefusedOrDecoded()
    {
        const int each = 440;
        var random = new Random(1);
        var clock = Stopwatch.StartNew();
        var memory = Process.GetCurrentProcess().WorkingSet64;
        int inputs = 0, decoded = 0;
        foreach (var image in golden)
        {
            var content = image.Content;
            for (int i = 0; i < each; i++, inputs++)
                if (Decode(Mutate(content, random), "mutant") is { } shown)
                {
                    Assert.HasCount(shown.Width * shown.Height * 4, shown.Rgba);
                    decoded++;
                }
        }
        var seconds = clock.Elapsed.TotalSeconds;
        // Aggressive: what was collected goes back to the system, so that only a leak remains.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var grown = (Process.GetCurrentProcess().WorkingSet64 - memory) / MegaByte;
        Console.WriteLine($"{inputs} inputs in {seconds:f1} s, {decoded} decoded; {grown} MB more memory");
        Assert.IsGreaterThanOrEqualTo(20_000, inputs);
        // With fewer the mutations are too wild, with more too tame.
        Assert.IsTrue(decoded > inputs / 20 && decoded < inputs / 2, $"{decoded} of {inputs} decoded");
        Assert.IsLessThan(256, grown);
    }

    static byte[] Mutate(byte[] content, Random random)
    {
        var bytes = content.ToList();
        for (int left = random.Next(1, 5); left > 0 && bytes.Count > 0; left--)
        {
            int at = random.Next(bytes.Count), length = Math.Min(random.Next(1, 20), bytes.Count - at);
            switch (random.Next(7))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes[at] = random.Next(2) == 0 ? (byte)0 : (byte)255; break;
                case 3: bytes.RemoveRange(at, length); break;
                case 4: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length)); break;
                case 5: bytes.RemoveRange(at, bytes.Count - at); break;
                // A length, size or offset in a header is most often one of these.
                default: bytes[random.Next(Math.Min(64, bytes.Count))] += (byte)random.Next(256); break;
            }
        }
        return [.. bytes];
    }

    // Anything but InvalidDataException fails the test.
    static RgbImage? Decode(byte[] bytes, string name)
    {
        try
        {
            return ImageFile.Decode(bytes, name);
        }
        catch (InvalidDataException error)
        {
            Assert.Contains(name, error.Message);
            return null;
        }
    }

    static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~0u;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }
        return ~crc;
    }
}
