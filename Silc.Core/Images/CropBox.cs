namespace Silc;

/// <summary>
/// Part of an image in pixels, corners may be fractional: x from <paramref name="Left"/> to Left + Width.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Top edge.</param>
/// <param name="Width">Pixels across.</param>
/// <param name="Height">Pixels down.</param>
readonly record struct CropBox(double Left, double Top, double Width, double Height)
{
    /// <summary>The whole image.</summary>
    public static CropBox Of(RgbImage image) => new(0, 0, image.Width, image.Height);

    /// <summary>
    /// The part that is left when the shorter side is resized to <paramref name="size"/> pixels, the longer in proportion and
    /// rounded down, and the central square is cut out: torchvision's Resize(size) and CenterCrop(size) as one box.
    /// </summary>
    public static CropBox Center(RgbImage image, int size) => Frame.Of(image, size, EvalCrop.Center, ImageRule.Own).Box(image);
}
