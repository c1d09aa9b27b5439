namespace Silc.Samples.Evaluation;

/// <summary>The demo's held-out pictures: which of 108 coloured shapes, and which picture for a caption.</summary>
static class DemoScores
{
    /// <param name="model">Embeds pictures and texts.</param>
    /// <param name="pictures">One object each.</param>
    /// <param name="zImage">Their embeddings (N, C).</param>
    /// <param name="template">Sentence around a class name with its article; {} stands for both.</param>
    public static IEnumerable<Score> Of(SilcModel model, DemoEvaluation pictures, float[,] zImage, string template = "{}")
    {
        var zText = model.EmbedTexts(DemoClasses.Captions.Select(caption => template.Replace("{}", caption)));
        var labels = pictures.Classes.Of;
        var (kind, colour, shape) = DemoClasses.Accuracy(ZeroShot.Predict(zImage, zText), labels);
        yield return Line("zero-shot by text", kind, colour, shape);
        int kinds = DemoClasses.Names.Count, colours = Enum.GetValues<DemoColour>().Length, shapes = Enum.GetValues<DemoShape>().Length;
        yield return Line("chance", 1.0 / kinds, 1.0 / colours, 1.0 / shapes);

        Score Line(string method, double kind, double colour, double shape) =>
            new(pictures.Name, pictures.Count, method, [new("colour and shape", kind), new("colour", colour), new("shape", shape)]);
    }
}
