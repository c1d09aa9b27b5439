using Silc.Samples.Evaluation;

namespace Silc.Samples.Heads;

/// <summary>What a head said of a set, beside the truth.</summary>
/// <param name="Scores">Of the head and of its floors, what is right without it or without looking.</param>
/// <param name="Head">The one of the head; of several sets that of the first.</param>
/// <param name="Measure">Name of the metric that stands for all.</param>
/// <param name="Pictures">Draws a few images, those that it got most wrong first.</param>
/// <param name="Confusion">What was taken for what, where classes are told apart pixel by pixel; null elsewhere.</param>
sealed record HeadAnswers(IReadOnlyList<Score> Scores, Score Head, string Measure, Func<IReadOnlyList<HeadPictures>> Pictures,
    (string Name, ConfusionMatrix Confusion, IReadOnlyList<string> Classes)? Confusion = null)
{
    /// <summary>The metric that stands for all; NaN where it was not measured.</summary>
    public double Value => ValueOf(Head);

    /// <summary>The same of another line.</summary>
    public double ValueOf(Score score) => score.Metrics.FirstOrDefault(metric => metric.Name == Measure)?.Value ?? double.NaN;

    /// <summary>The same in words; empty where it was not measured.</summary>
    public string TextOf(Score score) => score.Metrics.FirstOrDefault(metric => metric.Name == Measure)?.Text ?? "";
}

/// <summary>Images with truth and answers.</summary>
/// <param name="Name">What they have in common; it names a file, too.</param>
/// <param name="Title">The same in words.</param>
/// <param name="Rows">An image each.</param>
/// <param name="Colours">Those of the classes that are seen; empty where names stand on the images.</param>
/// <param name="IsText">The answers are sentences.</param>
sealed record HeadPictures(string Name, string Title, IReadOnlyList<ContactSheetRow> Rows, IReadOnlyList<(string Name, Colour Colour)> Colours,
    bool IsText = false)
{
    /// <summary>How many images of a kind are shown.</summary>
    public const int Most = 8;

    /// <summary>Names of the two kinds of images that every head shows.</summary>
    public const string Worst = "worst", First = "first";
}
