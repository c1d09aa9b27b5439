namespace Silc;

/// <summary>
/// What a detection head sees in the place of an image: the image, or k x k of them as tiles, row by row, the first of which is that image
/// (Minderer et al. 2022, arXiv:2205.06230). Boxes follow. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Along">Tiles along a side, k.</param>
/// <param name="Images">Of each tile.</param>
readonly record struct HeadMosaic(int Along, int[] Images)
{
    // The upper half of the key, apart from those of DataStreams and of other draws of heads.
    const ulong Stream = 19UL << 32;

    // OWL-ViT shows 40 % of images alone, and 30 % as 2 x 2 and as 3 x 3 each.
    const double Alone = 0.4;

    /// <summary>What is seen in a place of a step: a function of the training's seed, the step and the place.</summary>
    /// <param name="train">How many tiles there may be.</param>
    /// <param name="step">Of the training.</param>
    /// <param name="place">In the step.</param>
    /// <param name="image">The one that the order of the training has there.</param>
    /// <param name="count">Images of which the others are drawn.</param>
    public static HeadMosaic Of(HeadTrainConfig train, long step, int place, int image, int count)
    {
        if (train.Mosaic == 1) return new(1, [image]);
        var random = new Philox(Stream | (uint)train.Seed, ((ulong)step << 32) | (uint)place);
        int along = random.NextDouble() < Alone ? 1 : 2 + random.NextInt(train.Mosaic - 1);
        var images = new int[along * along];
        images[0] = image;
        for (int tile = 1; tile < images.Length; tile++) images[tile] = random.NextInt(count);
        return new(along, images);
    }

    /// <summary>Writes what a view shows of a tile's image, squashed, into (side, side, 3) floats.</summary>
    public void Fill(HeadView view, RgbImage image, int tile, int side, Span<float> target)
    {
        var (left, top, width, height) = Pixels(tile, side);
        if (Along == 1)
        {
            view.Fill(image, side, target);
            return;
        }
        var pixels = new float[3 * width * height];
        view.Fill(image, width, height, pixels);
        for (int y = 0; y < height; y++)
            pixels.AsSpan(3 * y * width, 3 * width).CopyTo(target[(3 * ((top + y) * side + left))..]);
    }

    /// <summary>Things of a tile's image as things of the whole.</summary>
    public DetectionThings Of(DetectionThings things, int tile, int side)
    {
        var (left, top, width, height) = Pixels(tile, side);
        return Along == 1 ? things : things with
        {
            Boxes = [.. things.Boxes.Select(box => new Box((left + box.X * width) / side, (top + box.Y * height) / side, box.Width * width / side,
                box.Height * height / side))],
        };
    }

    // Whole pixels, which the tiles share without a gap.
    (int Left, int Top, int Width, int Height) Pixels(int tile, int side)
    {
        int column = tile % Along, row = tile / Along, left = column * side / Along, top = row * side / Along;
        return (left, top, (column + 1) * side / Along - left, (row + 1) * side / Along - top);
    }
}
