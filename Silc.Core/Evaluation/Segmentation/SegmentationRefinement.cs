namespace Silc;

/// <summary>
/// MaskCLIP's refinements of segmentation by text alone, without training (Zhou et al. 2022, arXiv:2112.01071). Its published results have both off.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Denoise">
/// Prompt denoising: a class whose probability, the softmax of exp(t) · cosine over the classes, reaches this at no patch of the image, is not
/// looked for in it; published code has 0.5 and exp(t) = 100. Where no class reaches it, all are. Null leaves it out.
/// </param>
/// <param name="SmoothKeys">
/// Key smoothing: at patches whose highest probability is below this, probabilities P (T, C) of a window become K · Kᵀ · P, K (T, D) being the
/// keys of the tower's last block with rows of length 1; 1 smooths every patch. Published code divides each channel by its length over the patches
/// instead, by a mistake of axis. Null leaves it out.
/// </param>
public sealed record SegmentationRefinement(double? Denoise = null, double? SmoothKeys = null)
{
    /// <summary>Throws unless the values are shares.</summary>
    /// <exception cref="ArgumentException">The message names the value.</exception>
    public SegmentationRefinement Check()
    {
        foreach (var (name, value) in new[] { ("probability below which a class is not looked for", Denoise), ("probability below which keys smooth",
            SmoothKeys) })
            Require.That(value is null or (> 0 and <= 1), $"the {name} is {value}, it must be above 0 and at most 1");
        return this;
    }

    /// <summary>
    /// Refines the scores of an image's patches in place: classes that are left out become −∞, with keys the rest becomes probabilities.
    /// </summary>
    /// <param name="scores">Cosines (N, K) of patches and classes; a class without words has −∞.</param>
    /// <param name="keys">Of the same patches, rows of length 1; null without key smoothing.</param>
    /// <param name="first">First row of the image.</param>
    /// <param name="windows">Windows of the image, one after another.</param>
    /// <param name="patches">Rows of a window.</param>
    /// <param name="temperature">exp(t).</param>
    internal void Apply(Vectors scores, Vectors? keys, int first, int windows, int patches, double temperature)
    {
        int rows = windows * patches;
        if (Denoise is { } least)
        {
            var most = new double[scores.Width];
            foreach (var row in Probabilities(scores, first, rows, temperature))
                for (int k = 0; k < most.Length; k++) most[k] = Math.Max(most[k], row[k]);
            if (most.Any(one => one >= least))
                for (int row = first; row < first + rows; row++)
                    for (int k = 0; k < most.Length; k++)
                        if (most[k] < least) scores[row, k] = float.NegativeInfinity;
        }
        if (SmoothKeys is not { } below) return;
        for (int window = first; window < first + rows; window += patches) Smooth(scores, keys!, window, patches, temperature, below);
    }

    static void Smooth(Vectors scores, Vectors keys, int first, int patches, double temperature, double below)
    {
        var before = Probabilities(scores, first, patches, temperature);
        ParallelLoop.Run(patches, i =>
        {
            var after = before[i];
            if (after.Max() < below || below >= 1)
            {
                after = new double[scores.Width];
                for (int j = 0; j < patches; j++)
                {
                    double weight = 0;
                    for (int c = 0; c < keys.Width; c++) weight += (double)keys[first + i, c] * keys[first + j, c];
                    for (int k = 0; k < after.Length; k++) after[k] += weight * before[j][k];
                }
            }
            for (int k = 0; k < after.Length; k++)
                if (!float.IsNegativeInfinity(scores[first + i, k])) scores[first + i, k] = (float)after[k];
        });
    }

    static double[][] Probabilities(Vectors scores, int first, int rows, double temperature)
    {
        var all = new double[rows][];
        ParallelLoop.Run(rows, i =>
        {
            double[] row = [.. Enumerable.Range(0, scores.Width).Select(k => (double)scores[first + i, k])];
            double most = row.Max(), sum = 0;
            for (int k = 0; k < row.Length; k++) sum += row[k] = Math.Exp(temperature * (row[k] - most));
            for (int k = 0; k < row.Length; k++) row[k] /= sum;
            all[i] = row;
        });
        return all;
    }
}
