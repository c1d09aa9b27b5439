using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Terminals;

namespace Silc.Samples.Heads;

/// <summary>A detection head asked about a set, beside the same head before its first step.</summary>
/// <param name="source">Images with things.</param>
/// <param name="names">The set's categories in words.</param>
/// <param name="isLvis">Measures by the rules of LVIS.</param>
/// <param name="objectness">Ranks by objectness, too.</param>
sealed class DetectionScoring(IInstanceSource source, IReadOnlyList<string> names, bool isLvis, bool objectness)
{
    const int ImagesAtOnce = 16, CocoMost = 100, LvisMost = 300;
    const double Drawn = 0.3, Overlap = 0.5;

    readonly WorstFirst<(InstanceImage Image, IReadOnlyList<FoundBox> Answer)> shown = new(HeadPictures.Most);

    readonly Dictionary<long, int> places = source.Truth.Categories.Index().ToDictionary(entry => entry.Item.Id, entry => entry.Index);

    /// <summary>What was found, in the order of the images.</summary>
    public List<Detection> Found { get; } = [];

    /// <summary>A few images with truth and answers, as they come.</summary>
    public IReadOnlyList<ContactSheetRow> Rows => [.. shown.First.Select(one => Row(one.Image, one.Answer))];

    /// <summary>The same, and those that the head got most wrong.</summary>
    public IReadOnlyList<HeadPictures> Pictures() =>
    [
        new(HeadPictures.Worst, "The worst mistakes: of the surest boxes, as many as there are things, fewest right",
            [.. shown.Worst.Select(one => Row(one.Image, one.Answer))], []),
        new(HeadPictures.First, "As they come", Rows, []),
    ];

    /// <summary>The scores of a head.</summary>
    /// <param name="head">Asked.</param>
    /// <param name="method">What the line is called.</param>
    /// <param name="keep">Keeps what it found, and draws a few images.</param>
    public Score Of(DetectionHead head, string method, bool keep)
    {
        var (truth, unread) = (source.Truth, new UnreadImages(source.Name, source.Count));
        var classes = head.Prototypes(truth.Classes());
        var found = new List<Detection>();
        Progress.Show("images", source.Count, report =>
        {
            foreach (var indices in Enumerable.Range(0, source.Count).Chunk(ImagesAtOnce))
            {
                Interrupt.Current?.Token.ThrowIfCancellationRequested();
                InstanceImage[] images = [.. indices.Select(index => unread.Try(index, () => source.Read(index))).OfType<InstanceImage>()];
                var answers = head.Detect([.. images.Select(image => image.Image)], classes, isLvis ? LvisMost : CocoMost, objectness: objectness);
                foreach (var (image, answer) in images.Zip(answers))
                {
                    found.AddRange(answer.Select(one => new Detection(image.Info.Id, truth.Categories[one.Label].Id, one.Box, one.Score)));
                    if (keep) shown.Add(Marks(image, answer).Share, (image, answer));
                }
                report(indices[^1] + 1);
            }
        });
        unread.Say();
        _ = unread.Others();
        if (keep) Found.AddRange(found);
        var scores = isLvis ? DetectionScores.Lvis(truth, found) : DetectionScores.Coco(truth, found);
        return new(source.Name, truth.Images.Count, method + DetectionData.RankedBy(objectness), [.. Metrics(scores, head.Description.Seen)
            .Select(metric => new MetricValue(metric.Name, metric.Value < 0 ? double.NaN : metric.Value))]);
    }

    IEnumerable<(string Name, double Value)> Metrics(DetectionScores scores, IReadOnlyList<string> seen)
    {
        foreach (var entry in scores.Official) yield return entry;
        var groups = source.Truth.Categories.Index().ToLookup(entry => seen.Contains(names[entry.Index]), entry => entry.Item.Id);
        if (!groups[false].Any()) yield break;
        foreach (var (word, own) in new[] { ("seen", groups[true]), ("unseen", groups[false]) })
        {
            yield return ($"AP {word}", scores.Precision(categories: own));
            yield return ($"AP50 {word}", scores.Precision(0.5, categories: own));
        }
    }

    ContactSheetRow Row(InstanceImage image, IReadOnlyList<FoundBox> answer)
    {
        var truth = image.Instances.Where(instance => !instance.IsCrowd)
            .Select(instance => (instance.Box, ColourOf(places[instance.CategoryId]), names[places[instance.CategoryId]])).ToList();
        var (surest, right, share) = Marks(image, answer);
        return new(image.Key, [new(image.Image, "image"), new(BoxPainter.Draw(Large(image.Image, out double factor), Scaled(truth, factor)), "truth"),
            new(BoxPainter.Draw(Large(image.Image, out factor), Scaled(surest.Select(Shape), factor)),
                surest.Count != 1 ? $"head: of the {surest.Count} surest boxes {right} right"
                    : right == 1 ? "head: its surest box is right" : "head: its surest box is wrong", share == 1)]);

        (Box, Colour, string) Shape(FoundBox one) => (one.Box, ColourOf(one.Label), $"{names[one.Label]} {100 * one.Score:F0}");
    }

    // Of as many boxes as there are things: one is right if it overlaps a thing of its class that no surer one has. Where there is nothing, a box
    // that would be drawn is a mistake.
    (IReadOnlyList<FoundBox> Surest, int Right, double Share) Marks(InstanceImage image, IReadOnlyList<FoundBox> answer)
    {
        var left = image.Instances.Where(instance => !instance.IsCrowd).ToList();
        int things = left.Count;
        IReadOnlyList<FoundBox> surest = [.. things == 0 ? answer.TakeWhile(one => one.Score >= Drawn) : answer.Take(things)];
        foreach (var one in surest)
            if (left.Where(instance => places[instance.CategoryId] == one.Label && instance.Box.Iou(one.Box) >= Overlap)
                .MaxBy(instance => instance.Box.Iou(one.Box)) is { } taken) left.Remove(taken);
        return (surest, things - left.Count, things == 0 ? surest.Count == 0 ? 1 : 0 : 1 - left.Count / (double)things);
    }

    /// <summary>What to draw of answers: the surest, and all that are likely.</summary>
    public static List<(Box Box, Colour Colour, string Words)> Shapes(IReadOnlyList<FoundBox> answer, IReadOnlyList<string> names) =>
        [.. answer.Where((one, i) => i == 0 || one.Score >= Drawn)
            .Select(one => (one.Box, ColourOf(one.Label), $"{names[one.Label]} {100 * one.Score:F0}"))];

    /// <summary>Small images are drawn larger, so that words fit.</summary>
    public static RgbImage Large(RgbImage image, out double factor)
    {
        const int Side = 288;
        int whole = Math.Max(1, Side / Math.Max(image.Width, image.Height));
        factor = whole;
        if (whole == 1) return image;
        var larger = new RgbImage(image.Width * whole, image.Height * whole, new byte[image.Rgba.Length * whole * whole]);
        for (int y = 0; y < larger.Height; y++)
            for (int x = 0; x < larger.Width; x++)
                image.Rgba.AsSpan(4 * (y / whole * image.Width + x / whole), 4).CopyTo(larger.Rgba.AsSpan(4 * (y * larger.Width + x)));
        return larger;
    }

    /// <summary>The same boxes on the larger image.</summary>
    public static List<(Box, Colour, string)> Scaled(IEnumerable<(Box Box, Colour Colour, string Words)> boxes, double factor) =>
        [.. boxes.Select(one => (new Box(one.Box.X * factor, one.Box.Y * factor, one.Box.Width * factor, one.Box.Height * factor), one.Colour,
            one.Words))];

    static Colour ColourOf(int label) => SegmentationPainter.UsualColour(label, background: false);
}
