namespace Silc;

/// <summary>
/// Images as a detection head sees them: filled up at the right or the lower border to a square, so that nothing is distorted, then resized. Threads:
/// any number may call.
/// </summary>
static class DetectionPixels
{
    const byte Grey = 128;

    /// <summary>Pixels (N, side, side, 3) in [-1, 1].</summary>
    public static float[] Of(IReadOnlyList<RgbImage> images, int side, ImageRule rule)
    {
        int each = side * side * 3;
        var pixels = new float[Tensor.RowsOf(images.Count, each)];
        ParallelLoop.Run(images.Count, i => EvalImage.Whole(Square(images[i]), side, side, rule, pixels.AsSpan(i * each, each)));
        Photometric.ToSigned(pixels);
        return pixels;
    }

    internal static RgbImage Square(RgbImage image)
    {
        if (image.Width == image.Height) return image;
        int side = Math.Max(image.Width, image.Height);
        var rgba = new byte[4 * side * side];
        Array.Fill(rgba, Grey);
        for (int i = 3; i < rgba.Length; i += 4) rgba[i] = byte.MaxValue;
        for (int y = 0; y < image.Height; y++)
            image.Rgba.AsSpan(4 * y * image.Width, 4 * image.Width).CopyTo(rgba.AsSpan(4 * y * side));
        return new(side, side, rgba);
    }
}
