using Silc.Samples.Data;
using Silc.Samples.Evaluation;

namespace Silc.Samples.Report;

/// <summary>Every evaluation that a run's data allow: those of <c>silc eval</c>, with images.</summary>
sealed class RunEvaluation
{
    const string ZeroShotTitle = "Zero-shot classification";
    const int MapImages = 6, FinestGrid = 14;

    readonly SilcModel model;
    readonly SegmentationSheet segmentation = new();

    RunEvaluation(SilcModel model) => this.model = model;

    public List<(string Title, IReadOnlyList<Score> Scores)> Tables { get; } = [];

    public List<Headline> Headlines { get; } = [];

    public ClassReport Classes { get; } = new();

    /// <summary>Captions and the images found for them, by set.</summary>
    public List<(string Name, IReadOnlyList<ContactSheetRow> Rows)> Retrieval { get; } = [];

    public IReadOnlyList<SegmentedSet> Segmentation => [.. segmentation.Sets];

    public IReadOnlyList<PatchMap> Maps { get; private set; } = [];

    /// <summary>All evaluations on the demo's held-out images.</summary>
    public static RunEvaluation Demo(SilcModel model, string data, DemoLevel level)
    {
        var (found, images) = (new RunEvaluation(model), DemoSet.HeldOut(level));
        var zImage = ReadableImages.Embed(model, images).Rows;
        found.Table(ZeroShotTitle, [.. DemoScores.Of(model, images, zImage, report: found.Classes)], "zero-shot", "chance");
        found.Retrieval.Add(($"Closest of {images.Count:N0} held-out images to each caption", DemoSheet.Rows(model, images, zImage)));
        found.Table("Retrieval", [.. RetrievalScores.Of(model, DemoSet.HeldOutScenes(level))], "caption to image", "chance, caption to image");
        found.Probe(ProbeTask.Demo(level));
        found.Segment(data);
        return found;
    }

    /// <summary>All evaluations on held-out emoji and those of the unseen style.</summary>
    public static RunEvaluation Emoji(SilcModel model, string data, EmojiSet set)
    {
        var found = new RunEvaluation(model);
        found.Table(ZeroShotTitle, [.. new EmojiScores(model, set, Prompts.NameOnly, EvalCrop.Squash, found.Classes).All()], "zero-shot", "chance");
        found.Retrieve(set.HeldOut(), set.UnseenStyle());
        found.Probe(ProbeTask.Emoji(set));
        found.Segment(data);
        return found;
    }

    /// <summary>Images with classes, by their names.</summary>
    public static RunEvaluation ByClass(SilcModel model, ILabelled source)
    {
        var found = new RunEvaluation(model);
        var scores = ClassScores.Of(model, source, null, Prompts.Templates("clip"), AliasUse.First, EvalCrop.Squash, found.Classes,
            rows => found.Retrieval.Add(($"Closest of {source.Count:N0} images to each class", rows)));
        found.Table(ZeroShotTitle, [.. scores], "zero-shot", "chance");
        found.Map(source);
        return found;
    }

    /// <summary>Images with captions.</summary>
    public static RunEvaluation Captions(SilcModel model, IImageTextSource source)
    {
        var found = new RunEvaluation(model);
        found.Retrieve(source);
        found.Map(source);
        return found;
    }

    /// <summary>Patches alone: of images that were trained on, scores say little.</summary>
    public static RunEvaluation Look(SilcModel model, IImageTextSource source)
    {
        var found = new RunEvaluation(model);
        found.Map(source);
        return found;
    }

    /// <summary>The overlays as a file.</summary>
    public void WriteSegmentation(string path) => segmentation.Write(path);

    void Table(string title, IReadOnlyList<Score> scores, string method, string beside)
    {
        Tables.Add((title, scores));
        Headlines.AddRange(Headline.Of(title, scores, method, beside));
    }

    void Retrieve(params IEnumerable<IImageTextSource> sources)
    {
        var scores = sources.SelectMany(source => RetrievalScores.Of(model, source,
            sheet: rows => Retrieval.Add(($"Closest of {source.Count:N0} images to each caption: {source.Name}", rows))));
        Table("Retrieval", [.. scores], "caption to image", "chance, caption to image");
    }

    // Fitting the linear probe would take minutes.
    void Probe(IReadOnlyList<ProbeTask> tasks) =>
        Table("Probes on frozen features", [.. tasks.SelectMany(new ProbeScores(model, linear: false).Of)], "10 nearest neighbours", "always");

    void Segment(string data)
    {
        List<Score> scores = [];
        foreach (var source in SegmentationOptions.Drawn(data)!)
        {
            scores.AddRange(SegmentationRun.OfDrawn(model, source).Score(segmentation));
            if (Maps is []) Map([.. Enumerable.Range(0, MapImages).Select(i => source.Read(i).Image)]);
        }
        Table("Zero-shot segmentation", scores, "map values", "always");
    }

    void Map(IImageTextSource source)
    {
        int step = Math.Max(1, source.Count / MapImages);
        // Spread over the set; then all others, for the case that some cannot be read.
        var order = Enumerable.Range(0, source.Count).OrderBy(i => i % step).ThenBy(i => i);
        Map([.. order.Select(i => Readable(source, i)).OfType<RgbImage>().Take(MapImages)]);
    }

    static RgbImage? Readable(IImageTextSource source, int index)
    {
        try
        {
            return source.Read(index).Image;
        }
        catch (Exception error) when (Unreadable.Is(error))
        {
            return null;
        }
    }

    // Small models have few patches: twice as many show more, at positions in between.
    void Map(IReadOnlyList<RgbImage> images) =>
        Maps = images.Count == 0 ? [] : PatchMap.Of(model, images,
            model.Config.PatchSize * model.Config.Grid * (model.Config.Grid < FinestGrid ? 2 : 1));
}
