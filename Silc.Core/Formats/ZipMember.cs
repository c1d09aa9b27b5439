using System.IO.Compression;
using System.IO.Hashing;

namespace Silc;

/// <summary>A file in a zip, unpacked forwards. Its CRC-32 is compared when its last byte has been read: .NET leaves that to the reader.</summary>
sealed class ZipMember(ZipArchiveEntry entry) : IDisposable
{
    readonly Stream stream = entry.Open();
    readonly Crc32 checksum = new();

    /// <summary>Of the byte that is read next.</summary>
    public long Position { get; private set; }

    public bool AtEnd => Position == entry.Length;

    /// <summary>Moves forwards.</summary>
    public void SkipTo(long position)
    {
        Span<byte> skipped = stackalloc byte[4096];
        while (Position < position) Read(skipped[..(int)Math.Min(position - Position, skipped.Length)]);
    }

    /// <exception cref="InvalidDataException">These were the last bytes, and the checksum of all is another than the zip says.</exception>
    public void Read(Span<byte> target)
    {
        stream.ReadExactly(target);
        checksum.Append(target);
        Position += target.Length;
        if (AtEnd && checksum.GetCurrentHashAsUInt32() is { } found && found != entry.Crc32)
            throw new InvalidDataException($"its CRC-32 is {found:x8}, the zip says {entry.Crc32:x8}");
    }

    public void Dispose() => stream.Dispose();
}
