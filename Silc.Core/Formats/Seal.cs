using System.IO.Hashing;

namespace Silc;

/// <summary>
/// The end of a sealed safetensors file: its last array, <c>checksum/xxh128</c>, is the XxHash128 of every byte before it, header
/// included, so that any changed bit shows. It is written in the same pass as the data, and other readers see one more array.
/// XxHash128 rather than SHA-256: it has to detect bad disks, not forgery, and it runs at the speed of memory.
/// </summary>
static class Seal
{
    public const string Name = "checksum/xxh128";
    public const int Bytes = 16;

    /// <summary>Reads the whole file and compares.</summary>
    /// <exception cref="InvalidDataException">The checksum is another.</exception>
    public static void Verify(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0,
            FileOptions.SequentialScan);
        var (hash, buffer, found) = (new XxHash128(), new byte[1 << 20], new byte[Bytes]);
        for (var left = file.Length - Bytes; left > 0;)
        {
            var count = file.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (count == 0) break;
            hash.Append(buffer.AsSpan(0, count));
            left -= count;
        }
        if (file.ReadAtLeast(found, Bytes, throwOnEndOfStream: false) < Bytes
            || !found.AsSpan().SequenceEqual(hash.GetCurrentHash()))
            throw new InvalidDataException($"{path} is damaged: its checksum does not fit its content");
    }
}
