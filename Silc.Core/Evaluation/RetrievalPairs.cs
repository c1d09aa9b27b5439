namespace Silc;

/// <summary>Which captions belong to which images; both may have several partners. Threads: any number may use it at once.</summary>
public sealed class RetrievalPairs
{
    RetrievalPairs(IReadOnlyList<IReadOnlyList<int>> textsOfImage, IReadOnlyList<IReadOnlyList<int>> imagesOfText) =>
        (TextsOfImage, ImagesOfText) = (textsOfImage, imagesOfText);

    /// <summary>Captions of each image.</summary>
    public IReadOnlyList<IReadOnlyList<int>> TextsOfImage { get; }

    /// <summary>Images of each caption.</summary>
    public IReadOnlyList<IReadOnlyList<int>> ImagesOfText { get; }

    /// <summary>Captions that belong to one image each, as in COCO.</summary>
    /// <param name="images">Number of images.</param>
    /// <param name="texts">Number of captions.</param>
    /// <param name="imageOfText">Image of each caption; null means caption i belongs to image i.</param>
    /// <exception cref="ArgumentException">The numbers do not fit each other.</exception>
    public static RetrievalPairs Of(int images, int texts, IReadOnlyList<int>? imageOfText = null)
    {
        Require.That(imageOfText is not null || images == texts,
            $"{texts} captions for {images} images: say which image each belongs to with imageOfText");
        int[] owners = imageOfText is null ? [.. Enumerable.Range(0, texts)] : [.. imageOfText];
        Require.That(owners.Length == texts, $"imageOfText has {owners.Length} entries for {texts} captions");
        foreach (var owner in owners) Require.Within(owner, 0, images - 1, "image of a caption");
        return Of(images, texts, owners.Select((image, text) => (image, text)));
    }

    /// <summary>
    /// The same after equal images and equal captions have become one each: a caption of two images counts for both, and what
    /// is found twice takes one place.
    /// </summary>
    /// <param name="imageKeys">Something that equal images share, such as a hash of their pixels.</param>
    /// <param name="captions">Captions.</param>
    /// <param name="imageOfText">Image of each caption.</param>
    /// <returns>The pairs, and the first index of every image and caption that is left.</returns>
    /// <exception cref="ArgumentException">The numbers do not fit each other, or a caption is of no image.</exception>
    public static (RetrievalPairs Pairs, int[] Images, int[] Texts) Merge(
        IReadOnlyList<string> imageKeys, IReadOnlyList<string> captions, IReadOnlyList<int> imageOfText)
    {
        Require.That(captions.Count == imageOfText.Count,
            $"imageOfText has {imageOfText.Count} entries for {captions.Count} captions");
        var (images, imageNumber) = Distinct(imageKeys);
        var (texts, textNumber) = Distinct(captions);
        foreach (var owner in imageOfText) Require.Within(owner, 0, imageKeys.Count - 1, "image of a caption");
        return (Of(images.Length, texts.Length, imageOfText
            .Select((image, text) => (imageNumber[image], textNumber[text])).Distinct()), images, texts);
    }

    static RetrievalPairs Of(int images, int texts, IEnumerable<(int Image, int Text)> pairs)
    {
        var (textsOf, imagesOf) = (Enumerable.Range(0, images).Select(_ => new List<int>()).ToArray(),
            Enumerable.Range(0, texts).Select(_ => new List<int>()).ToArray());
        foreach (var (image, text) in pairs)
        {
            textsOf[image].Add(text);
            imagesOf[text].Add(image);
        }
        return new(textsOf, imagesOf);
    }

    // Where each distinct value stands first, and the number of the distinct value at each place.
    static (int[] First, int[] Number) Distinct(IReadOnlyList<string> values)
    {
        var (numbers, first, number) = (new Dictionary<string, int>(StringComparer.Ordinal), new List<int>(),
            new int[values.Count]);
        for (int i = 0; i < values.Count; i++)
        {
            if (numbers.TryAdd(values[i], first.Count)) first.Add(i);
            number[i] = numbers[values[i]];
        }
        return ([.. first], number);
    }
}
