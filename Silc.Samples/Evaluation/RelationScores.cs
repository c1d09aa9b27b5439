using Silc.Samples.Data;

namespace Silc.Samples.Evaluation;

/// <summary>Whether an image is nearer to the sentence that says how its two objects lie than to the one that turns that around.</summary>
static class RelationScores
{
    /// <param name="model">Embeds images and sentences.</param>
    /// <param name="relations">Scenes with both sentences.</param>
    /// <param name="crop">How images become squares.</param>
    public static IEnumerable<Score> Of(SilcModel model, DemoRelations relations, EvalCrop crop = EvalCrop.Squash)
    {
        var images = model.EmbedImages(relations.Images, crop);
        var (there, back) = relations.Sentences;
        Vectors right = EmbeddedTexts.Of(model, there), wrong = EmbeddedTexts.Of(model, back);
        double sum = Enumerable.Range(0, relations.Count).Sum(i => Math.Sign(Dot(images[i], right[i]) - Dot(images[i], wrong[i])) switch
        {
            > 0 => 1.0,
            0 => 0.5,
            _ => 0,
        });
        const string name = "scenes of two objects";
        yield return new(name, relations.Count, "true or turned around, by text", [new("relation", sum / relations.Count)]);
        yield return new(name, relations.Count, "chance, true or turned around", [new("relation", 0.5)]);
    }

    static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }
}
