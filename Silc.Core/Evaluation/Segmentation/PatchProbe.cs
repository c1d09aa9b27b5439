namespace Silc;

/// <summary>
/// A linear classifier of patches on a frozen image tower: how much of what a patch shows can be read off its feature. Each patch of a
/// learning image has the label of most of its pixels; the classifier is a <see cref="LinearProbe"/>, its logits are interpolated
/// bilinearly to the pixels of a test image. DINOv2's linear segmentation (Oquab et al. 2024, arXiv:2304.07193, section 7.4), at one size.
/// Threads: any number may use it at once.
/// </summary>
/// <param name="probe">Features to logits.</param>
/// <param name="penalty">The penalty that was chosen on a fifth of the patches.</param>
/// <param name="patches">Number of patches it learned from.</param>
sealed class PatchProbe(LinearProbe probe, double penalty, int patches)
{
    const int ImagesAtOnce = 16, MostPatches = 20_000;

    /// <summary>Which penalty was chosen.</summary>
    public double Penalty => penalty;

    /// <summary>Number of patches it learned from.</summary>
    public int Patches => patches;

    /// <summary>Learns from all images of a source; of more than 20,000 patches every n-th.</summary>
    /// <param name="embed">Images (N, side, side, 3) in [-1, 1] to the features of their patches (N · T, C).</param>
    /// <param name="patch">Side of a patch in pixels.</param>
    /// <param name="side">What the tower sees: images are squashed to it.</param>
    /// <param name="source">Images and labels of their pixels.</param>
    /// <param name="images">How images are resized and what shows through them.</param>
    /// <param name="seen">Is told the number of images read.</param>
    /// <exception cref="InvalidDataException">No patch shows mostly pixels of a class.</exception>
    public static PatchProbe Fit(PatchEmbedder embed, int patch, int side, ISegmentationSource source, ImageRule images, Action<long>? seen = null)
    {
        int grid = side / patch, read = 0;
        var (features, labels) = (new List<Vectors>(), new List<int>());
        foreach (var indices in Enumerable.Range(0, source.Count).Chunk(ImagesAtOnce))
        {
            SegmentedImage[] examples = [.. indices.Select(source.Read)];
            int each = side * side * 3;
            var pixels = new float[examples.Length * each];
            foreach (var (i, example) in examples.Index())
                EvalImage.Whole(example.Image, side, side, images, pixels.AsSpan(i * each, each));
            Photometric.ToSigned(pixels);
            var all = embed(pixels, side);
            int[] given = [.. examples.SelectMany(example => MostOf(example.Labels, grid))];
            int[] kept = [.. given.Index().Where(entry => entry.Item >= 0).Select(entry => entry.Index)];
            features.Add(all.Rows(kept));
            labels.AddRange(kept.Select(i => given[i]));
            seen?.Invoke(read += examples.Length);
        }
        if (labels.Count == 0) throw new InvalidDataException($"{source.Name}: no patch shows mostly pixels of a class that counts");
        var (rows, of) = Thinned(features, labels);
        var (probe, penalty) = LinearProbe.Tune(rows, of, source.Classes.Count);
        return new(probe, penalty, of.Length);
    }

    /// <summary>Logits of features (N, C), (N, K).</summary>
    public Vectors Scores(Vectors features) => probe.Scores(features);

    /// <summary>For each of grid x grid patches the label of most of its pixels, -1 where those do not count.</summary>
    internal static int[] MostOf(LabelMap map, int grid)
    {
        var most = new int[grid * grid];
        for (int cell = 0; cell < most.Length; cell++)
        {
            var counts = new Dictionary<int, int>();
            // An image smaller than the grid still gives each patch the pixel below it.
            int top = cell / grid * map.Height / grid, left = cell % grid * map.Width / grid;
            int bottom = Math.Max(top + 1, (cell / grid + 1) * map.Height / grid), right = Math.Max(left + 1, (cell % grid + 1) * map.Width / grid);
            for (int y = top; y < bottom; y++)
                for (int x = left; x < right; x++)
                {
                    int label = map.Labels[y * map.Width + x];
                    counts[label] = counts.GetValueOrDefault(label) + 1;
                }
            most[cell] = counts.MaxBy(entry => entry.Value).Key;
        }
        return most;
    }

    static (Vectors Rows, int[] Labels) Thinned(List<Vectors> features, List<int> labels)
    {
        int step = (labels.Count + MostPatches - 1) / MostPatches, width = features[0].Width, next = 0;
        var rows = new Vectors((labels.Count + step - 1) / step, width);
        foreach (var part in features)
            for (int i = 0; i < part.Count; i++, next++)
                if (next % step == 0) part.Row(i).CopyTo(rows.Row(next / step));
        return (rows, [.. labels.Where((_, i) => i % step == 0)]);
    }
}
