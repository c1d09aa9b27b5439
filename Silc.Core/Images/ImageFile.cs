using SkiaSharp;

namespace Silc;

/// <summary>
/// Reads the formats that Skia knows (PNG, JPEG, WebP, GIF, BMP, ICO) and writes PNG. Others, such as HEIC, are called by their name in the
/// error, with a way to convert them. Threads: any number may call.
/// </summary>
/// <example>
/// <code>
/// RgbImage image = ImageFile.Read("photo.jpg");
/// using var upload = File.OpenRead("upload.bin");
/// RgbImage other = ImageFile.Read(upload, name: "the upload");               // errors call it that
/// </code>
/// </example>
public static class ImageFile
{
    /// <summary>Images with more pixels are read at a half, a quarter or an eighth of their size: 400 MB decoded.</summary>
    public const long MaxPixels = 100_000_000;

    /// <summary>Images with more pixels are refused by their header, before memory is set aside; phones take up to 200 megapixels.</summary>
    public const long MaxPixelsReduced = 250_000_000;

    /// <summary>Larger files are refused unread: a bitmap of <see cref="MaxPixels"/> fits.</summary>
    public const long MaxBytes = 4 * MaxPixels + (1 << 20);

    /// <summary>Endings, in lower case, that sources take for images.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"];

    internal static bool IsImage(string path) => Extensions.Contains(Path.GetExtension(path).ToLowerInvariant());

    /// <summary>Decodes a file; EXIF orientation is applied, of an animation the first frame is taken.</summary>
    /// <exception cref="InvalidDataException">Not an image, cut short or too large.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static RgbImage Read(string path)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file", path);
        var length = new FileInfo(path).Length;
        if (length > MaxBytes) throw new InvalidDataException($"{path}: {length} bytes, at most {MaxBytes} are read; shrink it first");
        byte[] bytes;
        using (LoadClock.In(LoadStage.Read)) bytes = File.ReadAllBytes(path);
        return Decode(bytes, path);
    }

    /// <summary>Reads a stream from where it stands to its end and decodes it, as <see cref="Read(string)"/> does a file.</summary>
    /// <param name="file">Stays open; need not tell its length.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="InvalidDataException">Not an image, cut short or too large.</exception>
    public static RgbImage Read(Stream file, string name = "the image")
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int got; (got = file.Read(buffer)) > 0;)
        {
            bytes.Write(buffer, 0, got);
            if (bytes.Length > MaxBytes)
                throw new InvalidDataException($"{name}: more than {MaxBytes} bytes, at most that many are read; shrink it first");
        }
        return Decode(bytes.ToArray(), name);
    }

    /// <summary>Decodes the bytes of a file; <paramref name="name"/> is what errors call it.</summary>
    /// <exception cref="InvalidDataException">Not an image, cut short or too large.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> file, string name = "the image") => Decode(file.ToArray(), name);

    /// <summary>Decodes the bytes of a file; <paramref name="name"/> is what errors call it.</summary>
    /// <exception cref="InvalidDataException">Not an image, cut short or too large.</exception>
    public static RgbImage Decode(byte[] bytes, string name)
    {
        using var data = SKData.CreateCopy(bytes);
        using var codec = SKCodec.Create(data);
        // WBMP has no signature: two zero bytes make other files pass for one.
        if (codec is null || codec.EncodedFormat == SKEncodedImageFormat.Wbmp)
            throw new InvalidDataException(OtherFormat.Describe(bytes, name) is { } other ? $"{name} is {other}"
                : $"{name}: {bytes.Length} bytes are no image (PNG, JPEG, WebP, GIF, BMP or ICO)");
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > MaxPixelsReduced)
            throw new InvalidDataException($"{name}: {width} x {height} pixels, at most {MaxPixelsReduced:N0} are read; shrink it first, "
                + $"for example magick '{Path.GetFileName(name)}' -resize 25% 'smaller.jpg'");
        var result = (long)width * height > MaxPixels ? LargeImage.Decode(codec, MaxPixels, out var image)
            : LargeImage.At(codec, width, height, out image);
        if (result == SKCodecResult.Success && IsCutShort(codec.EncodedFormat, bytes)) result = SKCodecResult.IncompleteInput;
        var fault = result == SKCodecResult.IncompleteInput ? "cut short" : "damaged";
        if (result != SKCodecResult.Success) throw new InvalidDataException($"{name}: cannot be decoded, it is {fault}; fetch it again");
        var orientation = codec.EncodedFormat == SKEncodedImageFormat.Png ? PngExif.Orientation(bytes) : (int)codec.EncodedOrigin;
        return Orientation.Upright(image, orientation);
    }

    static bool IsCutShort(SKEncodedImageFormat format, byte[] bytes) => format switch
    {
        SKEncodedImageFormat.Jpeg => CutShort.Jpeg(bytes),
        SKEncodedImageFormat.Webp => CutShort.WebP(bytes),
        _ => false,
    };

    /// <summary>Writes a PNG; a reader never sees half of it.</summary>
    /// <exception cref="IOException">The file cannot be written; the message says why.</exception>
    public static void Write(string path, RgbImage image) => AtomicFile.WriteBytes(path, Encode(image));

    /// <summary>The image as the bytes of a PNG file.</summary>
    /// <exception cref="ArgumentException">The image has no pixels, or more than a PNG holds.</exception>
    public static unsafe byte[] Encode(RgbImage image)
    {
        var info = new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        fixed (byte* pixels = image.Rgba)
        {
            using var map = new SKPixmap(info, (nint)pixels);
            using var data = map.Encode(SKEncodedImageFormat.Png, 100)
                ?? throw new ArgumentException($"an image of {image.Width} x {image.Height} pixels cannot be a PNG");
            return data.ToArray();
        }
    }
}
