namespace Silc.Samples.Data;

/// <summary>The images that the program draws: what the demo trains on and what it is scored on.</summary>
static class DemoSet
{
    // The cache keeps them after the first epoch: 16 KiB each.
    const int TrainingImages = 16384, Size = 64, ImagesPerClass = 8, Scenes = 200, ScenesOfRelations = 1200, HeldOutSeed = 1_000_003;

    const string Name = "demo";

    /// <summary>The level that a value of <c>--data</c> names, <c>demo</c> or <c>demo:hard</c>; null for other data.</summary>
    /// <exception cref="ArgumentException">There is no such level.</exception>
    public static DemoLevel? LevelOf(string data) => data switch
    {
        Name => DemoLevel.Plain,
        $"{Name}:hard" => DemoLevel.Hard,
        _ when data.StartsWith($"{Name}:", StringComparison.Ordinal) => throw new ArgumentException(
            $"--data {data}: the demo has no such level; say demo, one large plain object an image, or demo:hard"),
        _ => null,
    };

    /// <summary>What the demo trains on.</summary>
    public static IImageTextSource Training(int seed, DemoLevel level) => new CachedSource(Drawn(seed, level), long.MaxValue);

    /// <summary>The same, drawn anew for every reading.</summary>
    public static DemoSource Drawn(int seed, DemoLevel level) => new(TrainingImages, seed, Size, level);

    /// <summary>Single objects of every colour and shape, for zero-shot classification.</summary>
    public static DemoEvaluation HeldOut(DemoLevel level) => DemoSource.Evaluation(ImagesPerClass, HeldOutSeed, Size, level);

    /// <summary>The same of another seed, for probes to learn from.</summary>
    public static DemoEvaluation Labelled(int perClass, int seed, DemoLevel level) => DemoSource.Evaluation(perClass, seed, Size, level);

    /// <summary>Scenes as in training, for retrieval.</summary>
    public static IImageTextSource HeldOutScenes(DemoLevel level) => new DemoSource(Scenes, HeldOutSeed, Size, level);

    /// <summary>Scenes whose two objects lie one way or the other; null at a level where there is one object.</summary>
    public static DemoRelations? HeldOutRelations(DemoLevel level) =>
        level == DemoLevel.Hard ? new(ScenesOfRelations, HeldOutSeed, Size, level) : null;
}
