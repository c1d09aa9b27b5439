using System.Security.Cryptography;
using Silc.Samples.Data;

namespace Silc.Samples.Evaluation;

/// <summary>Images look for their captions and captions for their images, all against all.</summary>
static class RetrievalScores
{
    /// <param name="model">Embeds both.</param>
    /// <param name="source">Images with one or more captions each.</param>
    /// <param name="crop">How images become squares.</param>
    /// <param name="merge">Equal images and equal captions count as one.</param>
    /// <param name="sheet">Is given a few captions and the images found for them.</param>
    public static IEnumerable<Score> Of(
        SilcModel model, IImageTextSource source, EvalCrop crop = EvalCrop.Squash, bool merge = false,
        Action<IReadOnlyList<ContactSheetRow>>? sheet = null)
    {
        var (allCaptions, allHashes) = (new IReadOnlyList<string>[source.Count], new string[source.Count]);
        var read = ReadableImages.Embed(model, source, crop, (i, pair) =>
        {
            allCaptions[i] = pair.Captions;
            if (merge) allHashes[i] = $"{pair.Image.Width} {Convert.ToHexString(SHA256.HashData(pair.Image.Rgba))}";
        });
        (var zImage, source) = (read.Rows, read.Source);
        var (captionsOf, hashes) = (read.Of(allCaptions), read.Of(allHashes));
        sheet?.Invoke(RetrievalSheet.Rows(model, source, zImage, i => captionsOf[i]));
        string[] captions = [.. captionsOf.SelectMany(some => some)];
        int[] owners = [.. captionsOf.Index().SelectMany(entry => entry.Item.Select(_ => entry.Index))];
        var pairs = RetrievalPairs.Of(source.Count, captions.Length, owners);
        if (merge)
        {
            (pairs, var firstImages, var firstTexts) = RetrievalPairs.Merge(hashes, captions, owners);
            (zImage, captions) = (zImage.Rows(firstImages), [.. firstTexts.Select(text => captions[text])]);
        }
        var zText = EmbeddedTexts.Of(model, captions);
        NeighbourSearch search = model.Device.FindNeighbours;
        int images = zImage.Count;
        var name = $"{source.Name}: {captions.Length:N0} captions";
        yield return Line("image to caption", Retrieval.ImageToText(zImage, zText, pairs, search));
        yield return Line("caption to image", Retrieval.TextToImage(zImage, zText, pairs, search));
        yield return Line("chance, image to caption", new(Chance(pairs.TextsOfImage, captions.Length, 1),
            Chance(pairs.TextsOfImage, captions.Length, 5), Chance(pairs.TextsOfImage, captions.Length, 10)));
        yield return Line("chance, caption to image",
            new(Chance(pairs.ImagesOfText, images, 1), Chance(pairs.ImagesOfText, images, 5), Chance(pairs.ImagesOfText, images, 10)));

        Score Line(string method, Recall recall) =>
            new(name, images, method, [new("R@1", recall.At1), new("R@5", recall.At5), new("R@10", recall.At10)]);
    }

    // Mean probability that one of the matches is among k of the candidates drawn at random.
    static double Chance(IReadOnlyList<IReadOnlyList<int>> matches, int candidates, int k) => matches.Where(some => some.Count > 0).Average(some =>
    {
        double miss = 1;
        for (int i = 0; i < Math.Min(k, candidates); i++) miss *= Math.Max(0, candidates - some.Count - i) / (double)(candidates - i);
        return 1 - miss;
    });
}
