namespace Silc.Samples.Evaluation;

/// <summary>The demo's held-out images: which of all coloured shapes, and which image for a caption.</summary>
static class DemoScores
{
    const int Guesses = 5;

    /// <param name="model">Embeds images and texts.</param>
    /// <param name="images">One object each.</param>
    /// <param name="zImage">Their embeddings (N, C).</param>
    /// <param name="templates">Sentences around a class name with its article; {} stands for both. Null: the name alone.</param>
    /// <param name="report">Takes the confusion of shapes.</param>
    public static IEnumerable<Score> Of(
        SilcModel model, DemoEvaluation images, Vectors zImage, IReadOnlyList<string>? templates = null, ClassReport? report = null)
    {
        var classes = images.Kinds;
        var zText = model.Prototypes(ClassList.Of(classes.Captions), templates ?? Prompts.NameOnly, canonical: false).Rows;
        var labels = images.Classes.Of;
        var best = ZeroShot.TopK(zImage, zText, Guesses);
        int[] predicted = [.. best.Select(guesses => guesses[0])];
        var (kind, colour, shape) = classes.Accuracy(predicted, labels);
        yield return Line("zero-shot by text", kind, colour, shape);
        double Any(Func<int, int> level) => best.Index()
            .Average(entry => entry.Item.Any(guess => level(guess) == level(labels[entry.Index])) ? 1.0 : 0.0);
        yield return Line($"one of {Guesses} guesses", Any(label => label), Any(label => (int)classes.Colour(label)),
            Any(label => (int)classes.Shape(label)));
        int kinds = classes.Names.Count, colours = Enum.GetValues<DemoColour>().Length, shapes = classes.Shapes.Count;
        yield return Line("chance, one guess", 1.0 / kinds, 1.0 / colours, 1.0 / shapes);

        var confusion = new ConfusionMatrix(shapes);
        confusion.Add([.. labels.Select(label => (int)classes.Shape(label))], [.. predicted.Select(label => (int)classes.Shape(label))]);
        report?.Add($"Shapes of {images.Count} held-out demo images, named by text", confusion,
            [.. classes.Shapes.Select(DemoObject.Word)]);

        Score Line(string method, double kind, double colour, double shape) =>
            new(images.Name, images.Count, method, [new("colour and shape", kind), new("colour", colour), new("shape", shape)]);
    }
}
