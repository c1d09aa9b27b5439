using System.IO.Compression;
using System.Text.Json;

namespace Silc.Tests;

/// <summary>Files of Golden/make_images.py with the pixels that PIL, which wrote them, says they show.</summary>
/// <param name="Name">File in Golden/images.</param>
/// <param name="Width">Pixels across, upright.</param>
/// <param name="Height">Pixels down, upright.</param>
/// <param name="Tolerance">Mean absolute error that decoders may differ by, in units of 1/255.</param>
/// <param name="Rgba">Deflated pixels.</param>
sealed record GoldenImage(string Name, int Width, int Height, double Tolerance, byte[] Rgba)
{
    static string Golden => Path.Combine(AppContext.BaseDirectory, "Golden");

    public byte[] Content => File.ReadAllBytes(Path.Combine(Golden, "images", Name));

    public static GoldenImage[] Load() => JsonSerializer.Deserialize<GoldenImage[]>(
        File.ReadAllText(Path.Combine(Golden, "images.json")), JsonSerializerOptions.Web)!;

    public byte[] Pixels()
    {
        using var stream = new ZLibStream(new MemoryStream(Rgba), CompressionMode.Decompress);
        var pixels = new byte[Width * Height * 4];
        stream.ReadExactly(pixels);
        return pixels;
    }
}
