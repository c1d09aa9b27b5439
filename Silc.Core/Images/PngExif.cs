using System.Buffers.Binary;

namespace Silc;

/// <summary>The EXIF orientation of a PNG (chunk <c>eXIf</c>, PNG 1.5 extensions 3.7), which Skia does not read.</summary>
static class PngExif
{
    const int Signature = 8, ChunkFrame = 12, EntrySize = 12;
    const int OrientationTag = 0x0112, ShortType = 3;

    /// <summary>The tag from 1 to 8; 1, upright, where there is none or it is damaged.</summary>
    public static int Orientation(ReadOnlySpan<byte> png)
    {
        // A chunk is length, kind, content and checksum.
        for (var rest = png[Math.Min(Signature, png.Length)..]; rest.Length >= ChunkFrame;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - ChunkFrame) break;
            if (rest[4..8].SequenceEqual("eXIf"u8)) return OfTiff(rest.Slice(8, (int)length));
            rest = rest[((int)length + ChunkFrame)..];
        }
        return 1;
    }

    // A byte order, 42, the offset of a directory; there the number of entries of tag, type, count and value.
    static int OfTiff(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8) return 1;
        var little = tiff[0] == 'I';
        var at = Int(tiff[4..], little);
        if (at > tiff.Length - 2) return 1;
        var directory = tiff[(int)at..];
        var entries = Math.Min(Short(directory, little), (directory.Length - 2) / EntrySize);
        for (int i = 0; i < entries; i++)
        {
            var entry = directory.Slice(2 + i * EntrySize, EntrySize);
            if (Short(entry, little) == OrientationTag && Short(entry[2..], little) == ShortType)
                return Short(entry[8..], little) is >= 1 and <= 8 and var tag ? tag : 1;
        }
        return 1;
    }

    static int Short(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    static uint Int(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
