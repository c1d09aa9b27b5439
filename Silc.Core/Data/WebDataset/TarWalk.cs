using System.Globalization;

namespace Silc;

/// <summary>
/// Lists the files of a tar archive by its headers. Not by System.Formats.Tar: its reader gives no offsets in a stream that
/// cannot seek, sets aside as much memory as an extended header asks for, and ends at the first damaged header.
/// </summary>
/// <param name="content">The archive.</param>
/// <param name="shard">What reports call it.</param>
/// <param name="maxBytes">Larger members are left out.</param>
/// <param name="log">Counts what is left out.</param>
sealed class TarWalk(TarContent content, string shard, long maxBytes, SkipLog log)
{
    // Names and times; SELinux labels and other attributes add some KiB.
    const int MaxExtension = 1 << 20;

    readonly byte[] block = new byte[TarHeader.Size];
    string? longName;
    long? longSize;
    bool damaged;
    long offset;

    /// <summary>The regular files in the order of the archive.</summary>
    /// <exception cref="InvalidDataException">No tar archive: its first block is no header.</exception>
    public IEnumerable<TarMember> Files()
    {
        int got = content.Read(0, block);
        if (got < TarHeader.Size || !IsHeader()) throw new InvalidDataException(NoTar(got));
        bool searching = false;
        for (; got == TarHeader.Size; got = content.Read(offset, block))
        {
            if (!IsHeader())
            {
                // Like GNU tar: on to the next block that is a header.
                if (!searching) log.Add(SkipReason.Header, Place(""));
                (searching, longName, longSize, damaged) = (true, null, null, false);
                offset += TarHeader.Size;
                continue;
            }
            if (TarHeader.IsEnd(block)) yield break;
            searching = false;
            if (!Next(out var member)) break;
            if (member is { } file) yield return file;
        }
        log.Add(SkipReason.Cut, Place(""));
    }

    bool IsHeader() => TarHeader.IsEnd(block) || TarHeader.TryRead(block, out _);

    // One header and the content after it; false where the archive is cut.
    bool Next(out TarMember? member)
    {
        member = null;
        TarHeader.TryRead(block, out var header);
        var (type, length) = (header.Type, header.Length);
        if (type is 'L' or 'K' or 'x' or 'g')
        {
            if (!Step(length, out long extension)) return false;
            if (type is 'L' or 'x' && !Extend(type, extension, length)) return false;
            return content.Reaches(offset);
        }
        var name = Plain(longName ?? header.Name());
        length = type is >= '1' and <= '6' ? length : longSize ?? length;
        var broken = damaged;
        (longName, longSize, damaged) = (null, null, false);
        if (!Step(length, out long start) || !content.Reaches(start + length))
        {
            offset = start;
            return false;
        }
        // Tars mark folders by their type, that of Unix version 7 by a slash.
        if (type == '5' || name.EndsWith('/')) return true;
        if (broken) log.Add(SkipReason.Header, Place(name));
        else if (Reason(type, name, length) is { } reason) log.Add(reason, Place(name));
        else member = new(name, start, (int)length);
        return true;
    }

    // Where the content starts; sizes near 2^63 would lead back before it.
    bool Step(long length, out long start)
    {
        start = offset + TarHeader.Size;
        if (length > long.MaxValue - start - TarHeader.Size) return false;
        offset = start + (length + TarHeader.Size - 1) / TarHeader.Size * TarHeader.Size;
        return true;
    }

    string? Reason(char type, string name, long length) =>
        type is not ('0' or '\0' or '7') ? SkipReason.NoFile
        : IsUnsafe(name) ? SkipReason.Unsafe
        : length > maxBytes ? SkipReason.Larger(maxBytes)
        : null;

    bool Extend(char type, long start, long length)
    {
        if (length > MaxExtension)
        {
            damaged = true;
            return true;
        }
        var bytes = new byte[length];
        if (content.Read(start, bytes) < length) return false;
        if (type == 'L') longName = TarHeader.Text(bytes);
        else damaged |= !Records(bytes);
        return true;
    }

    // Records of POSIX's pax format, "25 path=some/long/name\n": the number counts the whole record.
    bool Records(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && bytes[0] != 0)
        {
            var space = bytes.IndexOf((byte)' ');
            if (space < 1 || !Number(bytes[..space], out long counted) || counted > bytes.Length) return false;
            var length = (int)counted;
            if (length <= space + 1 || bytes[length - 1] != '\n') return false;
            var record = bytes[(space + 1)..(length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals < 0) return false;
            var key = record[..equals];
            var value = record[(equals + 1)..];
            if (key.SequenceEqual("path"u8)) longName = TarHeader.Text(value);
            if (key.SequenceEqual("size"u8))
            {
                if (!Number(value, out long size)) return false;
                longSize = size;
            }
            bytes = bytes[length..];
        }
        return true;
    }

    static bool Number(ReadOnlySpan<byte> digits, out long value) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    // Names go into reports: an escape sequence must not reach a terminal.
    static string Plain(string name)
    {
        while (name.StartsWith("./", StringComparison.Ordinal)) name = name[2..];
        return name.Any(char.IsControl) ? string.Concat(name.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : name;
    }

    // Absolute paths and ".." are left out although nothing is unpacked: such
    // names are made to overwrite files, so the content is not trusted either.
    static bool IsUnsafe(string name) =>
        name is ['/' or '\\', ..] or [_, ':', '/' or '\\', ..] || name.Split('/', '\\').Contains("..");

    string Place(string name) => name == "" ? $"{shard} at byte {offset}" : $"{shard}: {Short(name)}";

    static string Short(string name) => name.Length <= 200 ? name : $"{name[..200]}...";

    string NoTar(int bytes) => bytes == 0
        ? $"{shard} is empty; fetch it again or delete it"
        : $"{shard} is no tar archive, its first block is no header; fetch it again or take it out of the pattern";
}

/// <summary>A regular file in a tar archive.</summary>
/// <param name="Name">Path inside the archive, without control characters.</param>
/// <param name="Offset">First byte of its content in the archive.</param>
/// <param name="Size">Bytes of its content.</param>
readonly record struct TarMember(string Name, long Offset, int Size);
