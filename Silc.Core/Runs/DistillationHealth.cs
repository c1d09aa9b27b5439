namespace Silc;

/// <summary>
/// Whether self-distillation lives: it can collapse to the same output for every image, uniform or a single prototype, while
/// its loss looks harmless (Caron et al. 2021, arXiv:2104.14294, section 5.3). Of the teacher's targets p (N, K) of one batch;
/// entropies are in nats. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Prototypes">K.</param>
/// <param name="LossOverLogK">Loss / ln K: 1, to several digits and for long, means uniform outputs.</param>
/// <param name="Entropy">Mean entropy of a target: ln K if uniform, 0 if certain.</param>
/// <param name="Concentration">
/// KL divergence of the batch's mean target from uniform: ln K if all images fall on one prototype.
/// </param>
/// <param name="CenterNorm">Length of the center.</param>
/// <param name="LargestProbability">Mean over the targets of their largest probability.</param>
/// <param name="PrototypesUsed">Prototypes that are the likeliest of some target, of at most N.</param>
/// <param name="FeatureDeviation">
/// Mean standard deviation of the L2-normalised image embeddings' channels, times √C: near 1 if images lie apart, 0 if all
/// are alike.
/// </param>
public sealed record DistillationHealth(
    int Prototypes, double LossOverLogK, double Entropy, double Concentration, double CenterNorm, double LargestProbability,
        int PrototypesUsed,
    double FeatureDeviation)
{
    // Shares of ln K, and of isotropic embeddings. A healthy start is far from each: entropy 0.8 ln K with ImageNet's sizes.
    internal const double Uniform = 0.995, Single = 0.95, Alike = 0.02;

    /// <summary>What has collapsed and what helps; null if nothing has.</summary>
    public string? Complaint()
    {
        double most = Math.Log(Prototypes);
        if (Entropy > Uniform * most)
            return $"self-distillation is collapsing: the teacher's outputs are uniform over its {Prototypes} prototypes (entropy {Entropy:F3} "
                + $"of {most:F3}); "
                + "sharpen them with a lower teacher temperature, or follow the student more slowly with a higher --ema";
        if (Concentration > Single * most && PrototypesUsed == 1)
            return $"self-distillation is collapsing: every image falls on the same one of {Prototypes} prototypes; "
                + "lower the learning rate, soften the teacher with a higher temperature, or let the center follow faster with a lower momentum";
        if (FeatureDeviation < Alike)
            return $"embeddings are collapsing: images differ by {FeatureDeviation:P1} of what they could; lower the learning rate or lengthen the "
                + "warm-up";
        return null;
    }

    /// <summary>Puts the numbers together.</summary>
    /// <param name="loss">Self-distillation loss in nats.</param>
    /// <param name="rows">Entropy, largest probability and its place, of each target (N, 3).</param>
    /// <param name="mean">Mean target (K).</param>
    /// <param name="center">Center (K).</param>
    /// <param name="embeddings">L2-normalised embeddings of images (M, C), row by row.</param>
    /// <param name="width">C.</param>
    public static DistillationHealth Of(double loss, float[] rows, float[] mean, float[] center, float[] embeddings, int width)
    {
        int count = rows.Length / 3;
        double most = Math.Log(mean.Length), meanEntropy = -mean.Where(p => p > 0).Sum(p => p * Math.Log(p));
        return new(mean.Length, loss / most, Enumerable.Range(0, count).Average(i => (double)rows[3 * i]),
            Math.Max(0, most - meanEntropy),
            Math.Sqrt(center.Sum(c => (double)c * c)), Enumerable.Range(0, count).Average(i => (double)rows[3 * i + 1]),
            Enumerable.Range(0, count).Select(i => rows[3 * i + 2]).Distinct().Count(), Deviation(embeddings, width));
    }

    static double Deviation(float[] embeddings, int width)
    {
        int count = embeddings.Length / width;
        double sum = 0;
        for (int c = 0; c < width; c++)
        {
            double mean = 0, square = 0;
            for (int i = 0; i < count; i++) mean += embeddings[i * width + c] / (double)count;
            for (int i = 0; i < count; i++) square += Math.Pow(embeddings[i * width + c] - mean, 2) / count;
            sum += Math.Sqrt(square);
        }
        return sum / Math.Sqrt(width);
    }
}
