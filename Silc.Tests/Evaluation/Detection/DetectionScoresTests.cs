namespace Silc.Tests;

[TestClass]
public sealed class DetectionScoresTests
{
    const double Close = 1e-12;

    static Instance True(long image, long category, Box box, bool crowd = false) => new(image, category, box, box.Area, crowd);

    static DetectionTruth Truth(IEnumerable<Instance> instances, params DetectionImage[] images) => new("hand", images,
        [.. Enumerable.Range(1, 3).Select(id => new DetectionCategory(id, $"kind {id}", 'f'))], [.. instances]);

    static DetectionImage Image(long id, long[]? negatives = null, long[]? notExhaustive = null) =>
        new(id, $"{id}.jpg", 100, 100, negatives, notExhaustive);

    static double Ap(DetectionTruth truth, params Detection[] found) => DetectionScores.Coco(truth, found).Precision();

    [TestMethod]
    [DataRow("coco0"), DataRow("coco1"), DataRow("coco2"), DataRow("coco3"), DataRow("coco4"), DataRow("coco5")]
    public void Twelve_numbers_are_those_of_pycocotools(string name)
    {
        var official = MetricsFolder.Json("detection.json").GetProperty(name);
        bool masks = official.GetProperty("kind").GetString() == "segm";
        var truth = CocoFile.Read(MetricsFolder.File($"{name}.json"), masks);
        var found = DetectionResults.Read(MetricsFolder.File($"{name}.results.json"));
        var scores = DetectionScores.Coco(truth, found, masks);
        var expected = official.GetProperty("stats").Reals();
        CollectionAssert.AreEqual(new[] { "AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl" },
            scores.Official.Select(entry => entry.Name).ToArray());
        foreach (var ((entry, value), wanted) in scores.Official.Zip(expected)) Assert.AreEqual(wanted, value, Close, entry);
    }

    [TestMethod]
    public void Generated_sets_have_what_is_hard()
    {
        DetectionTruth[] sets = [.. Enumerable.Range(0, 6).Select(i => CocoFile.Read(MetricsFolder.File($"coco{i}.json")))];
        Assert.IsGreaterThan(4, sets.Count(set => set.Instances.Any(instance => instance.IsCrowd)));
        Assert.IsGreaterThan(3, sets.Count(set => set.Images.Count > set.Instances.Select(instance => instance.ImageId).Distinct().Count()));
        Assert.IsTrue(sets.All(set => set.Categories.Count > set.Instances.Select(instance => instance.CategoryId).Distinct().Count()));
        Assert.IsTrue(Enumerable.Range(0, 6).All(i => DetectionResults.Read(MetricsFolder.File($"coco{i}.results.json"))
            .GroupBy(detection => (detection.CategoryId, detection.Score)).Any(equal => equal.Count() > 1)), "equal scores");
    }

    [TestMethod]
    [DataRow("lvis0"), DataRow("lvis1"), DataRow("lvis2")]
    public void Thirteen_numbers_are_those_of_lvis(string name)
    {
        var official = MetricsFolder.Json("detection.json").GetProperty(name);
        var truth = CocoFile.Read(MetricsFolder.File($"{name}.json"));
        var found = DetectionResults.Read(MetricsFolder.File($"{name}.results.json"));
        Assert.IsGreaterThan(300, found.GroupBy(detection => detection.ImageId).Max(image => image.Count()));
        var scores = DetectionScores.Lvis(truth, found);
        CollectionAssert.AreEqual(official.EnumerateObject().Select(entry => entry.Name).Order().ToArray(),
            scores.Official.Select(entry => entry.Name).Order().ToArray());
        foreach (var (entry, value) in scores.Official) Assert.AreEqual(official.GetProperty(entry).GetDouble(), value, Close, entry);
    }

    [TestMethod]
    public void Precision_over_recall_by_hand()
    {
        var truth = Truth([True(1, 1, new(0, 0, 10, 10)), True(1, 1, new(20, 0, 10, 10)), True(2, 1, new(0, 0, 10, 10))], Image(1), Image(2));
        // Precision 1 up to recall 1/3, 34 of the 101 points; 2/3 up to recall 2/3, 33 points; 0 beyond.
        Assert.AreEqual((34 + 33 * 2 / 3.0) / 101, Ap(truth, new(1, 1, new(0, 0, 10, 10), 0.9), new(1, 1, new(50, 50, 10, 10), 0.8),
            new(2, 1, new(0, 0, 10, 10), 0.7)), 1e-9);
        Assert.AreEqual(0, Ap(truth));
        Assert.AreEqual(-1, Ap(Truth([], Image(1)), new Detection(1, 1, new(0, 0, 5, 5), 0.5)));
        // An overlap of 8 in 12 is right up to .65; the second finding of the same thing is wrong.
        Assert.AreEqual(0.4, Ap(Truth([True(1, 1, new(0, 0, 10, 10))], Image(1)), new(1, 1, new(2, 0, 10, 10), 0.9),
            new(1, 1, new(2, 0, 10, 10), 0.8)), 1e-9);
    }

    [TestMethod]
    public void What_lies_in_a_crowd_is_neither_right_nor_wrong()
    {
        var truth = Truth([True(1, 1, new(0, 0, 10, 10)), True(1, 1, new(50, 50, 40, 40), crowd: true)], Image(1));
        Detection[] found = [new(1, 1, new(55, 55, 5, 5), 0.9), new(1, 1, new(60, 60, 5, 5), 0.8), new(1, 1, new(0, 0, 10, 10), 0.7)];
        Assert.AreEqual(1, Ap(truth, found), 1e-9);
        Assert.AreEqual(0.5, Ap(truth, [.. found, new(1, 1, new(20, 20, 5, 5), 0.75)]), 1e-9);
    }

    [TestMethod]
    public void Federated_rules_by_hand()
    {
        Instance[] truths = [True(1, 1, new(0, 0, 10, 10)), True(1, 3, new(0, 0, 10, 10)), True(2, 2, new(0, 0, 10, 10))];
        Detection[] found = [new(1, 2, new(0, 0, 10, 10), 0.99), new(2, 2, new(0, 0, 10, 10), 0.5), new(1, 3, new(70, 70, 5, 5), 0.9),
            new(1, 3, new(0, 0, 10, 10), 0.5)];
        // Nobody looked for 2 in image 1, and not every 3 is marked there.
        var scores = DetectionScores.Lvis(Truth(truths, Image(1, [], [3]), Image(2, [], [])), found);
        CollectionAssert.AreEqual(new[] { 0.0, 1, 1 }, OfEach(scores));
        scores = DetectionScores.Lvis(Truth(truths, Image(1, [2], []), Image(2, [], [])), found);
        CollectionAssert.AreEqual(new[] { 0.0, 0.5, 0.5 }, OfEach(scores));

        static double[] OfEach(DetectionScores scores) =>
            [.. new long[] { 1, 2, 3 }.Select(id => Math.Round(scores.Precision(categories: [id]), 9))];
    }

    [TestMethod]
    public void Borders_of_areas_belong_to_both_ranges_and_detections_beyond_the_limit_do_not_count()
    {
        var truth = Truth([True(1, 1, new(0, 0, 32, 32))], Image(1));
        var scores = DetectionScores.Coco(truth, [new(1, 1, new(0, 0, 32, 32), 0.5)]);
        Assert.AreEqual(1, scores.Precision(area: DetectionArea.Small), 1e-9);
        Assert.AreEqual(1, scores.Precision(area: DetectionArea.Medium), 1e-9);
        Assert.AreEqual(-1, scores.Precision(area: DetectionArea.Large));
        Detection[] many = [.. Enumerable.Range(0, 100).Select(i => new Detection(1, 1, new(60, 60, 5, 5), 0.9)), new(1, 1, new(0, 0, 32, 32), 0.8)];
        Assert.AreEqual(0, DetectionScores.Coco(truth, many).Recall());
        Assert.AreEqual(1, DetectionScores.Coco(truth, many[1..]).Recall());
        Assert.AreEqual(0, DetectionScores.Coco(truth, many[1..]).Recall(limit: 10));
        // Of equal scores the first one of the file comes first.
        Detection right = new(1, 1, new(0, 0, 32, 32), 0.5), wrong = new(1, 1, new(60, 60, 5, 5), 0.5);
        Assert.AreEqual(1, Ap(truth, right, wrong), 1e-9);
        Assert.AreEqual(0.5, Ap(truth, wrong, right), 1e-9);
    }

    [TestMethod]
    public void What_fits_no_truth_is_refused_by_its_name()
    {
        var truth = Truth([True(1, 1, new(0, 0, 10, 10))], Image(1));
        void Refused(string words, Detection found, bool masks = false) =>
            Assert.Contains(words, Assert.ThrowsExactly<ArgumentException>(() => DetectionScores.Coco(truth, [found], masks)).Message);
        Refused("image 7", new(7, 1, new(0, 0, 1, 1), 0.5));
        Refused("category 90", new(1, 90, new(0, 0, 1, 1), 0.5));
        Refused("score NaN", new(1, 1, new(0, 0, 1, 1), double.NaN));
        Refused("box 0, 0, -1, 1", new(1, 1, new(0, 0, -1, 1), 0.5));
        Refused("no mask", new(1, 1, new(0, 0, 1, 1), 0.5), masks: true);
        var scores = DetectionScores.Coco(truth, []);
        Assert.Contains("0.52", Assert.ThrowsExactly<ArgumentException>(() => scores.Precision(0.52)).Message);
        Assert.Contains("limit 3", Assert.ThrowsExactly<ArgumentException>(() => scores.Recall(3)).Message);
        Assert.Contains("category 5", Assert.ThrowsExactly<ArgumentException>(() => scores.Precision(categories: [5])).Message);
        var bare = truth with { Categories = [new(1, "one")] };
        Assert.Contains("no frequency", Assert.ThrowsExactly<ArgumentException>(() => DetectionScores.Lvis(bare, [])).Message);
        Assert.Contains("two images", Assert.ThrowsExactly<ArgumentException>(() =>
            DetectionScores.Coco(Truth([], Image(1), Image(1)), [])).Message);
    }
}
