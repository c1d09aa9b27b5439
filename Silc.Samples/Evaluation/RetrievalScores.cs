namespace Silc.Samples.Evaluation;

/// <summary>Pictures look for their captions and captions for their pictures, all against all.</summary>
static class RetrievalScores
{
    public static IEnumerable<Score> Of(SilcModel model, IImageTextSource source, EvalCrop crop = EvalCrop.Squash)
    {
        var (captions, owners) = (new List<string>(), new List<int>());
        IEnumerable<Picture> Pictures()
        {
            for (int i = 0; i < source.Count; i++)
            {
                var pair = source.Read(i);
                captions.AddRange(pair.Captions);
                owners.AddRange(Enumerable.Repeat(i, pair.Captions.Count));
                yield return pair.Picture;
            }
        }
        var zImage = model.EmbedPictures(Pictures(), crop);
        var zText = model.EmbedTexts(captions);
        yield return Line("picture to caption", Retrieval.ImageToText(zImage, zText, owners));
        yield return Line("caption to picture", Retrieval.TextToImage(zImage, zText, owners));
        var n = (double)source.Count;
        yield return Line("chance, caption to picture", new(1 / n, Math.Min(1, 5 / n), Math.Min(1, 10 / n)));

        Score Line(string method, Recall recall) =>
            new(source.Name, source.Count, method, [new("R@1", recall.At1), new("R@5", recall.At5), new("R@10", recall.At10)]);
    }
}
