using System.Buffers.Binary;

namespace Silc;

/// <summary>Files that lack their end and that Skia still takes for whole.</summary>
static class CutShort
{
    const byte Progressive = 0xC2, StartOfScan = 0xDA, EndOfImage = 0xD9;

    /// <summary>
    /// True for a progressive JPEG without its end mark (ITU-T T.81, annex B): its first scan alone covers the image, blurred.
    /// Of a sequential JPEG Skia misses the rows itself.
    /// </summary>
    public static bool Jpeg(ReadOnlySpan<byte> jpeg)
    {
        var progressive = false;
        for (var rest = jpeg[Math.Min(2, jpeg.Length)..]; ;)
        {
            // Within a scan a 0xFF of the data is followed by 0 or a restart mark; several in a row fill.
            int at = rest.IndexOf((byte)0xFF);
            if (at < 0 || at + 1 >= rest.Length) return progressive;
            rest = rest[(at + 1)..];
            var mark = rest[0];
            if (mark == EndOfImage || mark == StartOfScan && !progressive) return false;
            if (mark is 0 or 1 or 0xFF or (>= 0xD0 and <= 0xD8)) continue;
            progressive |= mark == Progressive;
            if (rest.Length < 3) return progressive;
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            if (length + 1 > rest.Length) return progressive;
            rest = rest[(length + 1)..];
        }
    }

    /// <summary>True for a WebP whose RIFF header promises more bytes: EXIF, which has the orientation, comes last.</summary>
    public static bool WebP(ReadOnlySpan<byte> webp) =>
        webp.Length < 8 || BinaryPrimitives.ReadUInt32LittleEndian(webp[4..]) > webp.Length - 8;
}
