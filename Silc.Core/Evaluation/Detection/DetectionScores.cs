namespace Silc;

/// <summary>
/// How good detections are, by the rules of COCO or of LVIS. AP is the mean of precision over 101 recalls, ten thresholds of IoU (.50 to .95) and
/// the categories that occur; AR the mean of the recalls that are reached. -1, as the official programs say it, where nothing has such a
/// truth. Agrees with the official programs on generated sets with crowds, ties and empty images. Threads: immutable.
/// </summary>
/// <example>
/// <code>
/// var truth = CocoFile.Read("instances_val2017.json");
/// var scores = DetectionScores.Coco(truth, DetectionResults.Read("results.json"));
/// foreach (var (name, value) in scores.Official) Console.WriteLine($"{name} {value:P1}");
/// </code>
/// </example>
public sealed class DetectionScores
{
    const int LvisLimit = 300;

    readonly PrecisionTable table;
    readonly DetectionTruth truth;
    readonly IReadOnlyList<int> limits;

    DetectionScores(PrecisionTable table, DetectionTruth truth, IReadOnlyList<int> limits, bool isLvis)
    {
        (this.table, this.truth, this.limits) = (table, truth, limits);
        Official = [.. isLvis ? OfLvis() : OfCoco()];
    }

    /// <summary>The numbers that the official program prints, in its order: 12 of COCO, 13 of LVIS.</summary>
    public IReadOnlyList<(string Name, double Value)> Official { get; }

    /// <summary>By the rules of COCO: at most 100 detections of an image and category, crowds are neither right nor wrong.</summary>
    /// <param name="truth">What is there.</param>
    /// <param name="found">What was found, of equal scores the first one first.</param>
    /// <param name="masks">Compares masks instead of boxes.</param>
    /// <exception cref="ArgumentException">
    /// A detection of an unknown image or category, a score that is not finite, a mask that is missing; the message names it.
    /// </exception>
    public static DetectionScores Coco(DetectionTruth truth, IReadOnlyList<Detection> found, bool masks = false) =>
        Measure(truth, found, new(DetectionRules.UsualAreas, [1, 10, 100], HasCrowds: true, masks), isLvis: false);

    /// <summary>
    /// By the rules of LVIS, whose images are not searched for every category: at most 300 detections of an image; those of a category that is
    /// neither among its truths nor its negatives are dropped; where not everything of a category is marked, what matches nothing is not wrong.
    /// </summary>
    /// <inheritdoc cref="Coco"/>
    public static DetectionScores Lvis(DetectionTruth truth, IReadOnlyList<Detection> found, bool masks = false) =>
        Measure(truth, found, new(DetectionRules.UsualAreas, [int.MaxValue], HasCrowds: false, masks), isLvis: true);

    /// <summary>AP of all categories or of some, at all thresholds of IoU or at one.</summary>
    /// <param name="threshold">.50, .55, … .95; null takes the mean over all.</param>
    /// <param name="area">Which things count.</param>
    /// <param name="categories">Ids; null takes all.</param>
    /// <exception cref="ArgumentException">No such threshold or category.</exception>
    public double Precision(double? threshold = null, DetectionArea area = DetectionArea.All, IEnumerable<long>? categories = null)
    {
        int? place = threshold is not { } wanted ? null
            : PrecisionTable.Thresholds.Index().Where(known => Math.Abs(known.Item - wanted) < 1e-9).Select(known => (int?)known.Index)
                .FirstOrDefault() ?? throw new ArgumentException($"threshold {wanted} of IoU; AP is measured at .50, .55 and so on to .95");
        return table.MeanPrecision(Places(categories), (int)area, limits.Count - 1, place);
    }

    /// <summary>AR of all categories or of some.</summary>
    /// <param name="limit">Detections of an image and category: 1, 10 or 100 of COCO; null takes the most.</param>
    /// <param name="area">Which things count.</param>
    /// <param name="categories">Ids; null takes all.</param>
    /// <exception cref="ArgumentException">No such limit or category.</exception>
    public double Recall(int? limit = null, DetectionArea area = DetectionArea.All, IEnumerable<long>? categories = null)
    {
        int place = limit is { } most ? limits.ToList().IndexOf(most) : limits.Count - 1;
        Require.That(place >= 0, $"limit {limit} of detections; recall is measured at {string.Join(", ", limits)}");
        return table.MeanRecall(Places(categories), (int)area, place);
    }

    IEnumerable<int> Places(IEnumerable<long>? ids)
    {
        if (ids is null) return Enumerable.Range(0, truth.Categories.Count);
        var known = truth.Categories.Index().ToDictionary(entry => entry.Item.Id, entry => entry.Index);
        return [.. ids.Select(id => known.TryGetValue(id, out int place) ? place : throw new ArgumentException($"there is no category {id}"))];
    }

    IEnumerable<(string, double)> OfCoco()
    {
        foreach (var entry in Precisions()) yield return entry;
        foreach (int limit in limits) yield return ($"AR{limit}", Recall(limit));
        foreach (var area in new[] { DetectionArea.Small, DetectionArea.Medium, DetectionArea.Large })
            yield return ($"AR{Letter(area)}", Recall(area: area));
    }

    IEnumerable<(string, double)> OfLvis()
    {
        foreach (var entry in Precisions()) yield return entry;
        foreach (char frequency in "rcf")
            yield return ($"AP{frequency}", Precision(categories: truth.Categories.Where(category => category.Frequency == frequency)
                .Select(category => category.Id)));
        foreach (var area in Enum.GetValues<DetectionArea>()) yield return ($"AR{Letter(area)}@{LvisLimit}", Recall(area: area));
    }

    IEnumerable<(string, double)> Precisions()
    {
        yield return ("AP", Precision());
        yield return ("AP50", Precision(0.5));
        yield return ("AP75", Precision(0.75));
        foreach (var area in new[] { DetectionArea.Small, DetectionArea.Medium, DetectionArea.Large })
            yield return ($"AP{Letter(area)}", Precision(area: area));
    }

    static string Letter(DetectionArea area) => area == DetectionArea.All ? "" : $"{char.ToLowerInvariant(area.ToString()[0])}";

    static DetectionScores Measure(DetectionTruth truth, IReadOnlyList<Detection> found, DetectionRules rules, bool isLvis)
    {
        DetectionCheck.Of(truth, found, rules.Masks);
        if (isLvis)
            foreach (var category in truth.Categories)
                Require.That(category.Frequency is 'r' or 'c' or 'f',
                    $"category {category.Id}, {category.Name}, has no frequency r, c or f; LVIS wants one, other sets are measured as COCO");
        var images = truth.Images.ToDictionary(image => image.Id);
        var truths = truth.Instances.ToLookup(instance => (instance.CategoryId, instance.ImageId));
        var detections = (isLvis ? Searched(truth, found, images) : found).ToLookup(detection => (detection.CategoryId, detection.ImageId));
        var imagesOf = truths.Select(group => group.Key).Concat(detections.Select(group => group.Key)).Distinct()
            .ToLookup(pair => pair.CategoryId, pair => pair.ImageId);
        var table = new PrecisionTable(truth.Categories.Count, rules.Areas.Count, rules.Limits.Count);
        ParallelLoop.Run(truth.Categories.Count, k =>
        {
            long category = truth.Categories[k].Id;
            var matches = new DetectionMatches(table, k, rules);
            foreach (long image in imagesOf[category].Order())
                matches.Add([.. truths[(category, image)]], [.. detections[(category, image)]],
                    unmatchedCount: images[image].NotExhaustive?.Contains(category) != true || !isLvis);
            matches.Finish();
        });
        return new(table, truth, rules.Limits, isLvis);
    }

    // What LVIS judges of the detections.
    static IEnumerable<Detection> Searched(DetectionTruth truth, IReadOnlyList<Detection> found, Dictionary<long, DetectionImage> images)
    {
        var present = truth.Instances.Select(instance => (instance.ImageId, instance.CategoryId)).ToHashSet();
        foreach (var image in found.GroupBy(detection => detection.ImageId))
            foreach (var detection in image.OrderByDescending(detection => detection.Score).Take(LvisLimit))
                if (present.Contains((image.Key, detection.CategoryId)) || images[image.Key].Negatives?.Contains(detection.CategoryId) == true)
                    yield return detection;
    }
}
