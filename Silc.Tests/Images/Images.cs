namespace Silc.Tests;

/// <summary>Small images for tests.</summary>
static class Images
{
    public static RgbImage Plain(int width, int height, byte r, byte g, byte b, byte alpha = 255)
    {
        var rgba = new byte[width * height * 4];
        for (int i = 0; i < rgba.Length; i += 4) (rgba[i], rgba[i + 1], rgba[i + 2], rgba[i + 3]) = (r, g, b, alpha);
        return new(width, height, rgba);
    }

    public static RgbImage FromRgb(int width, int height, byte[] rgb)
    {
        var image = Plain(width, height, 0, 0, 0);
        for (int i = 0; i < rgb.Length; i++) image.Rgba[i / 3 * 4 + i % 3] = rgb[i];
        return image;
    }

    /// <summary>Noise that depends on <paramref name="seed"/> alone.</summary>
    public static RgbImage Noise(int width, int height, int seed)
    {
        var image = Plain(width, height, 0, 0, 0);
        new Random(seed).NextBytes(image.Rgba);
        for (int i = 3; i < image.Rgba.Length; i += 4) image.Rgba[i] = 255;
        return image;
    }
}
