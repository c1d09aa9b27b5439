using System.Buffers.Binary;
using System.IO.Compression;

namespace Silc;

/// <summary>
/// Masks as PNG files: the label of a pixel is its grey value, or its index into the palette, which image libraries turn into
/// colours. Grey may be written three times, as red, green and blue, and may have an alpha channel of opaque pixels. Bit depths 1 to 16, not
/// interlaced. Maps of 8 and 16 bits are also read from uncompressed TIFF files. Threads: any number may call.
/// </summary>
public static partial class LabelMapFile
{
    static readonly byte[] signature = [0x89, .. "PNG\r\n"u8, 0x1A, .. "\n"u8];

    /// <summary>Reads a mask.</summary>
    /// <exception cref="InvalidDataException">
    /// No PNG or TIFF, damaged, in colour without a palette, or interlaced; the message says how to convert it.
    /// </exception>
    public static LabelMap Read(string path) => Read(File.ReadAllBytes(path), path);

    /// <summary>Reads a mask that is in memory.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="path">What errors call it.</param>
    internal static LabelMap Read(byte[] bytes, string path) => Read(bytes, path, colours: false);

    /// <summary>Reads a PNG in colour of 8 bits whose colours are numbers: red + 256 · green + 65,536 · blue, as COCO's panoptic ids.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Read(string)"/>, or not in colour.</exception>
    internal static LabelMap ReadColours(byte[] bytes, string path) => Read(bytes, path, colours: true);

    /// <summary>True for a PNG in colour without a palette, by its header.</summary>
    internal static bool IsColour(byte[] bytes) => bytes.Length > 25 && bytes.AsSpan().StartsWith(signature) && bytes[25] is 2 or 6;

    static LabelMap Read(byte[] bytes, string path, bool colours)
    {
        try
        {
            return Decode(bytes, path, colours);
        }
        catch (Exception e) when (e is EndOfStreamException or ArgumentOutOfRangeException or InvalidDataException
            or OverflowException or IndexOutOfRangeException)
        {
            if (e.Message.StartsWith(path, StringComparison.Ordinal)) throw;
            throw new InvalidDataException($"{path} is cut short or damaged; copy it again", e);
        }
    }

    static LabelMap Decode(byte[] bytes, string path, bool colours)
    {
        if (!colours && TiffLabels.Is(bytes)) return TiffLabels.Decode(bytes, path);
        if (!bytes.AsSpan().StartsWith(signature)) throw new InvalidDataException(
            $"{path} is no PNG file{(bytes is [0xFF, 0xD8, ..] ? " but a JPEG, whose compression mixes the labels of neighbours" : "")}; "
            + "masks must be PNG, for their values to be exact: write them again from their source");
        using var data = new MemoryStream();
        var header = bytes.AsSpan(16, 13);
        for (int at = 8; ;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            var kind = bytes.AsSpan(at + 4, 4);
            if (kind.SequenceEqual("IEND"u8)) break;
            if (kind.SequenceEqual("IDAT"u8)) data.Write(bytes.AsSpan(at + 8, length));
            at = checked(at + 12 + length);
        }
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(header), BinaryPrimitives.ReadInt32BigEndian(header[4..]));
        var (depth, colour, interlaced) = (header[8], header[9], header[12] != 0);
        int channels = colour switch
        {
            0 or 3 => 1,
            4 => 2,
            2 => 3,
            6 => 4,
            _ => throw new InvalidDataException($"{path} has the colour type {colour}, which no PNG has; write it again"),
        };
        if (depth is not (1 or 2 or 4 or 8 or 16) || channels > 1 && depth < 8)
            throw new InvalidDataException($"{path} has {depth} bits a pixel, which no PNG has; write it again");
        if (interlaced) throw new InvalidDataException($"{path} is interlaced; write it again without");
        if (width < 1 || height < 1 || (long)width * height > ImageFile.MaxPixels)
            throw new InvalidDataException($"{path}: {width} x {height} pixels are no mask");
        if (colours && (channels < 3 || depth != 8)) throw new InvalidDataException(
            $"{path} is grey, has a palette or 16 bits a colour; its ids are written as colours of 8 bits: red + 256 green + 65,536 blue");
        data.Position = 0;
        using var inflated = new ZLibStream(data, CompressionMode.Decompress);
        return new(width, height, Labels(inflated, width, height, depth, channels, path, colours));
    }

    static int[] Labels(Stream stream, int width, int height, int depth, int channels, string path, bool colours)
    {
        var (labels, step) = (new int[width * height], Math.Max(1, depth * channels / 8));
        byte[] line = new byte[checked(width * depth * channels + 7) / 8], above = new byte[line.Length], filter = new byte[1];
        for (int y = 0; y < height; y++)
        {
            stream.ReadExactly(filter);
            stream.ReadExactly(line);
            Unfilter(filter[0], line, above, step);
            for (int x = 0; x < width; x++)
            {
                int label = Value(line, x * channels, depth);
                if (colours) label += line[x * channels + 1] * 256 + line[x * channels + 2] * 65536;
                for (int c = 1; c < channels && !colours; c++) Check(label, Value(line, x * channels + c, depth), isAlpha: channels % 2 == 0
                    && c == channels - 1);
                labels[y * width + x] = label;
            }
            (line, above) = (above, line);
        }
        return labels;

        void Check(int label, int other, bool isAlpha)
        {
            if (isAlpha && other != (1 << depth) - 1)
                throw new InvalidDataException($"{path} is transparent in places, whose labels nobody knows; write it again without an alpha "
                    + "channel");
            if (!isAlpha && other != label)
                throw new InvalidDataException(
                    $"{path} is an image in colour; a mask is grey or has a palette: its values are the labels, one byte a pixel");
        }
    }

    static int Value(byte[] line, int i, int depth) => depth == 16
        ? BinaryPrimitives.ReadUInt16BigEndian(line.AsSpan(2 * i))
        : line[i * depth / 8] >> (8 - depth - i * depth % 8) & (1 << depth) - 1;

    // PNG specification, section 9: each byte was stored as its difference from a prediction by its neighbours.
    static void Unfilter(int filter, byte[] line, byte[] above, int step)
    {
        if (filter > 4) throw new InvalidDataException($"filter {filter}");
        for (int i = 0; i < line.Length; i++)
        {
            int left = i < step ? 0 : line[i - step], up = above[i], corner = i < step ? 0 : above[i - step];
            line[i] += (byte)(filter switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, _ => Paeth(left, up, corner) });
        }
    }

    static int Paeth(int left, int up, int corner)
    {
        int guess = left + up - corner, a = Math.Abs(guess - left), b = Math.Abs(guess - up), c = Math.Abs(guess - corner);
        return a <= b && a <= c ? left : b <= c ? up : corner;
    }
}
