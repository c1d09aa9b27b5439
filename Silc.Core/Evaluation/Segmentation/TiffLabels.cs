using System.Buffers.Binary;

namespace Silc;

/// <summary>
/// Label maps as TIFF files of one channel of 8 or 16 bits, uncompressed and in strips: what CAT-Seg's and MaskFormer's scripts write for ADE20K's
/// 847 and Pascal Context's 459 classes. Source: TIFF 6.0. Threads: any number may call.
/// </summary>
static class TiffLabels
{
    const int Width = 256, Height = 257, Bits = 258, Compression = 259, Photometric = 262, StripOffsets = 273, Samples = 277, StripBytes = 279,
        TileWidth = 322, SampleFormat = 339;

    const string AsPng = "write it as a grey PNG of 8 or 16 bits";

    /// <summary>True for the first bytes of a TIFF file.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes) => bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8);

    /// <summary>The values, row by row.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="path">What errors call it.</param>
    /// <exception cref="InvalidDataException">Of several channels, compressed, in tiles or of other bits.</exception>
    public static LabelMap Decode(byte[] bytes, string path)
    {
        bool little = bytes[0] == 'I';
        int Short(long at) => little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(checked((int)at)))
            : BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(checked((int)at)));
        long Long(long at) => little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(checked((int)at)))
            : BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(checked((int)at)));
        long first = Long(4);
        var entries = new Dictionary<int, long[]>();
        for (int i = 0; i < Short(first); i++)
        {
            long at = first + 2 + 12 * i, count = Long(at + 4);
            int each = Short(at + 2) switch { 1 => 1, 3 => 2, 4 => 4, _ => 0 };
            if (each == 0 || count > bytes.Length) continue;                // no number of ours
            long from = count * each <= 4 ? at + 8 : Long(at + 8);
            entries[Short(at)] = [.. Enumerable.Range(0, (int)count)
                .Select(k => each == 1 ? bytes[from + k] : each == 2 ? Short(from + 2 * k) : Long(from + 4 * k))];
        }
        long One(int tag, long usual) => entries.TryGetValue(tag, out var values) && values.Length > 0 ? values[0] : usual;
        long width = One(Width, 0), height = One(Height, 0), bits = One(Bits, 1);
        if (One(Samples, 1) != 1 || One(Photometric, 1) > 1)
            throw new InvalidDataException($"{path} is an image in colour; a mask has one channel, whose values are the labels: {AsPng}");
        if (One(Compression, 1) != 1) throw new InvalidDataException($"{path} is a compressed TIFF (kind {One(Compression, 1)}); {AsPng}");
        if (entries.ContainsKey(TileWidth)) throw new InvalidDataException($"{path} is a TIFF in tiles; {AsPng}");
        if (bits is not (8 or 16) || One(SampleFormat, 1) > 2)
            throw new InvalidDataException($"{path} has {bits} bits a pixel{(One(SampleFormat, 1) > 2 ? ", of real numbers" : "")}; {AsPng}");
        if (width < 1 || height < 1 || width * height > ImageFile.MaxPixels)
            throw new InvalidDataException($"{path}: {width} x {height} pixels are no mask");
        var labels = new int[width * height];
        int done = 0;
        foreach (var (offset, length) in entries.GetValueOrDefault(StripOffsets, []).Zip(entries.GetValueOrDefault(StripBytes, [])))
            for (long at = offset; at < offset + length && done < labels.Length; at += bits / 8) labels[done++] = bits == 8 ? bytes[at] : Short(at);
        return done == labels.Length ? new((int)width, (int)height, labels)
            : throw new InvalidDataException($"{path} has {done} of {labels.Length} pixels: it is cut short; copy it again");
    }
}
