namespace Silc;

/// <summary>
/// The health of self-distillation, which can collapse to the same output for every image, uniform or a single prototype, while
/// its loss looks harmless (Caron et al. 2021, arXiv:2104.14294, section 5.3). Of the teacher's targets p (N, K) of one batch;
/// entropies are in nats. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Prototypes">K.</param>
/// <param name="LossOverLogK">Loss / ln K: 1, to several digits and for long, means uniform outputs.</param>
/// <param name="Entropy">Mean entropy of a target: ln K if uniform, 0 if certain.</param>
/// <param name="Concentration">KL divergence of the batch's mean target from uniform: ln K if all images fall on one prototype.</param>
/// <param name="CenterNorm">Length of the center.</param>
/// <param name="LargestProbability">Mean over the targets of their largest probability.</param>
/// <param name="PrototypesUsed">Prototypes that are the likeliest of some target, of at most N.</param>
/// <param name="FeatureDeviation">
/// Mean standard deviation of the L2-normalised image embeddings' channels, times √C: near 1 if images lie apart, 0 if all are alike.
/// </param>
public sealed record DistillationHealth(
    int Prototypes, double LossOverLogK, double Entropy, double Concentration, double CenterNorm, double LargestProbability,
        int PrototypesUsed,
    double FeatureDeviation)
{
    /// <summary>Entropy of the batch's mean target: ln K if all prototypes are used alike, 0 if all images fall on one.</summary>
    public double MeanEntropy => Math.Log(Prototypes) - Concentration;

    /// <summary>
    /// Groups of images that the targets tell apart: exp of the information that a prototype has of its image, <see cref="MeanEntropy"/> -
    /// <see cref="Entropy"/>. 1 if all images get the same target, N if each gets one of its own.
    /// </summary>
    public double GroupsTold => Math.Exp(Math.Max(0, MeanEntropy - Entropy));

    /// <summary>
    /// Dimensions that the image embeddings spread over, (Σσ²)² / Σσ⁴ of their channels' variances: C if all vary alike, 1 if one alone does.
    /// </summary>
    public double FeatureDimensions { get; init; }

    /// <summary>Targets N of the batch: images times global views, of the last slice where batches are cut; 0 if not said.</summary>
    public int Targets { get; init; }

    // Shares of ln K, groups told, and the spread of isotropic embeddings. Measured on the demo's images with K = 256: healthy runs had entropies of
    // 0.1 to 0.9, mean entropies above 0.35, 2 groups in the first steps and 4 to 8 later, losses above 0.13 and a deviation above 0.4. The
    // demo itself ends with a loss of 0.04 and nearly certain targets, but tells 16 groups apart.
    internal const double Uniform = 0.995, Alike = 0.05;
    const double Few = 0.3, Solved = 0.05, FewGroups = 2, SomeGroups = 4, HardlyTold = 1.7;
    const int EnoughTargets = 8, TargetsEach = 8;

    /// <summary>What has collapsed and what helps; null if nothing has.</summary>
    public string? Complaint()
    {
        double most = Math.Log(Prototypes);
        if (FeatureDeviation < Alike)
            return $"embeddings are collapsing: images differ by {FeatureDeviation:P1} of what they could; lower the learning rate, lengthen the "
                + "warm-up, decay weights less (--wd), give image-text contrast more weight, or keep embeddings apart with --koleo";
        if (Entropy > Uniform * most)
            return $"self-distillation is collapsing: the teacher's outputs are uniform over its {Prototypes} prototypes (entropy {Entropy:F3} "
                + $"of {most:F3}); "
                + "sharpen them with a lower teacher temperature (--teacher-temp), or follow the student more slowly with a higher --ema";
        bool enough = Targets is 0 or >= EnoughTargets;
        // At the start a wide tower tells 1.5 groups apart too, but half of its targets have likeliest prototypes of their own.
        bool few = MeanEntropy < Few * most && GroupsTold < FewGroups || PrototypesUsed * TargetsEach <= Targets && GroupsTold < HardlyTold;
        if (few && enough)
            return $"self-distillation is collapsing: every image falls on the same {(PrototypesUsed == 1 ? "one" : $"{PrototypesUsed}")} of "
                + $"{Prototypes} prototypes; let the center follow faster with a lower --center-momentum, soften the teacher with a higher "
                + "--teacher-temp, lower the learning rate, or give distillation less weight (--distillation)";
        if (LossOverLogK < Solved && GroupsTold < SomeGroups && enough)
            return $"self-distillation teaches nothing: its loss is {LossOverLogK:F3} ln K, because the teacher tells {GroupsTold:F1} groups of "
                + $"images apart, of {Targets}; let the center follow faster with a lower --center-momentum, soften the teacher with a higher "
                + "--teacher-temp, follow the student more slowly with a higher --ema, or give distillation less weight (--distillation)";
        return null;
    }

    /// <summary>Computes the health from the outputs of a step.</summary>
    /// <param name="loss">Self-distillation loss in nats.</param>
    /// <param name="rows">Entropy, largest probability and its place, of each target (N, 3).</param>
    /// <param name="mean">Mean target (K).</param>
    /// <param name="center">Center (K).</param>
    /// <param name="embeddings">L2-normalised embeddings of images (M, C), row by row.</param>
    /// <param name="width">C.</param>
    public static DistillationHealth Of(double loss, float[] rows, float[] mean, float[] center, float[] embeddings, int width)
    {
        int count = rows.Length / 3;
        var variances = Variances(embeddings, width);
        double most = Math.Log(mean.Length), meanEntropy = -mean.Where(p => p > 0).Sum(p => p * Math.Log(p));
        return new(mean.Length, loss / most, Enumerable.Range(0, count).Average(i => (double)rows[3 * i]),
            Math.Max(0, most - meanEntropy),
            Math.Sqrt(center.Sum(c => (double)c * c)), Enumerable.Range(0, count).Average(i => (double)rows[3 * i + 1]),
            Enumerable.Range(0, count).Select(i => rows[3 * i + 2]).Distinct().Count(), variances.Sum(Math.Sqrt) / Math.Sqrt(width))
        {
            FeatureDimensions = Dimensions(variances),
            Targets = count,
        };
    }

    static double Dimensions(double[] variances) =>
        variances.Sum() is > 0 and var sum ? sum * sum / variances.Sum(variance => variance * variance) : 0;

    static double[] Variances(float[] embeddings, int width)
    {
        int count = embeddings.Length / width;
        var variances = new double[width];
        for (int c = 0; c < width; c++)
        {
            double mean = 0, square = 0;
            for (int i = 0; i < count; i++) mean += embeddings[i * width + c] / (double)count;
            for (int i = 0; i < count; i++) square += Math.Pow(embeddings[i * width + c] - mean, 2) / count;
            variances[c] = square;
        }
        return variances;
    }
}
