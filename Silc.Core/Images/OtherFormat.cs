namespace Silc;

/// <summary>What a file is that Skia does not decode, by its first bytes: extensions may be wrong.</summary>
static class OtherFormat
{
    // Major or compatible brands of ISO media files (ISO/IEC 23008-12, annex B; AV1 image file format; Canon's raw files).
    static readonly string[] heic = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"], avif = ["avif", "avis"], raw = ["crx "];

    /// <summary>The sentence after "no image that is read", with the way to convert it; null if the content is not known.</summary>
    public static string? Describe(ReadOnlySpan<byte> bytes, string name)
    {
        var file = Path.GetFileName(name) is { Length: > 0 } known ? known : "image";
        string With(string kind, string tool) =>
            $"{kind}, which is not read: convert it first, for example {tool} '{file}' '{Path.ChangeExtension(file, ".jpg")}'";

        if (Brands(bytes) is { Count: > 0 } brands)
        {
            if (brands.Any(avif.Contains)) return With("an AVIF image", "magick");
            if (brands.Any(raw.Contains)) return With("a camera's raw file", "magick");
            if (brands.Any(heic.Contains)) return With("a HEIC image, as iPhones take them", "heif-convert");
            return "a video or sound file, not an image: cut still images out of it first, for example with ffmpeg";
        }
        if (Begins(bytes, 0xFF, 0x0A) || Begins(bytes, 0, 0, 0, 0x0C, 'J', 'X', 'L', ' ')) return With("a JPEG XL image", "djxl");
        if (Begins(bytes, 0, 0, 0, 0x0C, 'j', 'P', ' ', ' ') || Begins(bytes, 0xFF, 0x4F, 0xFF, 0x51)) return With("a JPEG 2000 image", "magick");
        if (Begins(bytes, 'I', 'I', 42, 0) || Begins(bytes, 'M', 'M', 0, 42) || Begins(bytes, 'I', 'I', 43, 0) || Begins(bytes, 'M', 'M', 0, 43))
            return With("a TIFF image or a camera's raw file", "magick");
        if (bytes.StartsWith("8BPS"u8)) return With("a Photoshop file", "magick");
        if (bytes.StartsWith("FUJIFILMCCD-RAW"u8)) return With("a camera's raw file", "magick");
        if (bytes.StartsWith("%PDF"u8)) return With("a PDF document", "magick");
        var text = bytes[..Math.Min(bytes.Length, 256)].TrimStart("\uFEFF \t\r\n"u8);
        if (text.StartsWith("<!DOCTYPE html"u8) || text.StartsWith("<html"u8) || text.StartsWith("<!doctype html"u8))
            return "a web page, perhaps a server's error in place of the image: fetch it again";
        if (text.StartsWith("<svg"u8) || text.StartsWith("<?xml"u8)) return With("an SVG drawing or other XML", "magick");
        if (bytes.StartsWith("version https://git-lfs"u8)) return "a pointer of Git LFS in place of the image: run git lfs pull";
        return null;
    }

    // The brands of a file-type box, which an ISO media file begins with; others have none.
    static List<string> Brands(ReadOnlySpan<byte> bytes)
    {
        var brands = new List<string>();
        if (bytes.Length < 16 || !bytes[4..].StartsWith("ftyp"u8)) return brands;
        int end = (int)Math.Min(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes), (uint)Math.Min(bytes.Length, 256));
        // Between the major brand and the compatible ones lies a version.
        for (int at = 8; at + 4 <= end; at += at == 8 ? 8 : 4) brands.Add(System.Text.Encoding.Latin1.GetString(bytes.Slice(at, 4)));
        return brands;
    }

    static bool Begins(ReadOnlySpan<byte> bytes, params ReadOnlySpan<int> signature)
    {
        if (bytes.Length < signature.Length) return false;
        for (int i = 0; i < signature.Length; i++)
            if (bytes[i] != signature[i]) return false;
        return true;
    }
}
