namespace Silc.Datasets;

/// <summary>
/// Images and captions that the program draws itself, without files: coloured, textured shapes on backgrounds. Pair i is a
/// function of the seed and i alone. Threads: any number may call <see cref="Read"/>.
/// </summary>
public sealed class DemoSource : IImageTextSource
{
    // Evaluation images come from streams that training cannot reach with an int index, guesses from those behind them.
    const ulong EvaluationStream = 1UL << 32, GuessStream = 2UL << 32;

    readonly int seed;
    readonly int size;
    readonly DemoLevel level;

    /// <summary>A source of <paramref name="count"/> pairs.</summary>
    /// <param name="count">Number of pairs.</param>
    /// <param name="seed">Another seed draws other images.</param>
    /// <param name="size">Side of the images in pixels.</param>
    /// <param name="level">How hard they are.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="count"/> is not positive, or <paramref name="size"/> lies outside of 16 to 4,096.
    /// </exception>
    public DemoSource(int count, int seed, int size = 96, DemoLevel level = DemoLevel.Hard)
    {
        Require.Positive(count, "number of demo images");
        Require.Within(size, 16, 4096, "demo image size");
        (Count, this.seed, this.size, this.level) = (count, seed, size, level);
    }

    /// <inheritdoc/>
    public string Name => $"demo, {DemoObject.Word(level)}";

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>What image <paramref name="index"/> shows: draw it, or ask for its masks.</summary>
    internal DemoScene Scene(int index)
    {
        Require.That((uint)index < (uint)Count, $"index {index} lies outside the demo, which has {Count} pairs");
        return DemoSampler.Any(new Philox((ulong)seed, (ulong)index), size, level);
    }

    bool IImageTextSource.HasBoxes => true;

    IReadOnlyList<NamedBox> IImageTextSource.BoxesOf(int index)
    {
        var scene = Scene(index);
        return [.. DemoBoxes.Of(scene).Select(one => new NamedBox(one.Box, DemoCaptions.A(scene.Objects[one.Object].Name)))];
    }

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        var scene = Scene(index);
        return new ImageTextPair($"demo/{seed}/{index}", scene.Draw(), DemoCaptions.Of(scene));
    }

    /// <summary>
    /// A caption of image <paramref name="index"/> whose colours and places are true and whose shapes are drawn: what can be said of it without
    /// knowing any shape.
    /// </summary>
    internal string WithoutShapes(int index)
    {
        var random = new Philox((ulong)seed, GuessStream + (ulong)index);
        var (scene, shapes) = (Scene(index), DemoClasses.ShapesOf(level));
        var guessed = scene with { Objects = [.. scene.Objects.Select(one => one with { Shape = shapes[random.NextInt(shapes.Length)] })] };
        var captions = DemoCaptions.Of(guessed);
        return captions[random.NextInt(captions.Count)];
    }

    /// <summary>Held-out images of one object each for zero-shot classification: <paramref name="perClass"/> of every colour and shape.</summary>
    /// <exception cref="ArgumentException">
    /// <paramref name="perClass"/> is not positive, or <paramref name="size"/> lies outside of 16 to 4,096.
    /// </exception>
    public static DemoEvaluation Evaluation(int perClass, int seed = 0, int size = 96, DemoLevel level = DemoLevel.Hard)
    {
        Require.Positive(perClass, "images per class");
        var kinds = DemoClasses.Of(level);
        return new DemoEvaluation(perClass * kinds.Names.Count, index =>
        {
            var label = index % kinds.Names.Count;
            var random = new Philox((ulong)seed, EvaluationStream + (ulong)index);
            return DemoSampler.Single(random, size, kinds.Shape(label), kinds.Colour(label), level);
        }, level);
    }
}
