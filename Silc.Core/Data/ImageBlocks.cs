namespace Silc;

/// <summary>
/// Pixels of images as evaluation sees them, (n, size, size, 3), block after block. While one is used, all cores read, decode and resize the
/// next. A block is overwritten once the next but one has been asked for, so two of them are all the memory.
/// </summary>
static class ImageBlocks
{
    /// <param name="source">Its pairs are read by several threads at once, each once.</param>
    /// <param name="size">Pixels along a side.</param>
    /// <param name="crop">How images become squares.</param>
    /// <param name="atOnce">Images in a block; the last may be smaller.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once.</param>
    /// <param name="unread">
    /// Is told index and reason of an image that cannot be read, which is then left out of its block; null throws the reason.
    /// </param>
    /// <param name="rule">How images are resized; null is Silc's own.</param>
    /// <param name="stop">Ends the reading, within the time of an image.</param>
    public static IEnumerable<float[]> Of(IImageTextSource source, int size, EvalCrop crop, int atOnce, Action<int, ImageTextPair>? seen = null,
        Action<int, Exception>? unread = null, ImageRule? rule = null, CancellationToken stop = default)
    {
        return Ahead(Blocks());

        IEnumerable<float[]> Blocks()
        {
            var buffers = new float[2][];
            for (int first = 0; first < source.Count; first += atOnce)
                yield return Fill(buffers, first / atOnce, Math.Min(atOnce, source.Count - first), size, crop, rule, i => Read(first + i));
        }

        RgbImage? Read(int index) => ImageBlocks.Read(source, index, seen, unread, stop);
    }

    /// <summary>
    /// The same of images that keep their aspect ratio, in as many patches as a square of the model has or fewer; with each block the places of the
    /// images that could be read.
    /// </summary>
    public static IEnumerable<(PackedImages Images, int[] Places)> Packed(IImageTextSource source, SilcConfig config, int atOnce,
        Action<int, ImageTextPair>? seen = null, Action<int, Exception>? unread = null, CancellationToken stop = default)
    {
        return Ahead(Blocks());

        IEnumerable<(PackedImages, int[])> Blocks()
        {
            for (int first = 0; first < source.Count; first += atOnce)
            {
                int from = first;
                yield return Fill(Math.Min(atOnce, source.Count - first), config, i => Read(source, from + i, seen, unread, stop));
            }
        }
    }

    /// <summary>The same of images that come one by one.</summary>
    public static IEnumerable<(PackedImages Images, int[] Places)> Packed(IEnumerable<RgbImage> images, SilcConfig config, int atOnce) =>
        Ahead(images.Chunk(atOnce).Select(chunk => Fill(chunk.Length, config, i => chunk[i])));

    static (PackedImages, int[]) Fill(int count, SilcConfig config, Func<int, RgbImage?> image)
    {
        var (packed, there) = (new PackedImages(count, config.Grid * config.Grid, config.PatchSize), new bool[count]);
        ParallelLoop.Run(count, i =>
        {
            if (image(i) is not { } read) return;
            packed.Fill(i, read, config.Images);
            there[i] = true;
        });
        return (packed, [.. Enumerable.Range(0, count).Where(i => there[i])]);
    }

    static RgbImage? Read(IImageTextSource source, int index, Action<int, ImageTextPair>? seen, Action<int, Exception>? unread,
        CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        ImageTextPair pair;
        try
        {
            pair = source.Read(index);
        }
        catch (Exception error) when (unread is not null && Unreadable.Is(error))
        {
            unread(index, error);
            return null;
        }
        seen?.Invoke(index, pair);
        return pair.Image;
    }

    /// <summary>Squares of images that come one by one.</summary>
    public static IEnumerable<float[]> Of(IEnumerable<RgbImage> images, int size, EvalCrop crop, int atOnce, ImageRule? rule = null)
    {
        return Ahead(Blocks());

        IEnumerable<float[]> Blocks()
        {
            var (buffers, number) = (new float[2][], 0);
            foreach (var chunk in images.Chunk(atOnce)) yield return Fill(buffers, number++, chunk.Length, size, crop, rule, i => chunk[i]);
        }
    }

    static float[] Fill(float[][] buffers, int number, int count, int size, EvalCrop crop, ImageRule? rule, Func<int, RgbImage?> image)
    {
        int each = size * size * 3;
        ref var pixels = ref buffers[number % buffers.Length];
        if (pixels?.Length != count * each) pixels = new float[count * each];
        var (block, missing) = (pixels, new bool[count]);
        ParallelLoop.Run(count, i =>
        {
            if (image(i) is { } read) ViewSampler.EvalPixels(read, size, block.AsSpan(i * each, each), crop, rule);
            else missing[i] = true;
        });
        return missing.Contains(true) ? Without(block, missing, each) : block;
    }

    static float[] Without(float[] block, bool[] missing, int each)
    {
        var left = new float[missing.Count(gone => !gone) * each];
        int at = 0;
        for (int i = 0; i < missing.Length; i++)
            if (!missing[i]) block.AsSpan(i * each, each).CopyTo(left.AsSpan(at++ * each));
        return left;
    }

    static IEnumerable<T> Ahead<T>(IEnumerable<T> items)
    {
        using var each = items.GetEnumerator();
        var next = Task.Run(each.MoveNext);
        try
        {
            while (next.GetAwaiter().GetResult())
            {
                var item = each.Current;
                next = Task.Run(each.MoveNext);
                yield return item;
            }
        }
        finally
        {
            // The consumer may end early, by an exception too: wait for the block that
            // is being read, since an enumerator must not be disposed in MoveNext.
            Task.WaitAny(next);
        }
    }
}
