namespace Silc;

/// <summary>Files with the extension of an image format that is not read: sources of folders leave them out and say why.</summary>
static class UnreadImage
{
    static readonly string[] jpegs = [".jfif", ".jpe", ".jif", ".pjpeg", ".pjp"];

    static readonly string[] others =
    [
        ".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".tga", ".exr", ".hdr", ".ppm", ".pgm", ".pnm",
        ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf",
    ];

    /// <summary>Why a file is left out, and what to do about it; null for one that is read or is no image.</summary>
    public static string? Reason(string path)
    {
        var ending = Path.GetExtension(path).ToLowerInvariant();
        if (jpegs.Contains(ending)) return $"JPEG that is called {ending}; rename it to .jpg";
        return others.Contains(ending) ? $"image of the kind {ending}, which is not read; convert it to PNG or JPEG" : null;
    }
}
