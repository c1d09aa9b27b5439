using System.Buffers.Binary;
using System.Text;

namespace Silc;

/// <summary>One header block of 512 bytes: ustar (POSIX 1003.1), GNU and the older form without magic.</summary>
readonly ref struct TarHeader
{
    public const int Size = 512;

    readonly ReadOnlySpan<byte> block;

    TarHeader(ReadOnlySpan<byte> block, long length)
    {
        this.block = block;
        Length = length;
    }

    /// <summary>Bytes of content that follow; links and devices have none, whatever their size field says.</summary>
    public long Length { get; }

    public char Type => (char)block[156];

    /// <summary>Two of these end an archive; one is taken for the end too, as GNU tar does.</summary>
    public static bool IsEnd(ReadOnlySpan<byte> block) => !block.ContainsAnyExcept((byte)0);

    /// <summary>False if the checksum or the size is wrong.</summary>
    public static bool TryRead(ReadOnlySpan<byte> block, out TarHeader header)
    {
        header = default;
        if (!Number(block.Slice(148, 8), out long checksum) || !Number(block.Slice(124, 12), out long length)) return false;
        long sum = 8 * ' ', signed = 8 * ' ';
        for (int i = 0; i < Size; i++)
        {
            if (i is >= 148 and < 156) continue;
            sum += block[i];
            signed += (sbyte)block[i];
        }
        // Some old programs summed signed bytes.
        if (checksum != sum && checksum != signed) return false;
        header = new(block, block[156] is >= (byte)'1' and <= (byte)'6' ? 0 : length);
        return true;
    }

    /// <summary>The name in the block, with POSIX's prefix; GNU keeps times in its place.</summary>
    public string Name()
    {
        var name = Text(block[..100]);
        var prefix = block.Slice(257, 6).SequenceEqual("ustar\0"u8) ? Text(block.Slice(345, 155)) : "";
        return prefix == "" ? name : $"{prefix}/{name}";
    }

    /// <summary>UTF-8 up to the first zero, else Latin-1, in which any bytes decode and different names stay different.</summary>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        if (end >= 0) bytes = bytes[..end];
        return (System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8 : Encoding.Latin1).GetString(bytes);
    }

    // Octal digits, or GNU's base 256: a set top bit, then a big-endian number in two's complement. Negative is damage.
    static bool Number(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        if (field[0] >= 0x80)
        {
            value = BinaryPrimitives.ReadInt64BigEndian(field[^8..]);
            return field[0] == 0x80 && value >= 0 && (field.Length == 8 || !field[1..^8].ContainsAnyExcept((byte)0));
        }
        var digits = field.Trim(" \0"u8);
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7') return false;
            value = value * 8 + digit - '0';
        }
        return true;
    }
}
