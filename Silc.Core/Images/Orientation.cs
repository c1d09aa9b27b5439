using System.Runtime.InteropServices;

namespace Silc;

/// <summary>EXIF orientation: cameras store what the sensor saw, and a tag from 1 to 8 that says how they were held.</summary>
static class Orientation
{
    /// <summary>The image as it should be looked at. Tags 5 to 8 swap width and height.</summary>
    public static RgbImage Upright(RgbImage image, int tag)
    {
        if (tag is < 2 or > 8) return image;
        var (width, height) = tag < 5 ? (image.Width, image.Height) : (image.Height, image.Width);
        var upright = new byte[image.Rgba.Length];
        var source = MemoryMarshal.Cast<byte, uint>(image.Rgba);
        var target = MemoryMarshal.Cast<byte, uint>(upright.AsSpan());
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                var (fromX, fromY) = From(tag, x, y, image.Width - 1, image.Height - 1);
                target[y * width + x] = source[fromY * image.Width + fromX];
            }
        return new(width, height, upright);
    }

    // Where the upright pixel (x, y) lies in the stored image, whose last pixel is (right, bottom).
    static (int X, int Y) From(int tag, int x, int y, int right, int bottom) => tag switch
    {
        2 => (right - x, y),
        3 => (right - x, bottom - y),
        4 => (x, bottom - y),
        5 => (y, x),
        6 => (y, bottom - x),
        7 => (right - y, bottom - x),
        _ => (right - y, x),
    };
}
