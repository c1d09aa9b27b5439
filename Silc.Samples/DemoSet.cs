namespace Silc.Samples;

/// <summary>The pictures that the program draws: what the demo trains on and what it is scored on.</summary>
static class DemoSet
{
    /// <summary>Fewer than a run sees, so that drawing stays a small part of the work; cached after the first epoch.</summary>
    const int TrainingPictures = 8192, Size = 64, PicturesPerClass = 5;

    public static IImageTextSource Training(int seed) => new CachedSource(new DemoSource(TrainingPictures, seed, Size), long.MaxValue);

    public static DemoEvaluation HeldOut() => DemoSource.Evaluation(PicturesPerClass, seed: 1, Size);
}
