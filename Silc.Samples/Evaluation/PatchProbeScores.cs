using Silc.Samples.Terminals;

namespace Silc.Samples.Evaluation;

/// <summary>A linear probe of patches, learned on one set of masks and asked on another, beside the answer that needs no model.</summary>
/// <param name="model">Its image tower is frozen; text is not used.</param>
/// <param name="backgroundCounts">False leaves the background's pixels out of learning and of the score.</param>
sealed class PatchProbeScores(SilcModel model, bool backgroundCounts = false)
{
    /// <summary>mIoU, pixels right and mean of the classes, of the probe and of the most frequent class.</summary>
    public IEnumerable<Score> Of(ISegmentationSource known, ISegmentationSource asked)
    {
        if (known.HasBackground && !backgroundCounts) (known, asked) = (new ObjectsAlone(known), new ObjectsAlone(asked));
        var config = model.Config;
        int side = config.Grid * config.PatchSize;
        var probe = Progress.Show("images", known.Count,
            report => PatchProbe.Fit(model.EncodePatchPixels, config.PatchSize, side, known, config.Images, report));
        var segmenter = new ZeroShotSegmenter(model.EncodePatchPixels, config.PatchSize, probe.Scores, known.Classes.Count,
            SegmentationWindows.Whole(side), images: config.Images);
        var pixels = new long[asked.Classes.Count];
        var confusion = Progress.Show("images", asked.Count, report =>
        {
            int segmented = 0;
            return SegmentationScores.Of(segmenter, asked, (example, _) =>
            {
                report(++segmented);
                foreach (var label in example.Labels.Labels)
                    if (label >= 0) pixels[label]++;
            }, stop: Interrupt.Current?.Token ?? default);
        });
        yield return Line($"linear probe of {probe.Patches:N0} patches, penalty {probe.Penalty:g1}", confusion);
        int frequent = Array.IndexOf(pixels, pixels.Max());
        var constant = new ConfusionMatrix(pixels.Length);
        for (int k = 0; k < pixels.Length; k++) constant.Add(k, frequent, pixels[k]);
        yield return Line($"always {asked.Classes.Names[frequent]}, the most frequent", constant);

        Score Line(string method, ConfusionMatrix found) => new(asked.Name, asked.Count, method,
        [
            new("mIoU", found.MeanIntersectionOverUnion()), new("pixels right", found.Accuracy),
            new("mean of classes", found.PerClassAccuracy().Where(double.IsFinite).Average()),
        ]);
    }
}
