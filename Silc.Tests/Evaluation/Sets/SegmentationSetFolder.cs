using System.Buffers.Binary;
using System.IO.Compression;

namespace Silc.Tests;

/// <summary>A folder of tiny images and label maps, as a set publishes them.</summary>
public abstract class SegmentationSetFolder : TempFolder
{
    protected const int Width = 4, Height = 2;

    protected void Image(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        ImageFile.Write(At(name), Images.Noise(Width, Height, 1));
    }

    protected void Map(string name, params int[] labels)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        LabelMapFile.Write(At(name), new(Width, Height, [.. Enumerable.Range(0, Width * Height).Select(i => labels[i % labels.Length])]));
    }

    // A PNG in colour.
    protected void Coloured(string name, params (byte R, byte G, byte B)[] colours)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        var rgba = new byte[4 * Width * Height];
        for (int i = 0; i < Width * Height; i++)
            (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]) = (colours[i % colours.Length].R, colours[i % colours.Length].G,
                colours[i % colours.Length].B, 255);
        ImageFile.Write(At(name), new RgbImage(Width, Height, rgba));
    }

    protected static int[] First(ISegmentationSource source, int count = 4) => source.Read(0).Labels.Labels[..count];

    protected static void Refused(string words, Action act)
    {
        var message = Assert.ThrowsExactly<InvalidDataException>(act).Message;
        foreach (var word in words.Split('|')) Assert.Contains(word, message);
    }

    // A PNG with a palette, of one byte a pixel.
    protected void Palette(string name, int[] labels)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            for (int y = 0; y < Height; y++)
                deflate.Write([0, .. Enumerable.Range(0, Width).Select(x => (byte)labels[(y * Width + x) % labels.Length])]);
        using var file = new MemoryStream();
        file.Write([0x89, .. "PNG\r\n"u8, 0x1A, .. "\n"u8]);
        var size = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(size, Width);
        BinaryPrimitives.WriteInt32BigEndian(size.AsSpan(4), Height);
        Chunk("IHDR"u8, [.. size, 8, 3, 0, 0, 0]);
        Chunk("PLTE"u8, [.. Enumerable.Range(0, 768).Select(i => (byte)(7 * i))]);
        Chunk("IDAT"u8, packed.ToArray());
        Chunk("IEND"u8, []);
        File.WriteAllBytes(At(name), file.ToArray());

        void Chunk(ReadOnlySpan<byte> kind, byte[] content)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
            file.Write([.. length, .. kind, .. content, 0, 0, 0, 0]);
        }
    }
}
