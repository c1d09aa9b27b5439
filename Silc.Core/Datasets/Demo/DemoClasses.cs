using static Silc.Datasets.DemoObject;

namespace Silc.Datasets;

/// <summary>The demo's zero-shot task: 108 classes, every colour with every shape. Threads: any number may call.</summary>
public static class DemoClasses
{
    static readonly DemoColour[] Colours = Enum.GetValues<DemoColour>();
    static readonly DemoShape[] Shapes = Enum.GetValues<DemoShape>();

    /// <summary>Class names, "red circle" first; class = colour · 12 + shape.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Colours.SelectMany(colour => Shapes.Select(shape => $"{Word(colour)} {Word(shape)}"))];

    /// <summary>Class names as captions: "a red circle".</summary>
    public static IReadOnlyList<string> Captions { get; } = [.. Names.Select(DemoCaptions.A)];

    /// <summary>Colour of a class.</summary>
    internal static DemoColour Colour(int label) => Colours[label / Shapes.Length];

    /// <summary>Shape of a class.</summary>
    internal static DemoShape Shape(int label) => Shapes[label % Shapes.Length];

    /// <summary>Fractions of predictions that are right, that have the right colour, and that have the right shape.</summary>
    /// <exception cref="ArgumentException">The numbers of predictions and labels differ, or there are none.</exception>
    public static (double Class, double Colour, double Shape) Accuracy(IReadOnlyList<int> predicted, IReadOnlyList<int> labels)
    {
        Require.That(
            predicted.Count == labels.Count && labels.Count > 0, $"{predicted.Count} predictions for {labels.Count} labels");
        double Part(Func<int, int, bool> right) =>
            predicted.Zip(labels).Average(pair => right(pair.First, pair.Second) ? 1.0 : 0.0);
        return (Part((p, l) => p == l), Part((p, l) => Colour(p) == Colour(l)), Part((p, l) => Shape(p) == Shape(l)));
    }
}
