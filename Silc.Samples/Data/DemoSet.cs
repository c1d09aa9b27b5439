namespace Silc.Samples.Data;

/// <summary>The images that the program draws: what the demo trains on and what it is scored on.</summary>
static class DemoSet
{
    // The cache keeps them after the first epoch: 16 KiB each.
    const int TrainingImages = 16384, Size = 64, ImagesPerClass = 5, Scenes = 200, HeldOutSeed = 1_000_003;

    /// <summary>Scenes of one to three objects.</summary>
    public static IImageTextSource Training(int seed) => new CachedSource(Drawn(seed), long.MaxValue);

    /// <summary>The same, drawn anew for every reading.</summary>
    public static DemoSource Drawn(int seed) => new(TrainingImages, seed, Size);

    /// <summary>Single objects of every colour and shape, for zero-shot classification.</summary>
    public static DemoEvaluation HeldOut() => DemoSource.Evaluation(ImagesPerClass, HeldOutSeed, Size);

    /// <summary>The same of another seed, for probes to learn from.</summary>
    public static DemoEvaluation Labelled(int perClass, int seed) => DemoSource.Evaluation(perClass, seed, Size);

    /// <summary>Scenes as in training, for retrieval.</summary>
    public static IImageTextSource HeldOutScenes() => new DemoSource(Scenes, HeldOutSeed, Size);
}
