namespace Silc;

/// <summary>A tar archive that is read in place.</summary>
/// <param name="path">What reports call it.</param>
abstract class Shard(string path)
{
    public string Path => path;

    /// <summary>Whether jumping between shards is dear: see <see cref="IImageTextSource.Shards"/>.</summary>
    public virtual bool IsStretch => false;

    /// <summary>Opens the archive for one walk over its headers.</summary>
    public abstract TarContent Open();

    /// <summary>The content of a member; called from several threads at once.</summary>
    /// <exception cref="InvalidDataException">The archive has become shorter since it was opened.</exception>
    public abstract byte[] Read(TarMember member);

    /// <summary>A shard on disk; it is compressed if its first bytes say so, whatever its name.</summary>
    /// <exception cref="InvalidDataException">It is compressed by something else than gzip.</exception>
    public static Shard At(string path, UnpackedShards unpacked)
    {
        using var file = File.OpenHandle(path);
        var magic = new byte[6];
        var start = magic.AsSpan(0, RandomAccess.Read(file, magic, 0));
        var (kind, remedy) = start switch
        {
            [0x28, 0xB5, 0x2F, 0xFD, ..] => ("zstd", "zstd -d"),
            [(byte)'B', (byte)'Z', (byte)'h', ..] => ("bzip2", "bunzip2"),
            [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', ..] => ("xz", "xz -d"),
            [0x04, 0x22, 0x4D, 0x18, ..] => ("lz4", "lz4 -d"),
            [(byte)'P', (byte)'K', 3, 4, ..] => ("zip", "unzip, and pack as .tar"),
            _ => ("", ""),
        };
        if (kind != "")
            throw new InvalidDataException($"{path} is compressed by {kind}, which is not read; unpack it by {remedy}: .tar and .tar.gz are read");
        return start is [0x1F, 0x8B, ..] ? new GzipShard(path, unpacked) : new PlainShard(path);
    }

    /// <summary>What <see cref="Read"/> throws for a member that is no longer there.</summary>
    protected InvalidDataException Changed(TarMember member) =>
        new($"{path}: {member.Name} is cut short; the shard has changed since it was opened, start again");
}
