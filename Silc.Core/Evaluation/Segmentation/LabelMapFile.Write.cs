using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Silc;

// Writing masks.
public static partial class LabelMapFile
{
    /// <summary>
    /// Writes labels as the grey values of a PNG, of 8 bits, or of 16 where a label is above 254; <see cref="LabelMap.Ignore"/> becomes
    /// the largest value, 255 or 65,535. Nothing is left half-written.
    /// </summary>
    /// <exception cref="ArgumentException">A label is below -1 or above 65,534.</exception>
    /// <exception cref="IOException">The message names the file and the reason.</exception>
    public static void Write(string path, LabelMap map) => AtomicFile.WriteBytes(path, Encode(map));

    /// <summary>The same as the bytes of a file.</summary>
    internal static byte[] Encode(LabelMap map)
    {
        int most = map.Labels.Max(), bytes = most < byte.MaxValue ? 1 : 2;
        Require.That(most < ushort.MaxValue && map.Labels.Min() >= LabelMap.Ignore,
            $"labels from {map.Labels.Min()} to {most} do not fit into a PNG");
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var line = new byte[1 + map.Width * bytes];     // begins with the filter: none
            for (int y = 0; y < map.Height; y++)
            {
                for (int x = 0; x < map.Width; x++)
                {
                    int label = map.Labels[y * map.Width + x];
                    if (bytes == 1) line[1 + x] = (byte)label;
                    else BinaryPrimitives.WriteUInt16BigEndian(line.AsSpan(1 + 2 * x), (ushort)label);
                }
                deflate.Write(line);
            }
        }
        using var png = new MemoryStream();
        png.Write(signature);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, map.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), map.Height);
        header[8] = (byte)(8 * bytes);
        Chunk(png, "IHDR"u8, header);
        Chunk(png, "IDAT"u8, packed.ToArray());
        Chunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    static void Chunk(Stream png, ReadOnlySpan<byte> kind, ReadOnlySpan<byte> content)
    {
        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        png.Write(number);
        png.Write(kind);
        png.Write(content);
        var check = new Crc32();
        check.Append(kind);
        check.Append(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, check.GetCurrentHashAsUInt32());
        png.Write(number);
    }
}
