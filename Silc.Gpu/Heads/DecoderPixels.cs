namespace Silc;

/// <summary>Images as a head that writes sees them: whole, squeezed to a square. Threads: any number may call.</summary>
static class DecoderPixels
{
    /// <summary>Pixels (N, side, side, 3) in [-1, 1].</summary>
    public static float[] Of(IReadOnlyList<RgbImage> images, int side, ImageRule rule)
    {
        int each = side * side * 3;
        var pixels = new float[Tensor.RowsOf(images.Count, each)];
        ParallelLoop.Run(images.Count, i => EvalImage.Whole(images[i], side, side, rule, pixels.AsSpan(i * each, each)));
        Photometric.ToSigned(pixels);
        return pixels;
    }
}
