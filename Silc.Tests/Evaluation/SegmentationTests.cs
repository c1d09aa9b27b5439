namespace Silc.Tests;

[TestClass]
public sealed class SegmentationTests
{
    // An embedder that sees colours: a patch is its mean colour.
    static Vectors MeanColours(float[] pixels, int side, int patch)
    {
        int grid = side / patch, images = pixels.Length / (side * side * 3);
        var features = new Vectors(images * grid * grid, 3);
        for (int i = 0; i < pixels.Length; i++)
        {
            int pixel = i / 3 % (side * side), row = i / 3 / (side * side) * grid * grid + pixel / side / patch * grid + pixel % side / patch;
            features[row, i % 3] += (pixels[i] + 1) / 2 / (patch * patch);
        }
        return features.Normalize();
    }

    static readonly IReadOnlyList<string>[] Names = [["red", "dark red"], ["green"], ["blue", "yellow"]];

    static ClassPrototypes Colours(AliasUse use = AliasUse.First, params IReadOnlyList<string>[] before) => ClassPrototypes.Of(
        ClassList.Of([.. before, .. Names]),
        texts => Vectors.Of(texts.Select(text => text switch
        {
            "red" or "dark red" => new float[] { 1, 0, 0 },
            "green" => [0, 1, 0],
            "blue" => [0, 0, 1],
            _ => [1, 1, 0],
        })), Prompts.NameOnly, use);

    static RgbImage Paint(int width, int height, Func<int, int, (byte, byte, byte)> colour)
    {
        var image = Images.Plain(width, height, 0, 0, 0);
        for (int i = 0; i < width * height; i++) (image.Rgba[4 * i], image.Rgba[4 * i + 1], image.Rgba[4 * i + 2]) = colour(i % width, i / width);
        return image;
    }

    [TestMethod]
    public void Halves_are_told_apart_whole_and_by_windows()
    {
        var image = Paint(48, 32, (x, _) => x < 24 ? ((byte)255, (byte)0, (byte)0) : ((byte)0, (byte)0, (byte)255));
        foreach (var windows in new[] { SegmentationWindows.Whole(32), SegmentationWindows.Sliding(16),
            new SegmentationWindows(16, 32, 8), new(32, 32, 5) })
        {
            var labels = new ZeroShotSegmenter((pixels, side) => MeanColours(pixels, side, 4), 4, Colours(), windows).Segment(image);
            int wrong = labels.Labels.Index().Count(entry => entry.Item != (entry.Index % 48 < 24 ? 0 : 2));
            Assert.IsTrue(wrong <= 32 * 4, $"{windows}: {wrong} pixels wrong, more than a patch's width along the border");
        }
    }

    /// <summary>Of two classes at 0.6 and 0.5 in the windows the second wins by the whole image's 0.1 and 0.4: 0.35 and 0.45.</summary>
    [TestMethod]
    public void The_whole_image_counts_as_much_as_all_windows()
    {
        var windows = SegmentationWindows.SquashedAndWhole(12);      // 20 pixels, windows of 12 at 0 and 8
        LabelMap Segment(SegmentationWindows windows, double? threshold) => new ZeroShotSegmenter((pixels, side) =>
        {
            int count = pixels.Length / (side * side * 3), cells = 36;
            var scores = new Vectors(count * cells, 2);
            for (int i = 0; i < scores.Count; i++)
                (scores[i, 0], scores[i, 1]) = windows.AndWhole && i / cells == count - 1 ? (0.1f, 0.4f) : (0.6f, 0.5f);
            return scores;
        }, cells: 6, scores => scores, 2, windows, threshold, ImageRule.Own).Segment(Images.Noise(30, 20, 1));
        Assert.IsTrue(Segment(windows with { AndWhole = false }, null).Labels.All(label => label == 0));
        Assert.IsTrue(Segment(windows, null).Labels.All(label => label == 1));
        // Probabilities are compared with the threshold themselves.
        Assert.IsTrue(Segment(windows, 0.44).Labels.All(label => label == 1));
        Assert.IsTrue(Segment(windows, 0.46).Labels.All(label => label == 0));
    }

    /// <summary>Every pixel again from the definition, in double: patch scores, bilinear by distance, mean over windows.</summary>
    [TestMethod]
    [DataRow(16, null, null, 20, 12)]
    [DataRow(16, 24, 12, 31, 20)]
    [DataRow(8, 20, 6, 17, 29)]
    public void Scores_are_interpolated_and_averaged_as_defined(int side, int? shortSide, int? stride, int width, int height)
    {
        const int Patch = 4;
        var windows = new SegmentationWindows(side, shortSide, stride);
        var image = Images.Noise(width, height, seed: 6);
        var (across, down) = windows.Size(image);
        var (left, top) = (windows.Starts(across), windows.Starts(down));
        Assert.AreEqual(across - side, left[^1]);
        var random = new Random(2);
        int cells = side / Patch;
        var features = Vectors.Of(Enumerable.Range(0, left.Length * top.Length * cells * cells)
            .Select(_ => new float[] { random.NextSingle(), random.NextSingle(), random.NextSingle() }));
        var classes = Colours(AliasUse.Best);
        var (scores, checkedPixels) = (classes.Scores(features), 0);
        var labels = new ZeroShotSegmenter((_, _) => features, Patch, classes, windows).Segment(image);
        var sparing = new ZeroShotSegmenter((_, _) => features, Patch, Colours(AliasUse.Best, ["nothing", "background"]).WithoutFirst(),
            windows, threshold: 0.6, temperature: 10).Segment(image);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                double atX = (x + 0.5) * across / width, atY = (y + 0.5) * down / height;
                var sums = new double[3];
                int seen = 0;
                for (int w = 0; w < left.Length * top.Length; w++)
                {
                    double inX = atX - left[w % left.Length], inY = atY - top[w / left.Length];
                    if (inX < 0 || inX > side || inY < 0 || inY > side) continue;
                    seen++;
                    double u = Math.Clamp(inX / Patch - 0.5, 0, cells - 1), v = Math.Clamp(inY / Patch - 0.5, 0, cells - 1);
                    for (int cell = 0; cell < cells * cells; cell++)
                        for (int k = 0; k < 3; k++)
                            sums[k] += scores[w * cells * cells + cell, k] * Math.Max(0, 1 - Math.Abs(u - cell % cells))
                                * Math.Max(0, 1 - Math.Abs(v - cell / cells));
                }
                var mean = sums.Select(sum => sum / seen).ToArray();
                int best = Array.IndexOf(mean, mean.Max());
                double probability = 1 / mean.Sum(score => Math.Exp(10 * (score - mean.Max())));
                if (mean.Order().ToArray() is var order && order[2] - order[1] < 1e-5 || Math.Abs(probability - 0.6) < 1e-5) continue;
                checkedPixels++;
                Assert.AreEqual(best, labels.Labels[y * width + x], $"pixel {x}, {y}");
                Assert.AreEqual(probability < 0.6 ? 0 : best + 1, sparing.Labels[y * width + x], $"pixel {x}, {y}, with a background");
            }
        Assert.IsTrue(checkedPixels > width * height * 9 / 10);
        Assert.IsTrue(sparing.Labels.Contains(0) && sparing.Labels.Any(label => label > 0));
    }

    [TestMethod]
    public void A_class_scores_as_its_best_name_or_as_the_mean()
    {
        var yellow = new float[,] { { 1, 1, 0 } };
        // Cosines with red, green, blue, yellow: √½, √½, 0, 1; "blue, yellow" averaged is (1, 1, √2) / 2, whose cosine is √½ as well.
        CollectionAssert.AreEqual(new[] { 0.70710677f, 0.70710677f, 0f }, Colours().Scores(yellow).Values.ToArray());
        Assert.AreEqual(1f, Colours(AliasUse.Best).Scores(yellow)[0, 2], 1e-6f);
        Assert.AreEqual(Math.Sqrt(0.5), Colours(AliasUse.Average).Scores(yellow)[0, 2], 1e-6);
        CollectionAssert.AreEqual(new[] { 0, 0, 1, 2, 2 }, Colours(AliasUse.Best).ClassOf.ToArray());
        var spare = Colours(AliasUse.Best, ["nothing", "background"]).WithoutFirst().Scores(yellow);
        CollectionAssert.AreEqual(new[] { float.NegativeInfinity, 0.70710677f, 0.70710677f, 0.99999994f }, spare.Values.ToArray());
        Assert.ThrowsExactly<ArgumentException>(() => Colours().WithoutFirst().WithoutFirst().WithoutFirst().WithoutFirst());
    }

    [TestMethod]
    public void Windows_that_do_not_fit_are_refused()
    {
        ZeroShotSegmenter Make(SegmentationWindows windows, double? threshold = null) =>
            new((_, _) => new float[1, 3], 4, Colours(), windows, threshold);
        Assert.Contains("30", Assert.ThrowsExactly<ArgumentException>(() => Make(new(30))).Message);
        Assert.Contains("short side", Assert.ThrowsExactly<ArgumentException>(() => Make(new(32, 16))).Message);
        Assert.Contains("stride", Assert.ThrowsExactly<ArgumentException>(() => Make(new(32, 64, 33))).Message);
        Assert.Contains("1.5", Assert.ThrowsExactly<ArgumentException>(() => Make(new(32), 1.5)).Message);
    }

    [TestMethod]
    public void Perfect_features_segment_the_demo_perfectly_and_labels_beyond_the_classes_are_named()
    {
        var source = new DemoSegmentation(12, seed: 5, size: 48, DemoTask.Shape);
        Assert.AreEqual(13, source.Classes.Count);
        Assert.AreEqual("blue background", source.Classes.Called[0][5]);
        var confusion = new ConfusionMatrix(13);
        for (int i = 0; i < source.Count; i++)
        {
            var example = source.Read(i);
            CollectionAssert.AreEqual(new DemoSource(12, 5, 48).Scene(i).ShapeMask().Select(label => (int)label).ToArray(), example.Labels.Labels);
            confusion.Add(example.Labels.Labels, example.Labels.Labels);
        }
        Assert.AreEqual(1, confusion.MeanIntersectionOverUnion());
        var kinds = new DemoSegmentation(12, seed: 5, size: 48, DemoTask.Kind).Read(3);
        var colours = new DemoSegmentation(12, seed: 5, size: 48).Read(3);
        for (int i = 0; i < kinds.Labels.Labels.Length; i++)
        {
            var kind = kinds.Labels.Labels[i];
            Assert.AreEqual(colours.Labels.Labels[i], kind == 0 ? 0 : 1 + (int)DemoClasses.Of(DemoLevel.Hard).Colour(kind - 1));
        }

        var few = new FewClasses(source);
        var segmenter = new ZeroShotSegmenter((pixels, side) => MeanColours(pixels, side, 4), 4, Colours(), SegmentationWindows.Whole(16));
        Assert.Contains("demo scene", Assert.ThrowsExactly<InvalidDataException>(() => SegmentationScores.Of(segmenter, few)).Message);
    }

    sealed class FewClasses(ISegmentationSource source) : ISegmentationSource
    {
        public string Name => source.Name;
        public int Count => source.Count;
        public ClassList Classes { get; } = ClassList.Of(["a", "b", "c"]);
        public bool HasBackground => false;
        public SegmentedImage Read(int index) =>
            source.Read(index) with { Labels = source.Read(index).Labels.Map(label => label == 0 ? 0 : 3 + label) };
    }
}
