namespace Silc;

/// <summary>
/// The masks of a step: which patches of the global views are hidden, and the rows whose predictions count, with their weights. They depend on the
/// seed, the step, the image's place in the whole batch and the view alone, so that the streams of views, order and captions are those of a run
/// without masks, and every rank and slice draws its own part of the same masks. Rows are padded to a number that is the same in each step, with
/// weights of 0. Threads: one at a time.
/// </summary>
sealed class MaskBatch
{
    readonly MaskConfig masks;
    readonly int seed, grid, batch, views, size, hiddenImages;

    /// <param name="masks">What is hidden.</param>
    /// <param name="grid">Patches along the side of a view.</param>
    /// <param name="views">Global views V.</param>
    /// <param name="batch">Images B of all ranks.</param>
    /// <param name="size">Images of a slice.</param>
    /// <param name="seed">Of the run.</param>
    public MaskBatch(MaskConfig masks, int grid, int views, int batch, int size, int seed)
    {
        (this.masks, this.grid, this.views, this.batch, this.size, this.seed) = (masks, grid, views, batch, size, seed);
        hiddenImages = (int)Math.Round(masks.Images * batch);
        Patches = grid * grid;
        // A slice may hold the images that hide most.
        Rows = Math.Max(1, views * (masks.AllPatches ? size * Patches
            : Enumerable.Range(1, hiddenImages).OrderDescending().Take(size).Sum(stratum => Count(masks.Ratio + Range * stratum / hiddenImages))));
        Hidden = new int[views * size * Patches];
        (RowOf, Weights) = (new int[Rows], new float[Rows]);
    }

    /// <summary>Patches N of a view.</summary>
    public int Patches { get; }

    /// <summary>Rows of a slice whose predictions are computed; with padding, and 1 where nothing is ever hidden.</summary>
    public int Rows { get; }

    /// <summary>1 for each hidden patch of a slice (V·b, N), view-major.</summary>
    public int[] Hidden { get; }

    /// <summary>Place of each row in the patches of a slice (V·b·N).</summary>
    public int[] RowOf { get; }

    /// <summary>
    /// Weight of each row in the loss: 1 / (V · B · predictions of its view that count), so that all views weigh alike; 0 for padding.
    /// </summary>
    public float[] Weights { get; }

    double Range => masks.Most - masks.Ratio;

    int Count(double share) => (int)Math.Round(share * Patches, MidpointRounding.AwayFromZero);

    /// <summary>Draws the masks of a slice; those of other slices are lost.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="first">Place of the slice's first image in the whole batch.</param>
    /// <returns>Hidden patches of the slice.</returns>
    public int Draw(long step, int first)
    {
        Array.Clear(Hidden);
        Array.Clear(RowOf);
        Array.Clear(Weights);
        int at = 0, all = 0;
        for (int view = 0; view < views; view++)
        {
            var counts = Counts(step, view);
            for (int image = 0; image < size; image++)
            {
                int start = (view * size + image) * Patches;
                var hidden = Hidden.AsSpan(start, Patches);
                if (counts[first + image] is > 0 and var count)
                    PatchMask.Hide(masks.Kind, DataStreams.Mask(seed, step, first + image, view), grid, count, hidden);
                int really = hidden.Count(1);
                all += really;
                float weight = 1f / ((float)views * batch * (masks.AllPatches ? Patches : Math.Max(1, really)));
                for (int patch = 0; patch < Patches; patch++)
                    if (masks.AllPatches || hidden[patch] == 1) (RowOf[at], Weights[at++]) = (start + patch, weight);
            }
        }
        return all;
    }

    // How many patches each image of the whole batch hides: shares spread evenly over their range, in random order, as DINOv2's collate function
    // does.
    int[] Counts(long step, int view)
    {
        var random = DataStreams.MaskShare(seed, step, view);
        var counts = new int[batch];
        for (int i = 0; i < hiddenImages; i++) counts[i] = Count(masks.Ratio + Range * (i + random.NextDouble()) / hiddenImages);
        for (int left = batch; left > 1; left--)
        {
            int pick = random.NextInt(left);
            (counts[left - 1], counts[pick]) = (counts[pick], counts[left - 1]);
        }
        return counts;
    }
}
