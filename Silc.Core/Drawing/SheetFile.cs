using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Silc;

/// <summary>
/// Sheets, charts and plots as PNG files that say that Silc drew them (a tEXt chunk
/// "Software"): only those are ever overwritten, never an image of the user's.
/// </summary>
static class SheetFile
{
    // Signature and IHDR, which PNG wants first (ISO/IEC 15948, 5.6).
    const int Start = 8 + 25;

    static readonly byte[] mark = Chunk("tEXt", "Software\0Silc");

    /// <summary>Writes a sheet, whole or not at all.</summary>
    public static void Write(string path, RgbImage sheet)
    {
        var png = ImageFile.Encode(sheet);
        AtomicFile.WriteBytes(path, [.. png.AsSpan(0, Start), .. mark, .. png.AsSpan(Start)]);
    }

    /// <summary>True for a file that <see cref="Write"/> wrote.</summary>
    public static bool IsSheet(string path)
    {
        using var file = File.OpenRead(path);
        var start = new byte[Start + mark.Length];
        return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan(Start).SequenceEqual(mark);
    }

    static byte[] Chunk(string type, string content)
    {
        var (data, chunk) = (Encoding.Latin1.GetBytes(type + content), new byte[12 + content.Length]);
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        data.CopyTo(chunk, 4);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(4 + data.Length), Crc32.HashToUInt32(data));
        return chunk;
    }
}
