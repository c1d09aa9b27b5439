using Silc.Samples.Data;
using Silc.Samples.Evaluation;

namespace Silc.Samples.Ablation;

/// <summary>All that is measured of a model on one data set, and which of it a table of models shows.</summary>
/// <param name="Measure">Scores a model.</param>
/// <param name="Columns">Columns of the table.</param>
sealed record Suite(Func<SilcModel, IEnumerable<Score>> Measure, IReadOnlyList<LadderColumn> Columns)
{
    /// <exception cref="ArgumentException">The data has no classes and masks to measure by.</exception>
    public static Suite Open(string data) => DemoSet.LevelOf(data) is { } level ? Demo(data, level) : DataOption.EmojiFolder(data) is { } folder
        ? Emoji(data, DataOption.OpenEmoji(folder))
        : throw new ArgumentException($"--data {data}: the ladder is measured by classes, captions and masks; it takes demo, demo:hard or "
        + "emoji:FOLDER (silc data emoji makes one)");

    static Suite Demo(string data, DemoLevel level)
    {
        var (images, scenes, tasks) = (DemoSet.HeldOut(level), DemoSet.HeldOutScenes(level), ProbeTask.Demo(level));
        var relations = DemoSet.HeldOutRelations(level);
        return new(
            model => [
                .. DemoScores.Of(model, images, model.EmbedImages(images)), .. RetrievalScores.Of(model, scenes),
                .. relations is null ? Enumerable.Empty<Score>() : RelationScores.Of(model, relations),
                .. tasks.SelectMany(Probes(model).Of), .. Segmented(model, data), .. PatchProbes(model, data),
            ],
            [
                new("zero-shot colour", "", "zero-shot by text", "colour"),
                new("zero-shot shape", "", "zero-shot by text", "shape"),
                .. relations is null ? [] : (LadderColumn[])[new("relation", "two objects", "true or turned around", "relation")],
                new("I to T R@1", "captions", "image to caption", "R@1"),
                new("T to I R@1", "captions", "caption to image", "R@1"),
                new("10-shot shape", "by shape", "10 shots", "top 1"),
                new("kNN shape", "by shape", "20 nearest", "top 1"),
                new("mIoU colour, map values", "by colour", "map values", "mIoU"),
                new("mIoU colour, last block", "by colour", "last-block values", "mIoU"),
                new("mIoU shape, map values", "by shape", "map values", "mIoU"),
                new("patch probe colour", "by colour", "linear probe of", "mIoU"),
                new("patch probe shape", "by shape", "linear probe of", "mIoU"),
            ]);
    }

    static Suite Emoji(string data, EmojiSet set)
    {
        var tasks = ProbeTask.Emoji(set);
        return new(
            model => [
                .. new EmojiScores(model, set, Prompts.NameOnly, floors: false).All(), .. RetrievalScores.Of(model, set.HeldOut(), merge: true),
                .. tasks.SelectMany(Probes(model).Of), .. Segmented(model, data), .. PatchProbes(model, data),
            ],
            [
                new("zero-shot subgroup", "held-out", "text, zero-shot", "subgroup"),
                new("unseen style", "unseen style", "text, zero-shot", "subgroup"),
                new("I to T R@10", "captions", "image to caption", "R@10"),
                new("T to I R@10", "captions", "caption to image", "R@10"),
                new("10-shot group", "held-out images, by group", "10 shots", "top 1"),
                new("kNN subgroup", "held-out images, by subgroup", "20 nearest", "top 1"),
                new("mIoU, map values", "scenes of emoji, held-out", "map values", "mIoU"),
                new("mIoU, last block", "scenes of emoji, held-out", "last-block values", "mIoU"),
                new("patch probe", "scenes of emoji, held-out", "linear probe of", "mIoU"),
            ]);
    }

    static ProbeScores Probes(SilcModel model) => new(model, linear: false);

    static IEnumerable<Score> Segmented(SilcModel model, string data) =>
        SegmentationOptions.Drawn(data)!.SelectMany(source => SegmentationRun.OfDrawn(model, source).Score(sheet: null));

    static IEnumerable<Score> PatchProbes(SilcModel model, string data)
    {
        var probe = new PatchProbeScores(model);
        return SegmentationOptions.ForProbe(data)!.SelectMany(pair => probe.Of(pair.Known, pair.Asked));
    }
}
