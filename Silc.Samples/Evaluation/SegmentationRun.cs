using Silc.Samples.Data;
using Silc.Samples.Terminals;

namespace Silc.Samples.Evaluation;

/// <summary>One set segmented with each kind of patch feature, beside the answer that needs no model.</summary>
/// <param name="model">Embeds the patches.</param>
/// <param name="source">Images with the class of every pixel.</param>
/// <param name="classes">The set's classes in words.</param>
/// <param name="windows">What the model sees at once.</param>
/// <param name="threshold">Probability below which a pixel is background; null lets the background compete by its names.</param>
/// <param name="backgroundCounts">False leaves the background's pixels out, as in the sets VOC-20 and PC-59.</param>
/// <param name="refinement">MaskCLIP's; null for none.</param>
sealed class SegmentationRun(
    SilcModel model, ISegmentationSource source, ClassPrototypes classes, SegmentationWindows windows, double? threshold, bool backgroundCounts,
    SegmentationRefinement? refinement = null)
{
    /// <summary>A set that the program draws, asked for as its captions were written: whole images at the model's size, objects alone.</summary>
    public static SegmentationRun OfDrawn(SilcModel model, ISegmentationSource source) => new(
        model, source, model.Prototypes(source.Classes, Prompts.NameOnly, AliasUse.Best, canonical: false),
        SegmentationWindows.Whole(model.Config.Grid * model.Config.PatchSize), threshold: null, backgroundCounts: false);

    readonly bool left = source.HasBackground && !backgroundCounts;

    /// <param name="sheet">Is given the first answers.</param>
    /// <param name="masks">Is given all of them.</param>
    /// <param name="folder">Of this set among the masks.</param>
    public IEnumerable<Score> Score(SegmentationSheet? sheet, PredictedMasks? masks = null, string folder = "")
    {
        var set = left ? new ObjectsAlone(source) : source;
        // A background without words: left out, or what no class reaches.
        var wordless = source.HasBackground && (left || threshold is not null);
        var named = wordless ? classes.WithoutFirst() : classes;
        sheet?.Begin(set);
        var pixels = new long[set.Classes.Count];
        var unread = new UnreadImages(set.Name, set.Count);
        bool first = true;
        foreach (var feature in Enum.GetValues<PatchFeature>())
        {
            int shown = 0, segmented = 0;
            var segmenter = model.Segmenter(named, feature, windows, source.HasBackground && !left ? threshold : null, refinement);
            var confusion = Progress.Show("images", set.Count, report => SegmentationScores.Of(segmenter, set, (example, predicted) =>
            {
                report(++segmented);
                masks?.Write(folder, Name(feature), example.Key, predicted);
                sheet?.Add(shown++, example, predicted, feature == PatchFeature.MapValues ? "map" : "last block");
                if (first)
                    foreach (var label in example.Labels.Labels)
                        if (label >= 0) pixels[label]++;
            }, unread.Add, Interrupt.Current?.Token ?? default, set.MergedFrom is { } from ? label => Math.Min(label, from) : null));
            int read = unread.Others().Count;
            if (first) unread.Say();
            if (first && confusion.Total == 0)
                throw new InvalidDataException($"{source.Name}: every pixel is {(left ? "background or " : "")}of a label that is ignored "
                    + "(--ignore, 255 unless given), so none counts. "
                    + $"{(left ? "--background words counts the background; m" : "M")}asks drawn as 0 and 255 want 255 written as 1, the number of "
                    + "its class");
            first = false;
            yield return Line(set, read, Name(feature) + RefinementOptions.Words(refinement), confusion);
        }
        yield return Line(set, unread.Others().Count, $"always {set.Classes.Names[Array.IndexOf(pixels, pixels.Max())]}, the most frequent",
            Constant(pixels));
    }

    static Score Line(ISegmentationSource set, int count, string method, ConfusionMatrix confusion) => new(set.Name, count, method,
    [
        new("mIoU", confusion.MeanIntersectionOverUnion()), new("pixels right", confusion.Accuracy),
        new("mean of classes", confusion.PerClassAccuracy().Where(double.IsFinite).Average()),
    ]);

    static ConfusionMatrix Constant(long[] pixels)
    {
        var (confusion, best) = (new ConfusionMatrix(pixels.Length), Array.IndexOf(pixels, pixels.Max()));
        for (int k = 0; k < pixels.Length; k++) confusion.Add(k, best, pixels[k]);
        return confusion;
    }

    static string Name(PatchFeature feature) => feature == PatchFeature.MapValues ? "map values" : "last-block values";
}
