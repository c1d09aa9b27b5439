namespace Silc;

/// <summary>
/// How a head is trained on frozen features: AdamW, cosine without warm-up. The weight decay is per update and not multiplied by the learning
/// rate, as in <see cref="TrainConfig"/>. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Steps">Updates; the schedule ends there.</param>
/// <param name="BatchSize">Images a step.</param>
/// <param name="LearningRate">Base learning rate.</param>
/// <param name="WeightDecay">Decay of kernels, per update, times the schedule.</param>
/// <param name="ClipNorm">Global gradient norm above which gradients are scaled down; 0 switches clipping off.</param>
/// <param name="Seed">Seed of initial weights, of the order and of what is drawn.</param>
/// <param name="Loss">Which loss.</param>
/// <param name="IgnoredAreNegative">
/// With the binary loss a place whose label does not count is a negative of every class, as in CAT-Seg's published training.
/// </param>
/// <param name="ClassesAStep">Classes of a step, those in its images first; 0 takes all.</param>
/// <param name="Flip">
/// Every second image is mirrored, with its labels and boxes. Captions and questions that say left or right are not. The tower then sees every image
/// in every step.
/// </param>
/// <param name="MinCrop">A part of each image is seen, of at least this share of its sides; 1 shows the whole.</param>
/// <param name="Mosaic">
/// With 2 or more, 60 % of what a detection head sees are mosaics of k x k images, k from 2 to this; OWL-ViT has 3, OWLv2 6. 1 shows images alone.
/// </param>
/// <param name="Negatives">
/// Names besides its own that a detection head is asked about in each image: those that the file says were looked for in vain, then others drawn from
/// the names of the steps so far, in proportion to how often they occur; OWL-ViT has 50. The loss counts no other names. 0 asks about all names, of
/// more than 100 those of the step's images and others by chance.
/// </param>
public sealed record HeadTrainConfig(int Steps = 600, int BatchSize = 32, double LearningRate = 2e-3, double WeightDecay = 1e-6,
    double ClipNorm = 1, int Seed = 0, HeadLoss Loss = HeadLoss.Softmax, bool IgnoredAreNegative = false, int ClassesAStep = 0,
    bool Flip = false, double MinCrop = 1, int Mosaic = 1, int Negatives = 0)
{
    /// <summary>Most images along a side of a mosaic.</summary>
    internal const int MostTiles = 8;

    /// <summary>Throws for a head that sees one image at a time and has no names to draw.</summary>
    internal void RequireNoDetection()
    {
        Require.That(Mosaic == 1, $"mosaics of {Mosaic} images a side are for detection");
        Require.That(Negatives == 0, $"{Negatives} names drawn as negatives are for detection");
    }

    /// <summary>The tower must see each image in each step.</summary>
    internal bool IsAugmented => Flip || MinCrop < 1 || Mosaic > 1;

    /// <summary>Throws unless every value is in its range.</summary>
    /// <exception cref="ArgumentException">The message names the value and its range.</exception>
    public HeadTrainConfig Check()
    {
        Require.Positive(Steps, "number of steps");
        Require.Positive(BatchSize, "batch size");
        Require.NotNegative(LearningRate, "learning rate");
        Require.NotNegative(WeightDecay, "weight decay");
        Require.NotNegative(ClipNorm, "clip norm");
        Require.That(ClassesAStep >= 0, $"classes a step is {ClassesAStep}, it must be 0 or positive");
        Require.That(MinCrop is > 0 and <= 1, $"the least crop is {MinCrop}, it must be above 0 and at most 1");
        Require.Within(Mosaic, 1, MostTiles, "images along a side of a mosaic");
        Require.Within(Negatives, 0, 99, "names that an image is asked about besides its own");
        Require.That(!IgnoredAreNegative || Loss == HeadLoss.Binary, "ignored places are negatives with the binary loss alone");
        return this;
    }

    /// <summary>The same for the optimizer of models.</summary>
    internal TrainConfig Optimizer => new(BatchSize, Steps, Seed, LearningRate: LearningRate, WeightDecay: WeightDecay, ClipNorm: ClipNorm,
        Schedule: new(ScheduleKind.Cosine, 0), DecayRules: [new(".*/kernel", 1), new(".*", 0)]);

    /// <summary>The same with multipliers of the learning rate; null means 1.</summary>
    internal TrainConfig OptimizerOf(IReadOnlyList<RateRule>? rates) => rates is null ? Optimizer : Optimizer with { RateRules = [.. rates] };
}
