namespace Silc.Samples.Report;

/// <summary>Maps of an image's patches: features as colours, and the attention of the MAP head.</summary>
/// <param name="Image">The image as the model sees it.</param>
/// <param name="Features">A pixel a patch: the first three principal components of the features as red, green and blue.</param>
/// <param name="Attention">A pixel a patch: white gets most of the attention.</param>
sealed record PatchMap(RgbImage Image, RgbImage Features, RgbImage Attention)
{
    // Outliers would leave the rest without contrast.
    const double Least = 0.02, Most = 0.98;

    /// <summary>
    /// Maps of a few images together, so that equal colours mean equal features in all of them (Oquab et al. 2023, arXiv:2304.07193, figure 1).
    /// </summary>
    public static IReadOnlyList<PatchMap> Of(SilcModel model, IReadOnlyList<RgbImage> images, int side)
    {
        int grid = side / model.Config.PatchSize, tokens = grid * grid;
        float[] pixels = [.. images.SelectMany(image => ViewSampler.EvalPixels(image, side, rule: model.Config.Images))];
        var colours = PrincipalComponents.Project(model.EmbedPatchPixels(pixels, side), 3);
        Stretch(colours);
        var attention = model.PoolAttention(pixels, side);
        return [.. images.Select((image, i) => new PatchMap(image,
            Drawn(grid, (token, channel) => colours[i * tokens + token, channel]),
            Drawn(grid, (token, _) => attention[i, token] / attention.Row(i).ToArray().Max())))];
    }

    // Each column to [0, 1].
    static void Stretch(Vectors values)
    {
        for (int c = 0; c < values.Width; c++)
        {
            float[] sorted = [.. Enumerable.Range(0, values.Count).Select(i => values[i, c]).Order()];
            var (low, high) = (sorted[(int)(Least * (sorted.Length - 1))], sorted[(int)(Most * (sorted.Length - 1))]);
            for (int i = 0; i < sorted.Length; i++) values[i, c] = Math.Clamp((values[i, c] - low) / Math.Max(high - low, 1e-12f), 0, 1);
        }
    }

    static RgbImage Drawn(int grid, Func<int, int, float> value)
    {
        var rgba = new byte[4 * grid * grid];
        for (int i = 0; i < rgba.Length; i++) rgba[i] = i % 4 == 3 ? (byte)255 : (byte)MathF.Round(255 * value(i / 4, i % 4));
        return new(grid, grid, rgba);
    }
}
