namespace Silc.Tests;

/// <summary>Small pictures for tests.</summary>
static class Pictures
{
    public static Picture Plain(int width, int height, byte r, byte g, byte b, byte alpha = 255)
    {
        var rgba = new byte[width * height * 4];
        for (int i = 0; i < rgba.Length; i += 4) (rgba[i], rgba[i + 1], rgba[i + 2], rgba[i + 3]) = (r, g, b, alpha);
        return new(width, height, rgba);
    }

    public static Picture FromRgb(int width, int height, byte[] rgb)
    {
        var picture = Plain(width, height, 0, 0, 0);
        for (int i = 0; i < rgb.Length; i++) picture.Rgba[i / 3 * 4 + i % 3] = rgb[i];
        return picture;
    }

    /// <summary>Noise that depends on <paramref name="seed"/> alone.</summary>
    public static Picture Noise(int width, int height, int seed)
    {
        var picture = Plain(width, height, 0, 0, 0);
        new Random(seed).NextBytes(picture.Rgba);
        for (int i = 3; i < picture.Rgba.Length; i += 4) picture.Rgba[i] = 255;
        return picture;
    }
}
