namespace Silc.Datasets;

/// <summary>What the classes of a demo segmentation are.</summary>
public enum DemoTask
{
    /// <summary>9 colours.</summary>
    Colour,

    /// <summary>The shapes of the level, 8 or 12.</summary>
    Shape,

    /// <summary>Every colour with every shape of the level.</summary>
    Kind,
}

/// <summary>
/// The demo's scenes of one to three objects with the class of every pixel, known exactly because they are drawn.
/// Threads: any number may call <see cref="Read"/>.
/// </summary>
/// <param name="count">Number of scenes.</param>
/// <param name="seed">Another seed draws other scenes.</param>
/// <param name="size">Side of the images in pixels.</param>
/// <param name="task">What the classes are.</param>
/// <param name="level">How hard they are.</param>
public sealed class DemoSegmentation(int count, int seed, int size = 96, DemoTask task = DemoTask.Colour, DemoLevel level = DemoLevel.Hard)
    : ISegmentationSource
{
    readonly DemoSource scenes = new(count, seed, size, level);

    /// <inheritdoc/>
    public string Name => $"demo, {DemoObject.Word(level)}, scenes by {(task == DemoTask.Kind ? "colour and shape" : DemoObject.Word(task))}";

    /// <inheritdoc/>
    public int Count => scenes.Count;

    /// <inheritdoc/>
    public bool HasBackground => true;

    /// <inheritdoc/>
    public ClassList Classes { get; } = ClassList.Of([Ground(), .. Names(task, DemoClasses.Of(level)).Select(name => (IReadOnlyList<string>)[name])]);

    /// <inheritdoc/>
    public SegmentedImage Read(int index)
    {
        var scene = scenes.Scene(index);
        int[] labels = Array.ConvertAll(scene.Mask(), of => of == 0 ? 0 : 1 + Class(scene.Objects[of - 1]));
        return new($"demo scene {index}", scene.Draw(), new(scene.Size, scene.Size, labels));
    }

    /// <summary>A colour is painted in itself.</summary>
    public Colour ColourOf(int label)
    {
        if (task != DemoTask.Colour || label == 0) return SegmentationPainter.UsualColour(label, HasBackground);
        var colour = DemoPalette.Of((DemoColour)(label - 1));
        return new(colour.Red / 255f, colour.Green / 255f, colour.Blue / 255f);
    }

    int Class(DemoObject item) => task switch
    {
        DemoTask.Colour => (int)item.Colour,
        DemoTask.Shape => (int)item.Shape,
        _ => DemoClasses.Of(level).Label(item.Colour, item.Shape),
    };

    static IEnumerable<string> Names(DemoTask task, DemoClasses kinds) => task switch
    {
        DemoTask.Colour => Enum.GetValues<DemoColour>().Select(DemoObject.Word),
        DemoTask.Shape => kinds.Shapes.Select(DemoObject.Word),
        _ => kinds.Names,
    };

    // As captions call it: "a red circle on a blue background".
    static IReadOnlyList<string> Ground() =>
        ["background", .. Enum.GetValues<DemoColour>().Select(colour => $"{DemoObject.Word(colour)} background")];
}
