using System.Text;

namespace Silc.Tests;

/// <summary>Tar archives written by hand, so that they can be wrong.</summary>
sealed class TarBytes
{
    public static readonly byte[] Png = ImageFile.Encode(Images.Plain(2, 1, 9, 8, 7));

    readonly MemoryStream bytes = new();

    /// <summary>An image and its caption.</summary>
    public TarBytes Pair(string key) => Add($"{key}.png", Png).Add($"{key}.txt", $"caption of {key}");

    public TarBytes Add(string name, string content, char type = '0') => Add(name, Encoding.UTF8.GetBytes(content), type);

    /// <summary>A member; <paramref name="size"/> is what its header claims.</summary>
    public TarBytes Add(string name, byte[] content, char type = '0', string? size = null) =>
        Add(name, content, type, Encoding.ASCII.GetBytes(size ?? Convert.ToString(content.Length, 8).PadLeft(11, '0')));

    public TarBytes Add(string name, byte[] content, char type, byte[] size)
    {
        var block = new byte[512];
        Encoding.UTF8.GetBytes(name).AsSpan().CopyTo(block);
        "0000644\0"u8.CopyTo(block.AsSpan(100));
        size.CopyTo(block, 124);
        "00000000000"u8.CopyTo(block.AsSpan(136));
        block[156] = (byte)type;
        "ustar\000"u8.CopyTo(block.AsSpan(257));
        Sign(block);
        bytes.Write(block);
        return Raw(content).Raw(new byte[(512 - content.Length % 512) % 512]);
    }

    public TarBytes Raw(byte[] content)
    {
        bytes.Write(content);
        return this;
    }

    /// <summary>The archive with its end mark.</summary>
    public byte[] End() => [.. bytes.ToArray(), .. new byte[1024]];

    /// <summary>The archive cut so many bytes before what is its end so far.</summary>
    public byte[] Cut(int missing) => bytes.ToArray()[..^missing];

    /// <summary>Writes the checksum of a header.</summary>
    public static void Sign(Span<byte> block)
    {
        block.Slice(148, 8).Fill((byte)' ');
        int sum = 0;
        foreach (var value in block) sum += value;
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(block.Slice(148, 8));
    }
}

/// <summary>A shard in memory.</summary>
sealed class MemoryShard(byte[] bytes, string name = "memory.tar") : Shard(name)
{
    public override TarContent Open() => new Content(bytes);

    public override byte[] Read(TarMember member) => bytes.AsSpan((int)member.Offset, member.Size).ToArray();

    sealed class Content(byte[] bytes) : TarContent
    {
        long last;

        public override int Read(long offset, Span<byte> into)
        {
            Assert.IsGreaterThanOrEqualTo(last, offset, "a walk went back, which a compressed shard cannot");
            var rest = offset < bytes.Length ? bytes.AsSpan((int)offset) : [];
            rest = rest[..Math.Min(rest.Length, into.Length)];
            rest.CopyTo(into);
            last = offset + rest.Length;
            return rest.Length;
        }

        public override bool Reaches(long length)
        {
            last = Math.Max(last, Math.Min(length, bytes.Length) - 1);
            return length <= bytes.Length;
        }
    }
}
