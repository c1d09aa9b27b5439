namespace Silc;

/// <summary>
/// Classification by text alone (Radford et al. 2021, arXiv:2103.00020): an image belongs to the class whose prompts it is
/// closest to. Images are (N, C), classes (K, C); rows need not be normalised. Threads: any number may call.
/// </summary>
/// <example>
/// <code>
/// string[] names = ["cat", "dog"];
/// Vectors classes = ZeroShot.Prototypes(names, model.EmbedTexts, Prompts.Photo);
/// int[] predicted = ZeroShot.Predict(model.EmbedImages(images), classes);
/// </code>
/// </example>
public static class ZeroShot
{
    /// <summary>Class embeddings (K, C): the mean of each class's L2-normalised prompts, normalised again.</summary>
    /// <param name="prompts">Text embeddings (K · P, C), class-major as <see cref="Prompts.ForClasses"/> orders them.</param>
    /// <param name="promptsPerClass">P.</param>
    /// <exception cref="ArgumentException">The rows are no multiple of <paramref name="promptsPerClass"/>, or that is not positive.</exception>
    public static Vectors Prototypes(Vectors prompts, int promptsPerClass)
    {
        Require.Positive(promptsPerClass, "prompts per class");
        var (rows, width) = (prompts.Count, prompts.Width);
        Require.That(rows % promptsPerClass == 0, $"{rows} prompts are not {promptsPerClass} for each class");
        var unit = prompts.Normalize();
        var means = new Vectors(rows / promptsPerClass, width);
        for (var row = 0; row < rows; row++)
            for (var c = 0; c < width; c++) means[row / promptsPerClass, c] += unit[row, c] / promptsPerClass;
        return means.Normalize();
    }

    /// <summary>Class embeddings (K, C) from class names: fills the templates, embeds every prompt and averages.</summary>
    /// <exception cref="ArgumentException">A template has no {}.</exception>
    public static Vectors Prototypes(
        IReadOnlyList<string> names, Func<IReadOnlyList<string>, Vectors> embedTexts, IReadOnlyList<string>? templates = null) =>
        Prototypes(embedTexts(Prompts.ForClasses(names, templates)), (templates ?? Prompts.Photo).Count);

    /// <summary>Cosine similarities (N, K) of images (N, C) and classes (K, C).</summary>
    /// <exception cref="ArgumentException">The rows are of different widths.</exception>
    public static Vectors Scores(Vectors images, Vectors classes) =>
        images.Normalize().Similarities(classes.Normalize());

    /// <summary>The class of each image (N), the one of the highest cosine; of equals the first.</summary>
    /// <exception cref="ArgumentException">There is no class, or the rows are of different widths.</exception>
    public static int[] Predict(Vectors images, Vectors classes) => [.. TopK(images, classes, 1).Select(best => best[0])];

    /// <summary>The <paramref name="k"/> closest classes of each image, best first: N rows of k.</summary>
    /// <exception cref="ArgumentException">There are fewer than k classes, k is not positive, or the rows are of different widths.</exception>
    public static int[][] TopK(Vectors images, Vectors classes, int k)
    {
        Require.That(k >= 1 && k <= classes.Count, $"k is {k}, there are {classes.Count} classes");
        var scores = Scores(images, classes);
        return [.. Enumerable.Range(0, images.Count).Select(image => Silc.TopK.Of(scores.Row(image), k))];
    }

    /// <summary>The best label of each image and its score.</summary>
    /// <param name="images">Image embeddings (N, C).</param>
    /// <param name="texts">One embedding a label, (K, C).</param>
    /// <param name="labels">K names.</param>
    /// <param name="temperature">The model's factor exp(t), for softmax probabilities; null gives cosine similarities.</param>
    /// <exception cref="ArgumentException">There is another number of labels than of texts.</exception>
    public static IReadOnlyList<(string Label, float Score)> Classify(
        Vectors images, Vectors texts, IReadOnlyList<string> labels, double? temperature = null)
    {
        Require.That(labels.Count == texts.Count, $"{labels.Count} labels for {texts.Count} text embeddings");
        var scores = Scores(images, texts);
        var found = new (string, float)[images.Count];
        for (var image = 0; image < found.Length; image++)
        {
            var row = scores.Row(image).ToArray();
            var (best, score) = (Silc.TopK.Of(row, 1)[0], row.Max());
            // softmax of the best: 1 / Σ exp(τ (s - s_best)), which cannot overflow
            var shown = temperature is { } factor ? (float)(1 / row.Sum(s => Math.Exp(factor * (s - score)))) : score;
            found[image] = (labels[best], shown);
        }
        return found;
    }

    /// <summary>Fraction of the images (N, C) whose label is among the <paramref name="k"/> closest classes (K, C).</summary>
    /// <exception cref="ArgumentException">There is another number of labels than of images, or a label is no class.</exception>
    public static double Accuracy(Vectors images, Vectors classes, IReadOnlyList<int> labels, int k = 1)
    {
        var hits = Hits(images, classes, labels, k);
        return hits.Count(hit => hit) / (double)hits.Length;
    }

    /// <summary>The same for the images of each class alone (K); NaN for a class without images.</summary>
    /// <exception cref="ArgumentException">There is another number of labels than of images, or a label is no class.</exception>
    public static double[] PerClassAccuracy(Vectors images, Vectors classes, IReadOnlyList<int> labels, int k = 1)
    {
        var hits = Hits(images, classes, labels, k);
        var (right, all) = (new int[classes.Count], new int[classes.Count]);
        for (var image = 0; image < hits.Length; image++)
        {
            all[labels[image]]++;
            if (hits[image]) right[labels[image]]++;
        }
        return [.. right.Zip(all, (hit, count) => hit / (double)count)];
    }

    static bool[] Hits(Vectors images, Vectors classes, IReadOnlyList<int> labels, int k)
    {
        Require.That(labels.Count == images.Count, $"{labels.Count} labels for {images.Count} images");
        foreach (var label in labels) Require.Within(label, 0, classes.Count - 1, "label");
        return [.. TopK(images, classes, k).Select((best, image) => best.Contains(labels[image]))];
    }
}
