namespace Silc.Datasets;

/// <summary>
/// Images of one object each with its class, made by <see cref="DemoSource.Evaluation"/>.
/// Threads: any number may call <see cref="Read"/>.
/// </summary>
public sealed class DemoEvaluation : IImageTextSource
{
    readonly Func<int, DemoScene> scene;
    readonly DemoLevel level;

    internal DemoEvaluation(int count, Func<int, DemoScene> scene, DemoLevel level) => (Count, this.scene, this.level) = (count, scene, level);

    /// <inheritdoc/>
    public string Name => $"demo, {DemoObject.Word(level)}, held out";

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>Its classes, as names, as captions, and by colour and shape.</summary>
    public DemoClasses Kinds => DemoClasses.Of(level);

    /// <summary>Names of the classes: "red circle".</summary>
    public IReadOnlyList<string> ClassNames => Kinds.Names;

    /// <summary>Class of image <paramref name="index"/>; it is the index modulo the number of classes.</summary>
    public int Label(int index) => index % ClassNames.Count;

    /// <summary>All labels.</summary>
    public LabelSet Classes => new(ClassNames, [.. Enumerable.Range(0, Count).Select(Label)]);

    /// <summary>What image <paramref name="index"/> shows.</summary>
    internal DemoScene Scene(int index)
    {
        Require.That((uint)index < (uint)Count, $"index {index} lies outside the evaluation set, which has {Count} images");
        return scene(index);
    }

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        var shown = Scene(index);
        return new ImageTextPair($"demo/evaluation/{index}", shown.Draw(), DemoCaptions.Of(shown));
    }
}
