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
    public static Shard At(string path, UnpackedShards unpacked)
    {
        using var file = File.OpenHandle(path);
        var magic = new byte[2];
        var zipped = RandomAccess.Read(file, magic, 0) == 2 && magic is [0x1F, 0x8B];
        return zipped ? new GzipShard(path, unpacked) : new PlainShard(path);
    }

    /// <summary>What <see cref="Read"/> throws for a member that is no longer there.</summary>
    protected InvalidDataException Changed(TarMember member) =>
        new($"{path}: {member.Name} is cut short; the shard has changed since it was opened, start again");
}
