using System.IO.Compression;
using System.Text.Json;

namespace Silc;

/// <summary>
/// An open <c>.npz</c>. Reading an array forwards is cheap, backwards means to unpack it from its beginning again. The checksum of an
/// array that is read to its end is verified.
/// </summary>
sealed class NpzFile : ArrayFile
{
    // Deflate cannot shrink more than 1032-fold. Trained weights hardly shrink at all; what does on a large scale is made to fill memory.
    const long MostRatio = 1032, SuspectRatio = 200, SuspectBytes = 16 << 20;

    readonly FileStream file;
    readonly ZipArchive zip;
    readonly Dictionary<string, ArrayHeader> arrays = [];
    readonly Dictionary<string, (ZipArchiveEntry Entry, NpyHeader Header)> entries = [];
    readonly Dictionary<string, ZipMember> open = [];
    (string Name, byte[] Bytes)? reordered;

    public NpzFile(string path) : base(path)
    {
        file = File.OpenRead(path);
        try
        {
            zip = new ZipArchive(file, ZipArchiveMode.Read);
            ReadHeaders();
        }
        catch (Exception damage) when (IsDamage(damage))
        {
            Dispose();
            throw Damaged(damage);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override IReadOnlyDictionary<string, ArrayHeader> Arrays => arrays;

    /// <summary>The comment of the zip, where it is ours: numpy has no other place, and does not look there.</summary>
    public override IReadOnlyDictionary<string, string> Metadata
    {
        get
        {
            if (!zip.Comment.StartsWith('{')) return base.Metadata;
            try
            {
                return JsonSerializer.Deserialize<Dictionary<string, string>>(zip.Comment) ?? [];
            }
            catch (JsonException)
            {
                return base.Metadata;
            }
        }
    }

    internal override void ReadBytes(ArrayHeader array, long offset, Span<byte> target)
    {
        try
        {
            var (entry, header) = entries[array.Name];
            if (header.Fortran) Reordered(entry, header).AsSpan((int)offset, target.Length).CopyTo(target);
            else ReadForwards(entry, header, offset, target);
        }
        catch (Exception damage) when (IsDamage(damage))
        {
            throw Damaged(damage, $"array '{array.Name}': ");
        }
    }

    void ReadHeaders()
    {
        long packed = 0;
        foreach (var entry in zip.Entries)
        {
            var name = entry.FullName.EndsWith(".npy", StringComparison.Ordinal) ? entry.FullName[..^4] : entry.FullName;
            var where = $"{Path}, array '{name}'";
            Suspect(entry, where);
            packed += entry.CompressedLength;
            using var stream = entry.Open();
            var header = Npy.ReadHeader(stream, entry.Length, name, where);
            if (!arrays.TryAdd(name, header.Array)) throw new InvalidDataException($"{where}: there are two of that name");
            entries[name] = (entry, header);
        }
        if (packed > file.Length)
            throw new InvalidDataException(
                $"{Path}: its arrays claim {packed} bytes of a file of {file.Length}, so some overlap");
    }

    static void Suspect(ZipArchiveEntry entry, string where)
    {
        var (packed, full) = (entry.CompressedLength, entry.Length);
        if (packed < 0 || full < 0 || full > MostRatio * packed)
            throw new InvalidDataException($"{where}: {packed} bytes cannot hold the {full} that the zip claims");
        if (full > SuspectBytes && full > SuspectRatio * packed)
            throw new InvalidDataException(
                $"{where}: {packed} bytes unpack to {full}, {full / packed} times as many; "
                + "weights do not shrink so, a zip bomb does");
    }

    void ReadForwards(ZipArchiveEntry entry, NpyHeader header, long offset, Span<byte> target)
    {
        var (name, from) = (header.Array.Name, header.DataStart + offset);
        if (open.Remove(name, out var member) && member.Position > from)
        {
            member.Dispose();
            member = null;
        }
        member ??= new(entry);
        open[name] = member;
        member.SkipTo(from);
        member.Read(target);
        if (header.Swapped) Npy.SwapBytes(target, header.Array.Type.Bytes());
        if (!member.AtEnd) return;
        open.Remove(name);
        member.Dispose();
    }

    byte[] Reordered(ZipArchiveEntry entry, NpyHeader header)
    {
        if (reordered is { } kept && kept.Name == header.Array.Name) return kept.Bytes;
        var (array, size) = (header.Array, header.Array.Type.Bytes());
        var bytes = new byte[StoredArray.Bytes2GiB(array.Count * size, $"{Path}, array '{array.Name}', stored column after column,")];
        ReadForwards(entry, header, 0, bytes);
        reordered = (array.Name, Npy.ToRowMajor(bytes, array.Shape, size));
        return reordered.Value.Bytes;
    }

    // What System.IO.Compression throws on mutated archives, beside InvalidDataException.
    static bool IsDamage(Exception e) =>
        e is InvalidDataException or IOException or ArgumentException or OverflowException or NotSupportedException;

    InvalidDataException Damaged(Exception damage, string what = "") => damage.Message.StartsWith(Path, StringComparison.Ordinal)
        ? new(damage.Message, damage)
        : new($"{Path} is damaged or not an npz file ({what}{damage.Message}); copy or download it again", damage);

    public override void Dispose()
    {
        foreach (var member in open.Values) member.Dispose();
        zip?.Dispose();
        file.Dispose();
    }
}
