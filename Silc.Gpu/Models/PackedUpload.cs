namespace Silc;

/// <summary>
/// Memory for images at their own aspect ratio on the device. They are packed when they are copied: the room behind an image's patches stays on the
/// host. Threads: one at a time.
/// </summary>
sealed class PackedUpload : IDisposable
{
    readonly SilcConfig config;
    readonly PinnedUpload patches, resize;
    readonly float[] rows;
    int[] lengths;

    /// <param name="device">Where.</param>
    /// <param name="config">Patch and grid of the model.</param>
    /// <param name="images">Most images.</param>
    /// <param name="most">Most patches of an image.</param>
    public PackedUpload(Device device, SilcConfig config, int images, int most)
    {
        this.config = config;
        // What Arena.Measure sees: all images with the most patches.
        lengths = [.. Enumerable.Repeat(most, images)];
        rows = new float[most * Cells];
        patches = new(device, (long)images * most * Values, "patches");
        try
        {
            resize = new(device, (long)images * most * Cells, "positions of patches");
        }
        catch
        {
            patches.Dispose();
            throw;
        }
    }

    int Values => config.PatchSize * config.PatchSize * 3;

    int Cells => config.Grid * config.Grid;

    /// <summary>Queues the copy of some images, by their places; they may be used again on return.</summary>
    public void Put(PackedImages from, IReadOnlyList<int> images)
    {
        var now = new int[images.Count];
        int at = 0;
        for (int i = 0; i < now.Length; i++)
        {
            var grid = from.Grid(images[i]);
            patches.Put(from.Patches(images[i]), checked(at * Values));
            PositionResizer.Fill(config.Grid, grid, rows);
            resize.Put(rows.AsSpan(0, grid.Count * Cells), checked(at * Cells));
            now[i] = grid.Count;
            at += grid.Count;
        }
        lengths = now;
    }

    /// <summary>Kernels that are launched from now on wait for what was put; the host does not.</summary>
    public void Ready()
    {
        patches.Ready();
        resize.Unpack();
    }

    /// <summary>The same where <see cref="Device.WaitForCopies"/> was called for several buffers.</summary>
    public void Unpack()
    {
        patches.Unpack();
        resize.Unpack();
    }

    /// <summary>Some of the images that were copied last.</summary>
    public PackedTokens Slice(int first, int count)
    {
        int before = lengths.Take(first).Sum(), tokens = lengths.Skip(first).Take(count).Sum();
        return new(Part(patches, before, tokens, Values), Part(resize, before, tokens, Cells), new ArraySegment<int>(lengths, first, count));
    }

    static Tensor Part(PinnedUpload of, int first, int rows, int cols) =>
        new(of.View.SubView((long)first * cols, (long)rows * cols), rows, cols);

    public void Dispose()
    {
        patches.Dispose();
        resize.Dispose();
    }
}
