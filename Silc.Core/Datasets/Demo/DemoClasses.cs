using static Silc.Datasets.DemoObject;

namespace Silc.Datasets;

/// <summary>
/// The demo's zero-shot task at one level: every colour with every shape that is drawn there, 72 classes at the plain level and 108 at the
/// hard one. Threads: immutable; any number may share it.
/// </summary>
public sealed class DemoClasses
{
    static readonly DemoColour[] Colours = Enum.GetValues<DemoColour>();

    static readonly DemoClasses Plain = new(DemoLevel.Plain), Hard = new(DemoLevel.Hard);

    DemoClasses(DemoLevel level)
    {
        Shapes = ShapesOf(level);
        Names = [.. Colours.SelectMany(colour => Shapes.Select(shape => $"{Word(colour)} {Word(shape)}"))];
        Captions = [.. Names.Select(DemoCaptions.A)];
    }

    /// <summary>The classes of a level.</summary>
    public static DemoClasses Of(DemoLevel level) => level == DemoLevel.Plain ? Plain : Hard;

    /// <summary>Class names, "red circle" first; class = colour · (number of shapes) + shape.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Class names as captions: "a red circle".</summary>
    public IReadOnlyList<string> Captions { get; }

    /// <summary>The shapes of the level, the first of <see cref="DemoShape"/>.</summary>
    internal IReadOnlyList<DemoShape> Shapes { get; }

    /// <summary>The shapes that a level draws; at the plain one those that differ by more than their corners.</summary>
    internal static DemoShape[] ShapesOf(DemoLevel level) =>
        level == DemoLevel.Plain ? Enum.GetValues<DemoShape>()[..PlainShapes] : Enum.GetValues<DemoShape>();

    const int PlainShapes = (int)DemoShape.Crescent + 1;

    /// <summary>Colour of a class.</summary>
    internal DemoColour Colour(int label) => Colours[label / Shapes.Count];

    /// <summary>Shape of a class.</summary>
    internal DemoShape Shape(int label) => Shapes[label % Shapes.Count];

    /// <summary>The class of a colour and a shape.</summary>
    internal int Label(DemoColour colour, DemoShape shape) => (int)colour * Shapes.Count + (int)shape;

    /// <summary>Fractions of predictions that are right, that have the right colour, and that have the right shape.</summary>
    /// <exception cref="ArgumentException">The numbers of predictions and labels differ, or there are none.</exception>
    public (double Class, double Colour, double Shape) Accuracy(IReadOnlyList<int> predicted, IReadOnlyList<int> labels)
    {
        Require.That(
            predicted.Count == labels.Count && labels.Count > 0, $"{predicted.Count} predictions for {labels.Count} labels");
        double Part(Func<int, int, bool> right) =>
            predicted.Zip(labels).Average(pair => right(pair.First, pair.Second) ? 1.0 : 0.0);
        return (Part((p, l) => p == l), Part((p, l) => Colour(p) == Colour(l)), Part((p, l) => Shape(p) == Shape(l)));
    }
}
