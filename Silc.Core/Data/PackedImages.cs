using System.Buffers;

namespace Silc;

/// <summary>
/// Images at aspect ratios of their own on the host, cut into patches: NaFlex of SigLIP 2. An image has room for as many patches as the longest
/// may have; the room behind its patches is not used. Threads: different ones may fill different images.
/// </summary>
/// <param name="images">How many.</param>
/// <param name="most">Patches of an image, at most.</param>
/// <param name="patch">Side of a patch in pixels.</param>
sealed class PackedImages(int images, int most, int patch)
{
    readonly float[] patches = new float[(long)images * most * patch * patch * 3];
    readonly PatchGrid[] grids = new PatchGrid[images];

    /// <summary>Images.</summary>
    public int Count => images;

    /// <summary>Values of a patch: (p, p, 3) in [-1, 1].</summary>
    public int PatchSize => patch * patch * 3;

    /// <summary>Grid of an image; empty before it is filled.</summary>
    public PatchGrid Grid(int image) => grids[image];

    /// <summary>Patches of an image (T, p·p·3), row by row.</summary>
    public ReadOnlySpan<float> Patches(int image) => patches.AsSpan(image * most * PatchSize, grids[image].Count * PatchSize);

    /// <summary>Takes an image, resized to a grid of at most so many patches.</summary>
    /// <param name="image">Its place.</param>
    /// <param name="source">Of any shape.</param>
    /// <param name="length">Most patches, no more than there is room for.</param>
    /// <param name="resize">Writes the whole image at a width and a height, values in [0, 1].</param>
    public void Fill(int image, RgbImage source, int length, Resizer resize)
    {
        Require.That(length <= most, $"an image of {length} patches has no room among those of {most}");
        var grid = PatchGrid.Of(source.Height, source.Width, patch, length);
        int width = grid.Columns * patch, count = grid.Count * PatchSize;
        var rented = ArrayPool<float>.Shared.Rent(count);
        var pixels = rented.AsSpan(0, count);
        resize(source, width, grid.Rows * patch, pixels);
        Photometric.ToSigned(pixels);
        grids[image] = grid;
        var to = patches.AsSpan(image * most * PatchSize, count);
        int run = patch * 3;
        for (int row = 0; row < grid.Rows; row++)
            for (int column = 0; column < grid.Columns; column++)
                for (int y = 0; y < patch; y++, to = to[run..])
                    pixels.Slice(((row * patch + y) * width + column * patch) * 3, run).CopyTo(to);
        ArrayPool<float>.Shared.Return(rented);
    }

    /// <summary>Takes an image of another batch.</summary>
    public void Copy(int image, PackedImages from, int at)
    {
        grids[image] = from.grids[at];
        from.Patches(at).CopyTo(patches.AsSpan(image * most * PatchSize));
    }

    /// <summary>As <see cref="Fill(int, RgbImage, int, Resizer)"/>, resized as evaluation does it.</summary>
    public void Fill(int image, RgbImage source, ImageRule rule) =>
        Fill(image, source, most, (from, width, height, to) => EvalImage.Whole(from, width, height, rule, to));
}

/// <summary>Writes a whole image at a width and a height, (height, width, 3) in [0, 1].</summary>
delegate void Resizer(RgbImage image, int width, int height, Span<float> to);
