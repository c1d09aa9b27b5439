using Silc.Samples.Evaluation;

namespace Silc.Tests;

[TestClass, DoNotParallelize]
public sealed class PatchProbeTests : TempFolder
{
    const int Patch = 4, Side = 16;

    // A tower that sees mean colours.
    static Vectors MeanColours(float[] pixels, int side)
    {
        int grid = side / Patch, images = pixels.Length / (side * side * 3);
        var features = new Vectors(images * grid * grid, 3);
        for (int i = 0; i < pixels.Length; i++)
        {
            int pixel = i / 3 % (side * side), row = i / 3 / (side * side) * grid * grid + pixel / side / Patch * grid + pixel % side / Patch;
            features[row, i % 3] += pixels[i] / (Patch * Patch);
        }
        return features;
    }

    [TestMethod]
    public void A_patch_has_the_label_of_most_of_its_pixels()
    {
        // Label 1 on the left five columns of eight, label 2 on the rest; the first row does not count.
        var map = new LabelMap(8, 8, [.. Enumerable.Range(0, 64).Select(i => i < 8 ? LabelMap.Ignore : i % 8 < 5 ? 1 : 2)]);
        CollectionAssert.AreEqual(new[] { 1, 2, 1, 2 }, PatchProbe.MostOf(map, 2));
        CollectionAssert.AreEqual(Enumerable.Repeat(LabelMap.Ignore, 4).ToArray(), PatchProbe.MostOf(map, 8)[..4]);
        // Finer than the map: every patch has the pixel below it.
        var small = new LabelMap(2, 1, [0, 1]);
        CollectionAssert.AreEqual(new[] { 0, 0, 1, 1 }, PatchProbe.MostOf(small, 4)[..4]);
    }

    [TestMethod]
    public void Colours_are_read_off_mean_colours_and_shapes_are_not()
    {
        (double Colour, double Shape) found = (Score(DemoTask.Colour), Score(DemoTask.Shape));
        Assert.IsGreaterThan(0.45, found.Colour);
        Assert.IsLessThan(0.2, found.Shape);

        static double Score(DemoTask task)
        {
            var (known, asked) = (Scenes(60, 1, task), Scenes(20, 2, task));
            var probe = PatchProbe.Fit(MeanColours, Patch, Side, known, ImageRule.Own);
            Assert.IsLessThanOrEqualTo(60 * 16, probe.Patches);
            var segmenter = new ZeroShotSegmenter(MeanColours, Patch, probe.Scores, known.Classes.Count, SegmentationWindows.Whole(Side));
            return SegmentationScores.Of(segmenter, asked).MeanIntersectionOverUnion();
        }

        static ISegmentationSource Scenes(int count, int seed, DemoTask task) =>
            new ObjectsAlone(new DemoSegmentation(count, seed, 32, task, DemoLevel.Plain));
    }

    [TestMethod]
    public void A_set_of_ignored_pixels_alone_says_so()
    {
        var none = new ObjectsAlone(new FewScenes());
        Assert.Contains("no patch shows mostly pixels of a class that counts",
            Assert.ThrowsExactly<InvalidDataException>(() => PatchProbe.Fit(MeanColours, Patch, Side, none, ImageRule.Own)).Message);
    }

    [TestMethod]
    public void The_command_prints_both_tasks_and_refuses_a_test_set_of_the_demo()
    {
        var model = CaseModel.In(Root);
        var (code, output, error) = CommandLineRun.Of("probe", "patches", "--model", model, "--data", "demo", "--images", "10", "--device", "cpu");
        Assert.AreEqual(0, code, error);
        Assert.Contains("by colour", output);
        Assert.Contains("by shape", output);
        Assert.Contains("linear probe of", output);
        Assert.Contains("the most frequent", output);
        (code, _, error) = CommandLineRun.Of("probe", "patches", "--model", model, "--data", "demo", "--test", "masks:x", "--device", "cpu");
        Assert.AreEqual(1, code);
        Assert.Contains("--test is for masks, tables and shards, not for --data demo", error);
        Directory.CreateDirectory(At("m/images"));
        File.WriteAllText(At("c.txt"), "a\nb\n");
        (code, _, error) = CommandLineRun.Of("probe", "patches", "--model", model, "--data", $"masks:{At("m")}", "--classes", At("c.txt"),
            "--device", "cpu");
        Assert.AreEqual(1, code);
        Assert.Contains("give --test, too", error);
    }

    /// <summary>One image that is background alone.</summary>
    sealed class FewScenes : ISegmentationSource
    {
        public string Name => "few";
        public int Count => 1;
        public ClassList Classes { get; } = ClassList.Of(["background", "thing"]);
        public bool HasBackground => true;
        public Colour ColourOf(int label) => default;
        public SegmentedImage Read(int index) => new("one", Images.Plain(8, 8, 0, 0, 0), new(8, 8, new int[64]));
    }
}
