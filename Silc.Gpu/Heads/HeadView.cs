namespace Silc;

/// <summary>
/// What of an image a head sees in a step: a part of it, perhaps mirrored. Labels and boxes follow. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Left">Left edge, as a share of the image's width.</param>
/// <param name="Top">Top edge, as a share of its height.</param>
/// <param name="Size">Share of both sides that is kept.</param>
/// <param name="Flip">Left and right are exchanged.</param>
readonly record struct HeadView(double Left, double Top, double Size, bool Flip)
{
    // The upper half of the key, apart from those of DataStreams and of other draws of heads.
    const ulong Stream = 18UL << 32;

    /// <summary>Share of a thing that must be left for it to keep its box.</summary>
    public const double LeastLeft = 0.3;

    static readonly Colour grey = new(0.5f, 0.5f, 0.5f);

    /// <summary>The whole image.</summary>
    public static HeadView Whole { get; } = new(0, 0, 1, false);

    /// <summary>What is seen of one of the images of a step: a function of the training's seed, the step and its place there.</summary>
    /// <param name="train">How much may be cut off, and whether images are mirrored.</param>
    /// <param name="step">Of the training.</param>
    /// <param name="place">Of the image in the step.</param>
    /// <param name="tile">Of the image in its mosaic.</param>
    public static HeadView Of(HeadTrainConfig train, long step, int place, int tile = 0)
    {
        var random = new Philox(Stream | (uint)train.Seed, ((ulong)step << 32) | ((ulong)(uint)tile << 24) | (uint)place);
        double size = random.Uniform(train.MinCrop, 1), left = random.Uniform(0, 1 - size), top = random.Uniform(0, 1 - size);
        return new(left, top, size, random.NextDouble() < 0.5 && train.Flip);
    }

    /// <summary>Writes (side, side, 3) floats in [0, 1].</summary>
    public void Fill(RgbImage image, int side, Span<float> target) => Fill(image, side, side, target);

    /// <summary>Writes (height, width, 3) floats in [0, 1].</summary>
    public void Fill(RgbImage image, int width, int height, Span<float> target) => Resample.Crop(image,
        new(Left * image.Width, Top * image.Height, Size * image.Width, Size * image.Height), target, width, height, background: grey, flip: Flip);

    /// <summary>Labels of the pixels that are seen, as many as there were: each that of the pixel where its middle lies.</summary>
    public LabelMap Of(LabelMap map)
    {
        var labels = new int[map.Width * map.Height];
        for (int y = 0; y < map.Height; y++)
            for (int x = 0; x < map.Width; x++)
            {
                double across = (x + 0.5) / map.Width;
                int column = At(Left + Size * (Flip ? 1 - across : across), map.Width), row = At(Top + Size * (y + 0.5) / map.Height, map.Height);
                labels[y * map.Width + x] = map.Labels[row * map.Width + column];
            }
        return new(map.Width, map.Height, labels);

        static int At(double share, int pixels) => Math.Clamp((int)(share * pixels), 0, pixels - 1);
    }

    /// <summary>A box in shares of the image as one in shares of what is seen, and the share of it that is left there.</summary>
    public (Box Seen, double Share) Of(Box box)
    {
        double left = (box.X - Left) / Size, top = (box.Y - Top) / Size, width = box.Width / Size, height = box.Height / Size;
        if (Flip) left = 1 - left - width;
        return new Box(left, top, width, height).Clip(1, 1) is { } seen ? (seen, seen.Area / (width * height)) : (default, 0);
    }
}
