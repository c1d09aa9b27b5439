using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Terminals;

namespace Silc.Samples.Heads;

/// <summary>A head asked about a set, beside the model without it and the answer that needs no model.</summary>
/// <param name="model">Whose head it is.</param>
/// <param name="head">Asked.</param>
/// <param name="source">Images with the class of every pixel.</param>
/// <param name="alone">The set's classes in words, for the model alone.</param>
/// <param name="classes">The same for the head.</param>
/// <param name="windows">What is seen at once.</param>
/// <param name="threshold">Probability below which a pixel is background; null lets the background compete by its names.</param>
/// <param name="backgroundCounts">False leaves the background's pixels out.</param>
/// <param name="mergeFrom">Answers of this class and those behind it are of this class; null for what the set says.</param>
sealed class HeadScores(SilcModel model, SegmentationHead head, ISegmentationSource source, ClassPrototypes alone, ClassPrototypes classes,
    SegmentationWindows windows, double? threshold, bool backgroundCounts, int? mergeFrom = null)
{
    /// <summary>Which of the two means of IoU is the first number.</summary>
    public const string Rule = "mIoU is the mean over the classes that the truth has; beside it the one that counts classes only predicted as 0.";

    readonly bool left = source.HasBackground && !backgroundCounts;
    readonly WorstFirst<(SegmentedImage Example, LabelMap Answer)> answers = new(HeadPictures.Most);

    /// <summary>The score of the head, once it was asked.</summary>
    public Score? Head { get; private set; }

    /// <summary>What the head took for what, once it was asked.</summary>
    public ConfusionMatrix? Confusion { get; private set; }

    /// <summary>Scores of the head and, unless they are left out, of its floors.</summary>
    /// <param name="sheet">Is given the first answers.</param>
    /// <param name="masks">Is given the head's.</param>
    /// <param name="folder">Of this set among the masks.</param>
    /// <param name="floors">Asks the model without the head, too.</param>
    public IReadOnlyList<Score> Score(SegmentationSheet? sheet, PredictedMasks? masks = null, string folder = "", bool floors = true)
    {
        var set = left ? new ObjectsAlone(source) : source;
        var wordless = source.HasBackground && (left || threshold is not null);
        ClassPrototypes Named(ClassPrototypes all) => wordless ? all.WithoutFirst() : all;
        var least = source.HasBackground && !left ? threshold : null;
        sheet?.Begin(set);
        var unread = new UnreadImages(set.Name, set.Count);
        var pixels = new long[set.Classes.Count];
        var asked = head.Segmenter(Named(classes), windows, least);
        var scores = new List<Score>();
        ConfusionMatrix? without = floors
            ? Count(set, model.Segmenter(Named(alone), windows: windows, threshold: least), unread, "without", sheet, counted: pixels) : null;
        var with = Count(set, asked, unread, "head", sheet, masks, folder);
        unread.Say();
        if (with.Total == 0)
            throw new InvalidDataException($"{source.Name}: every pixel is {(left ? "background or " : "")}of a label that is ignored, so "
                + "none counts");
        int count = unread.Others().Count;
        (Head, Confusion) = (Line(set, count, $"head, {Word(head.Description.Kind)}, step {head.Steps}", with), with);
        if (without is null) return [Head];
        int frequent = Array.IndexOf(pixels, pixels.Max());
        var constant = new ConfusionMatrix(pixels.Length);
        for (int k = 0; k < pixels.Length; k++) constant.Add(k, frequent, pixels[k]);
        return
        [
            Line(set, count, "zero-shot, map values, no head", without), Head,
            Line(set, count, $"always {set.Classes.Names[frequent]}, the most frequent", constant),
        ];
    }

    /// <summary>Images with truth, the head's answer and the model's without it, those that the head got most wrong first.</summary>
    public IReadOnlyList<HeadPictures> Pictures()
    {
        var set = left ? new ObjectsAlone(source) : source;
        var wordless = source.HasBackground && (left || threshold is not null);
        var without = model.Segmenter(wordless ? alone.WithoutFirst() : alone, windows: windows,
            threshold: source.HasBackground && !left ? threshold : null);
        HeadPictures Of(string name, string title, IReadOnlyList<(SegmentedImage Example, LabelMap Answer)> some)
        {
            var sheet = new SegmentationSheet(HeadPictures.Most);
            sheet.Begin(set);
            foreach (var (i, (example, answer)) in some.Index())
            {
                sheet.Add(i, example, answer, "head");
                sheet.Add(i, example, without.Segment([(example.Image, example.Labels.Width, example.Labels.Height)])[0], "without");
            }
            var drawn = sheet.Sets.Single();
            return new(name, title, drawn.Rows, drawn.Colours);
        }
        return
        [
            Of(HeadPictures.Worst, "The worst mistakes: fewest pixels right", answers.Worst),
            Of(HeadPictures.First, "As they come", answers.First),
        ];
    }

    ConfusionMatrix Count(ISegmentationSource set, ZeroShotSegmenter segmenter, UnreadImages unread, string word, SegmentationSheet? sheet,
        PredictedMasks? masks = null, string folder = "", long[]? counted = null)
    {
        int shown = 0, segmented = 0;
        Func<int, int>? merged = (mergeFrom ?? set.MergedFrom) is { } from ? label => Math.Min(label, from) : null;
        return Progress.Show("images", set.Count, report => SegmentationScores.Of(segmenter, set, (example, predicted) =>
        {
            report(++segmented);
            masks?.Write(folder, word, example.Key, predicted);
            sheet?.Add(shown++, example, predicted, word);
            if (word == "head") answers.Add(SegmentationSheet.Right(example, predicted), (example, predicted));
            if (counted is null) return;
            foreach (var label in example.Labels.Labels)
                if (label >= 0) counted[label]++;
        }, unread.Add, Interrupt.Current?.Token ?? default, merged));
    }

    Score Line(ISegmentationSource set, int count, string method, ConfusionMatrix found)
    {
        var names = set.Classes.Names;
        bool Seen(int label) => head.Description.HasSeen(names[label]);
        List<MetricValue> metrics =
        [
            new("mIoU", found.MeanIntersectionOverUnion(inTruthAlone: true)), new("mIoU, only predicted too", found.MeanIntersectionOverUnion(false)),
            new("pixels right", found.Accuracy), new("mean of classes", found.PerClassAccuracy().Where(double.IsFinite).Average()),
            new("IoU by frequency", found.FrequencyWeightedIntersectionOverUnion()),
        ];
        double seen = found.MeanIntersectionOverUnion(true, Seen), unseen = found.MeanIntersectionOverUnion(true, label => !Seen(label));
        if (double.IsFinite(seen) && double.IsFinite(unseen))
        {
            var harmonic = seen + unseen > 0 ? 2 * seen * unseen / (seen + unseen) : 0;
            metrics.AddRange([new("seen", seen), new("unseen", unseen), new("harmonic mean", harmonic)]);
        }
        return new(set.Name, count, method, metrics);
    }

    static string Word(HeadKind kind) => kind == HeadKind.CatSeg ? "CAT-Seg" : "adapter";
}
