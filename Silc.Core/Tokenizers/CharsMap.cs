using System.Buffers.Binary;

namespace Silc;

/// <summary>
/// SentencePiece's precompiled character map: a length (4 bytes), a Darts-clone double array from UTF-8 prefixes to offsets,
/// and the zero-terminated replacements there. It holds Unicode's NFKC, and case folding where the model wants it.
/// </summary>
sealed class CharsMap
{
    readonly uint[] units;
    readonly byte[] replacements;

    public CharsMap(ReadOnlySpan<byte> blob)
    {
        if (blob.Length == 0)
        {
            (units, replacements) = ([], []);
            return;
        }
        var bytes = blob.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(blob);
        if (bytes > blob.Length - 4 || bytes % 4 != 0)
            throw new InvalidDataException($"a character map of {blob.Length} bytes claims {bytes}");
        units = new uint[bytes / 4];
        for (var i = 0; i < units.Length; i++) units[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob[(4 + 4 * i)..]);
        replacements = blob[(4 + (int)bytes)..].ToArray();
    }

    /// <summary>What replaces the longest mapped prefix of <paramref name="text"/>, whose size is <paramref name="length"/>, 0 if none.</summary>
    public ReadOnlySpan<byte> Replace(ReadOnlySpan<byte> text, out int length)
    {
        length = 0;
        uint offset = 0;
        if (units.Length == 0) return [];
        var node = Children(units[0]);
        for (var i = 0; i < text.Length; i++)
        {
            node ^= text[i];
            if (node >= units.Length || Label(units[node]) != text[i]) break;
            var leaf = HasLeaf(units[node]);
            node ^= Children(units[node]);
            if (!leaf || node >= units.Length) continue;
            (offset, length) = (units[node] & 0x7FFFFFFF, i + 1);
        }
        if (length == 0 || offset >= replacements.Length) return [];
        var tail = replacements.AsSpan((int)offset);
        var end = tail.IndexOf((byte)0);
        return end < 0 ? tail : tail[..end];
    }

    // The bit layout of darts.h (github.com/s-yata/darts-clone, DoubleArrayUnit).
    static uint Children(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);

    static uint Label(uint unit) => unit & 0x800000FF;

    static bool HasLeaf(uint unit) => (unit & 0x100) != 0;
}
