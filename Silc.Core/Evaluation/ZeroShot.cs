namespace Silc;

/// <summary>
/// Classification by text alone (Radford et al. 2021, arXiv:2103.00020): an image belongs to the class whose prompts it is
/// closest to. Images are (N, C), classes (K, C); rows need not be normalised. Threads: any number may call.
/// </summary>
public static class ZeroShot
{
    /// <summary>Class embeddings (K, C): the mean of each class's L2-normalised prompts, normalised again.</summary>
    /// <param name="prompts">Text embeddings (K · P, C), class-major as <see cref="Prompts.ForClasses"/> orders them.</param>
    /// <param name="promptsPerClass">P.</param>
    public static float[,] Prototypes(float[,] prompts, int promptsPerClass)
    {
        Require.Positive(promptsPerClass, "prompts per class");
        var (rows, width) = (prompts.GetLength(0), prompts.GetLength(1));
        Require.That(rows % promptsPerClass == 0, $"{rows} prompts are not {promptsPerClass} for each class");
        var unit = Embeddings.Normalize(prompts);
        var means = new float[rows / promptsPerClass, width];
        for (var row = 0; row < rows; row++)
            for (var c = 0; c < width; c++) means[row / promptsPerClass, c] += unit[row, c] / promptsPerClass;
        return Embeddings.Normalize(means);
    }

    /// <summary>Class embeddings from class names: fills the templates, embeds every prompt and averages.</summary>
    public static float[,] Prototypes(
        IReadOnlyList<string> names, Func<IReadOnlyList<string>, float[,]> embedTexts, IReadOnlyList<string>? templates = null) =>
        Prototypes(embedTexts(Prompts.ForClasses(names, templates)), (templates ?? Prompts.Photo).Count);

    /// <summary>Cosine similarities (N, K).</summary>
    public static float[,] Scores(float[,] images, float[,] classes) =>
        Embeddings.Similarities(Embeddings.Normalize(images), Embeddings.Normalize(classes));

    /// <summary>The class of each image; of equals the first.</summary>
    public static int[] Predict(float[,] images, float[,] classes) => [.. TopK(images, classes, 1).Select(best => best[0])];

    /// <summary>The <paramref name="k"/> closest classes of each image, best first.</summary>
    public static int[][] TopK(float[,] images, float[,] classes, int k)
    {
        Require.That(k >= 1 && k <= classes.GetLength(0), $"k is {k}, there are {classes.GetLength(0)} classes");
        var scores = Scores(images, classes);
        return [.. Enumerable.Range(0, images.GetLength(0)).Select(image => Silc.TopK.Of(Embeddings.Row(scores, image), k))];
    }

    /// <summary>The best label of each image and its score.</summary>
    /// <param name="images">Image embeddings (N, C).</param>
    /// <param name="texts">One embedding a label, (K, C).</param>
    /// <param name="labels">K names.</param>
    /// <param name="temperature">The model's factor exp(t), for softmax probabilities; null gives cosine similarities.</param>
    public static IReadOnlyList<(string Label, float Score)> Classify(
        float[,] images, float[,] texts, IReadOnlyList<string> labels, double? temperature = null)
    {
        Require.That(labels.Count == texts.GetLength(0), $"{labels.Count} labels for {texts.GetLength(0)} text embeddings");
        var scores = Scores(images, texts);
        var found = new (string, float)[images.GetLength(0)];
        for (var image = 0; image < found.Length; image++)
        {
            var row = Embeddings.Row(scores, image).ToArray();
            var (best, score) = (Silc.TopK.Of(row, 1)[0], row.Max());
            // softmax of the best: 1 / Σ exp(τ (s - s_best)), which cannot overflow
            var shown = temperature is { } factor ? (float)(1 / row.Sum(s => Math.Exp(factor * (s - score)))) : score;
            found[image] = (labels[best], shown);
        }
        return found;
    }

    /// <summary>Share of the images whose label is among the <paramref name="k"/> closest classes.</summary>
    public static double Accuracy(float[,] images, float[,] classes, IReadOnlyList<int> labels, int k = 1)
    {
        var hits = Hits(images, classes, labels, k);
        return hits.Count(hit => hit) / (double)hits.Length;
    }

    /// <summary>The same for the images of each class alone; NaN for a class without images.</summary>
    public static double[] PerClassAccuracy(float[,] images, float[,] classes, IReadOnlyList<int> labels, int k = 1)
    {
        var hits = Hits(images, classes, labels, k);
        var (right, all) = (new int[classes.GetLength(0)], new int[classes.GetLength(0)]);
        for (var image = 0; image < hits.Length; image++)
        {
            all[labels[image]]++;
            if (hits[image]) right[labels[image]]++;
        }
        return [.. right.Zip(all, (hit, count) => hit / (double)count)];
    }

    static bool[] Hits(float[,] images, float[,] classes, IReadOnlyList<int> labels, int k)
    {
        Require.That(labels.Count == images.GetLength(0), $"{labels.Count} labels for {images.GetLength(0)} images");
        foreach (var label in labels) Require.Within(label, 0, classes.GetLength(0) - 1, "label");
        return [.. TopK(images, classes, k).Select((best, image) => best.Contains(labels[image]))];
    }
}
