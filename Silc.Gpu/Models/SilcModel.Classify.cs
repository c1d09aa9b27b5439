namespace Silc;

// Zero-shot classification of images.
public sealed partial class SilcModel
{
    /// <summary>
    /// Scores how well each label fits an image, best first: zero-shot classification (Radford et al. 2021, arXiv:2103.00020)
    /// with this model. For many images take the form with <see cref="Prototypes"/>, which embeds the labels once.
    /// </summary>
    /// <param name="image">Decoded; <see cref="ImageFile"/> reads files, streams and bytes.</param>
    /// <param name="labels">Names, e.g. <c>cat</c>, for the templates; or whole captions, with <see cref="Prompts.NameOnly"/> for templates.</param>
    /// <param name="templates">Sentences with {}; null means <see cref="Prompts.Photo"/>.</param>
    /// <param name="crop">How the image becomes a square.</param>
    /// <returns>All labels; of equal scores the earlier label comes first.</returns>
    /// <exception cref="ArgumentException">There is no label, or an empty one.</exception>
    /// <exception cref="InvalidOperationException">The model was made without a tokenizer.</exception>
    public IReadOnlyList<LabelScore> Classify(RgbImage image, IEnumerable<string> labels, IReadOnlyList<string>? templates = null,
        EvalCrop crop = EvalCrop.Squash) => Classify([image], labels, templates, crop)[0];

    /// <summary>The same of several images, which are enumerated once: one list an image.</summary>
    /// <inheritdoc cref="Classify(RgbImage, IEnumerable{string}, IReadOnlyList{string}?, EvalCrop)"/>
    public IReadOnlyList<IReadOnlyList<LabelScore>> Classify(IEnumerable<RgbImage> images, IEnumerable<string> labels,
        IReadOnlyList<string>? templates = null, EvalCrop crop = EvalCrop.Squash) =>
        Classify(EmbedImages(images, crop), Prototypes(ClassList.Of(labels), templates));

    /// <summary>The same of images that are embedded already, among classes that are.</summary>
    /// <param name="images">Embeddings of this model, (N, C).</param>
    /// <param name="classes">Made by <see cref="Prototypes"/> of this model.</param>
    /// <returns>For each image all classes by their first names, best first.</returns>
    public IReadOnlyList<IReadOnlyList<LabelScore>> Classify(Vectors images, ClassPrototypes classes)
    {
        var (scores, factor, bias) = (classes.Scores(images), Temperature, Bias);
        return [.. Enumerable.Range(0, scores.Count).Select(i => Sorted(scores[i], classes.Names, factor, bias))];
    }

    // The bias b of the sigmoid loss; null for InfoNCE.
    internal double? Bias
    {
        get
        {
            using var exclusive = Exclusive();
            return LogitBias is { } b ? Device.Download(b.Value.View)[0] : null;
        }
    }

    static LabelScore[] Sorted(ReadOnlySpan<float> scores, IReadOnlyList<string> names, double factor, double? bias)
    {
        var best = TopK.Of(scores, scores.Length);
        var most = scores[best[0]];
        double sum = 0;
        foreach (var score in scores) sum += Math.Exp(factor * (score - most));
        var found = new LabelScore[best.Length];
        for (int i = 0; i < best.Length; i++)
        {
            var score = scores[best[i]];
            var probability = bias is { } b ? 1 / (1 + Math.Exp(-(factor * score + b))) : Math.Exp(factor * (score - most)) / sum;
            found[i] = new(names[best[i]], score, (float)probability);
        }
        return found;
    }
}
