namespace Silc.Samples.Training;

/// <summary>What a model makes of images that it does not train on.</summary>
/// <param name="Loss">Image-text loss in batches as large as those of training, captions against whole images.</param>
/// <param name="ImageToText">Share of the images that find a caption of theirs first.</param>
/// <param name="TextToImage">Share of the captions that find an image of theirs first.</param>
/// <param name="ZeroShot">Share of the images whose class is named right by text; null where there are no classes.</param>
sealed record ValidationScores(double Loss, double ImageToText, double TextToImage, double? ZeroShot);

/// <summary>
/// A number of <see cref="ValidationScores"/>: one entry of <see cref="All"/> gives it a column of metrics.csv, a TensorBoard tag, a line in the
/// plots, a word on the terminal and a value of <c>--keep-best</c>.
/// </summary>
/// <param name="Word">Value of <c>--keep-best</c>.</param>
/// <param name="Title">In plots and cards.</param>
/// <param name="Short">On the terminal.</param>
/// <param name="Value">The number; null where it was not measured.</param>
/// <param name="Rises">The larger the better, and a fraction.</param>
sealed record ValidationMetric(string Word, string Title, string Short, Func<ValidationScores, double?> Value, bool Rises)
{
    /// <summary>Zero-shot classification, which needs classes.</summary>
    public static ValidationMetric ZeroShot { get; } = new("zero-shot", "Zero-shot top 1", "zero-shot", scores => scores.ZeroShot, Rises: true);

    /// <summary>All there are; the first is what early stopping looks at unless told.</summary>
    public static IReadOnlyList<ValidationMetric> All { get; } =
    [
        new("loss", "Image-text loss", "contrast", scores => scores.Loss, Rises: false),
        new("image-to-text", "R@1, image to caption", "R@1 image to caption", scores => scores.ImageToText, Rises: true),
        new("text-to-image", "R@1, caption to image", "caption to image", scores => scores.TextToImage, Rises: true),
        ZeroShot,
    ];

    /// <summary>Column of metrics.csv.</summary>
    public string Column => $"val_{Word.Replace('-', '_')}";

    /// <summary>Tag of TensorBoard.</summary>
    public string Tag => $"validation/{Word.Replace('-', '_')}";

    /// <summary>True where <paramref name="value"/> beats <paramref name="best"/>.</summary>
    public bool IsBetter(double value, double best) => Rises ? value > best : value < best;

    /// <summary>The metric of a word.</summary>
    public static ValidationMetric Of(string word) => All.First(metric => metric.Word == word);
}

/// <summary>How a run is validated.</summary>
/// <param name="Name">Of the data.</param>
/// <param name="Measure">Measures the model as it is.</param>
/// <param name="Every">Steps from one validation to the next.</param>
/// <param name="KeepBest">What makes the best model, which is kept; null keeps none.</param>
/// <param name="Patience">Validations without a better value after which the run ends; null goes on.</param>
sealed record ValidationPlan(
    string Name, Func<SilcModel, CancellationToken, ValidationScores> Measure, int Every, ValidationMetric? KeepBest, int? Patience)
{
    /// <summary>What is better or not.</summary>
    public ValidationMetric Metric => KeepBest ?? ValidationMetric.All[0];
}
