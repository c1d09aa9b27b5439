namespace Silc.Samples.Evaluation;

/// <summary><c>retrieval.png</c>: captions and the held-out images that the model finds closest to each.</summary>
static class DemoSheet
{
    public const string Name = "retrieval.png";

    const int Queries = 8, Found = 8;

    public static void Write(string path, SilcModel model, DemoEvaluation images, Vectors zImage) =>
        ContactSheet.Write(path, Rows(model, images, zImage), $"Closest of {images.Count} held-out images to each caption");

    /// <summary>The same, to be drawn elsewhere.</summary>
    public static IReadOnlyList<ContactSheetRow> Rows(SilcModel model, DemoEvaluation images, Vectors zImage)
    {
        var kinds = images.Kinds;
        // Of each class the next colour and the next shape.
        int[] classes = [.. Enumerable.Range(0, Queries).Select(i => 5 + i * (kinds.Shapes.Count + 1))];
        var best = ZeroShot.TopK(model.EmbedTexts(classes.Select(c => kinds.Captions[c])), zImage, Found);
        return [.. classes.Zip(best, (c, found) => new ContactSheetRow(kinds.Captions[c],
            [.. found.Select(i => new ContactSheetCell(images.Read(i).Image, kinds.Names[images.Label(i)], images.Label(i) == c))]))];
    }
}
