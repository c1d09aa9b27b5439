namespace Silc;

/// <summary>
/// Normalisation of an image tower's input: (v - mean) / std of each channel, v in [0, 1]. Towers take pixels in [-1, 1] all the same and
/// apply this in their first layer, so that loading images does not depend on the model. Threads: immutable; any number may share it.
/// </summary>
/// <param name="RedMean">Mean of red.</param>
/// <param name="GreenMean">Mean of green.</param>
/// <param name="BlueMean">Mean of blue.</param>
/// <param name="RedStd">Standard deviation of red.</param>
/// <param name="GreenStd">Standard deviation of green.</param>
/// <param name="BlueStd">Standard deviation of blue.</param>
public sealed record PixelNorm(double RedMean, double GreenMean, double BlueMean, double RedStd, double GreenStd, double BlueStd)
{
    /// <summary>CLIP's, of its 400 million training images.</summary>
    public static PixelNorm Clip { get; } = new(0.48145466, 0.4578275, 0.40821073, 0.26862954, 0.26130258, 0.27577711);

    /// <summary>Means, by channel.</summary>
    internal double[] Means => [RedMean, GreenMean, BlueMean];

    /// <summary>Standard deviations, by channel.</summary>
    internal double[] Stds => [RedStd, GreenStd, BlueStd];

    /// <summary>Factors on values in [-1, 1]: ((x + 1) / 2 - mean) / std = x · factor + shift.</summary>
    internal float[] Factors => [.. Stds.Select(std => (float)(0.5 / std))];

    /// <summary>Offsets added after the factors.</summary>
    internal float[] Shifts => [.. Means.Zip(Stds, (mean, std) => (float)((0.5 - mean) / std))];

    /// <summary>From a mean and a standard deviation for each channel; null for those that leave [-1, 1] as it is.</summary>
    internal static PixelNorm? Of(double[] means, double[] stds) =>
        means.Concat(stds).All(value => value == 0.5) ? null : new(means[0], means[1], means[2], stds[0], stds[1], stds[2]);

    internal void Check()
    {
        foreach (var (channel, std) in new[] { "red", "green", "blue" }.Zip(Stds))
            Require.That(std > 0 && double.IsFinite(std), $"the standard deviation of {channel} is {std}, it must be positive");
    }
}
