namespace Silc;

/// <summary>How an image is shown to the model to be segmented. Threads: immutable; any number may share it.</summary>
/// <param name="Side">Side of a square window in pixels, a multiple of the patch.</param>
/// <param name="ShortSide">
/// The image is resized so that its shorter side has this many pixels, and windows slide over it; null squashes the whole
/// image into one window.
/// </param>
/// <param name="Stride">Pixels from one window to the next; the last one ends at the image's edge.</param>
public sealed record SegmentationWindows(int Side, int? ShortSide = null, int? Stride = null)
{
    /// <summary>The whole image in one window.</summary>
    public static SegmentationWindows Whole(int side) => new(side);

    /// <summary>Windows that overlap by a quarter over an image whose short side is one window: 448 and 336 in Google's TIPS.</summary>
    public static SegmentationWindows Sliding(int side) => new(side, side, side * 3 / 4);

    /// <summary>
    /// CAT-Seg's: the image squashed to a square of 5/3 of a window, 640 for 384, over which windows slide that overlap by a third, and the whole
    /// image in one window, whose answer counts as much as theirs together.
    /// </summary>
    public static SegmentationWindows SquashedAndWhole(int side) =>
        new(side, side * 5 / 3, (int)(side * (1 - 0.333))) { Squash = true, AndWhole = true };

    /// <summary>The image is squashed to a square of <see cref="ShortSide"/> instead of keeping its shape.</summary>
    public bool Squash { get; init; }

    /// <summary>The whole image in one window is asked as well, and scores are the mean of its and the windows'.</summary>
    public bool AndWhole { get; init; }

    /// <summary>Throws unless the sizes fit each other.</summary>
    /// <exception cref="ArgumentException">The message names the value.</exception>
    public void Check(int patch)
    {
        Require.Positive(Side, "side of a window");
        Require.That(Side % patch == 0, $"a window of {Side} pixels is no whole number of patches of {patch}");
        Require.That(ShortSide is null || ShortSide >= Side,
            $"the short side of {ShortSide} pixels is less than a window of {Side}");
        Require.That(Stride is null or > 0 && Stride.GetValueOrDefault(1) <= Side,
            $"a stride of {Stride} pixels must lie in 1 to {Side}, the window's side");
    }

    /// <summary>Size that an image is resized to.</summary>
    public (int Width, int Height) Size(RgbImage image)
    {
        if (ShortSide is not { } side) return (Side, Side);
        if (Squash) return (side, side);
        double scale = side / (double)Math.Min(image.Width, image.Height);
        return (Math.Max(side, (int)Math.Round(image.Width * scale)), Math.Max(side, (int)Math.Round(image.Height * scale)));
    }

    /// <summary>Where windows start along an axis of <paramref name="length"/> pixels: one value for each window, in pixels.</summary>
    public int[] Starts(int length)
    {
        int stride = Stride ?? Side, last = length - Side;
        int[] starts = [.. Enumerable.Range(0, last / stride + 1).Select(i => i * stride)];
        return starts[^1] == last ? starts : [.. starts, last];
    }
}
