using System.Security.Cryptography;
using Silc.Samples.Data;

namespace Silc.Samples.Evaluation;

/// <summary>Pictures look for their captions and captions for their pictures, all against all.</summary>
static class RetrievalScores
{
    /// <param name="model">Embeds both.</param>
    /// <param name="source">Pictures with one or more captions each.</param>
    /// <param name="crop">How pictures become squares.</param>
    /// <param name="merge">Equal pictures and equal captions count as one.</param>
    /// <param name="sheet">Is given a few captions and the pictures found for them.</param>
    public static IEnumerable<Score> Of(
        SilcModel model, IImageTextSource source, EvalCrop crop = EvalCrop.Squash, bool merge = false,
        Action<IReadOnlyList<ContactSheetRow>>? sheet = null)
    {
        var (allCaptions, allHashes) = (new IReadOnlyList<string>[source.Count], new string[source.Count]);
        var read = ReadablePictures.Embed(model, source, crop, (i, pair) =>
        {
            allCaptions[i] = pair.Captions;
            if (merge) allHashes[i] = $"{pair.Picture.Width} {Convert.ToHexString(SHA256.HashData(pair.Picture.Rgba))}";
        });
        (var zImage, source) = (read.Rows, read.Source);
        var (captionsOf, hashes) = (read.Of(allCaptions), read.Of(allHashes));
        sheet?.Invoke(RetrievalSheet.Rows(model, source, zImage, i => captionsOf[i]));
        string[] captions = [.. captionsOf.SelectMany(some => some)];
        int[] owners = [.. captionsOf.Index().SelectMany(entry => entry.Item.Select(_ => entry.Index))];
        var pairs = RetrievalPairs.Of(source.Count, captions.Length, owners);
        if (merge)
        {
            (pairs, var images, var texts) = RetrievalPairs.Merge(hashes, captions, owners);
            (zImage, captions) = (Embeddings.Rows(zImage, images), [.. texts.Select(text => captions[text])]);
        }
        var zText = EmbeddedTexts.Of(model, captions);
        NeighbourSearch search = model.Device.FindNeighbours;
        int pictures = zImage.GetLength(0);
        var name = $"{source.Name}: {captions.Length:N0} captions";
        yield return Line("picture to caption", Retrieval.ImageToText(zImage, zText, pairs, search));
        yield return Line("caption to picture", Retrieval.TextToImage(zImage, zText, pairs, search));
        yield return Line("chance, picture to caption", new(Chance(pairs.TextsOfImage, captions.Length, 1), Chance(pairs.TextsOfImage, captions.Length, 5), Chance(pairs.TextsOfImage, captions.Length, 10)));
        yield return Line("chance, caption to picture", new(Chance(pairs.ImagesOfText, pictures, 1), Chance(pairs.ImagesOfText, pictures, 5), Chance(pairs.ImagesOfText, pictures, 10)));

        Score Line(string method, Recall recall) => new(name, pictures, method, [new("R@1", recall.At1), new("R@5", recall.At5), new("R@10", recall.At10)]);
    }

    // Mean probability that one of the matches is among k of the candidates drawn at random.
    static double Chance(IReadOnlyList<IReadOnlyList<int>> matches, int candidates, int k) => matches.Where(some => some.Count > 0).Average(some =>
    {
        double miss = 1;
        for (int i = 0; i < Math.Min(k, candidates); i++) miss *= Math.Max(0, candidates - some.Count - i) / (double)(candidates - i);
        return 1 - miss;
    });
}
