namespace Silc.Tests;

[TestClass]
public sealed class PatchTextHeadTests
{
    /// <summary>Softmax and binary loss with places that do not count, and the gradients of both together, against PyTorch in double.</summary>
    [TestMethod, EveryDevice]
    public void Losses_and_gradients_are_PyTorch_s(string device)
    {
        var golden = HeadTest.Golden("patch_text");
        var opened = TestDevices.Open(device);
        var config = TinyRun.Config with { Image = new(Width: 5, Depth: 1, Heads: 1, MlpDim: 7), ImageSize = 6, PatchSize = 2, ImageHead = 6 };
        using var model = SilcModel.Create(opened, config with { Views = config.Views with { LocalSize = 4 } }, 1);
        using var head = SegmentationHead.Create(model, HeadKind.Adapter, ["a", "b", "c", "d"]);
        head.Parameters.AllocateGradients();
        HeadTest.Load(head.Parameters, golden);
        using var arena = Arena.Allocate(opened, 1 << 16);
        using DeviceMatrix tokens = Of(golden["tokens"], 18, 5), aligned = Of(golden["aligned"], 18, 6), text = Of(golden["text"], 4, 6);
        using DeviceMatrix loss = new(opened, new Matrix(1, 1), 1);
        int[] labels = [.. golden["labels"].Select(label => (int)label)];
        using var places = new DeviceIntegers(opened, labels);
        var batch = new HeadBatch([tokens, aligned], places.View, text, 2, labels.Count(label => label >= 0));
        foreach (var kind in Enum.GetValues<HeadLoss>())
        {
            arena.Reset();
            head.Step(new(opened.Ops, arena), batch, new(Loss: kind), loss);
        }
        Close.To(golden["loss"], loss.Read("loss"), Close.Reordered, "loss");
        HeadTest.CheckGradients(head.Parameters, golden, Close.Reordered);

        DeviceMatrix Of(float[] values, int rows, int cols) => new(opened, new Matrix(rows, cols).With([.. values.Select(v => (double)v)]), cols);
    }

    [TestMethod, EveryDevice]
    public void Before_the_first_step_it_is_zero_shot_segmentation(string device)
    {
        using var model = HeadTest.Model(device);
        using var head = (PatchTextHead)SegmentationHead.Create(model, HeadKind.Adapter, ["red", "green", "blue"], Prompts.NameOnly);
        var source = new HeadTest.Halves(5);
        foreach (var side in new[] { 32, 16 })
        {
            float[] pixels = [.. Enumerable.Range(0, 3 * side * side * 3).Select(i => (float)Math.Sin(0.37 * i))];
            Close.To([.. model.EmbedPatchPixels(pixels, side).Values.Span], [.. head.Embed(pixels, side).Values.Span], Close.Float32,
                $"patches of {side} pixels");
        }
        var classes = model.Prototypes(source.Classes, Prompts.NameOnly);
        foreach (var windows in new[] { SegmentationWindows.Whole(32), SegmentationWindows.Sliding(16) })
            for (int i = 0; i < source.Count; i++)
            {
                int[] with = head.Segmenter(classes, windows).Segment(source.Read(i).Image).Labels;
                int[] without = model.Segmenter(classes, windows: windows).Segment(source.Read(i).Image).Labels;
                Assert.IsLessThanOrEqualTo(1, with.Zip(without).Count(pair => pair.First != pair.Second), $"image {i}: rounding decides few pixels");
            }
    }

    [TestMethod]
    [DataRow(HeadLoss.Softmax), DataRow(HeadLoss.Binary)]
    public void It_learns_what_the_tower_s_patches_show(HeadLoss loss)
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var source = new HeadTest.Halves(24);
        using var head = SegmentationHead.Create(model, HeadKind.Adapter, source.Classes.Names, Prompts.NameOnly, loss: loss);
        var classes = model.Prototypes(source.Classes, Prompts.NameOnly);
        var before = SegmentationScores.Of(head.Segmenter(classes), source).Accuracy;
        using var run = new HeadRun(head, source, new HeadTrainConfig(Steps: 150, BatchSize: 8, LearningRate: 1e-2, Loss: loss));
        var reports = new List<HeadReport>();
        Assert.AreEqual(RunEnd.Finished, run.Run(reports.Add, 50));
        CollectionAssert.AreEqual(new long[] { 50, 100, 150 }, reports.Select(report => report.Step).ToArray());
        Assert.IsLessThan(reports[0].Loss, reports[^1].Loss);
        var after = SegmentationScores.Of(head.Segmenter(classes), new HeadTest.Halves(12)).Accuracy;
        // Random weights show colours well enough; 0.55 before and 0.9 after where it was written.
        Assert.IsGreaterThan(0.8, after, $"{before:P0} before, {after:P0} after");
    }

    [TestMethod]
    public void The_model_segments_by_words_with_a_head_and_without()
    {
        using var model = HeadTest.Model(TestDevices.OneThread);
        using var head = SegmentationHead.Create(model, HeadKind.Adapter, ["red", "green"]);
        var image = new HeadTest.Halves(1).Read(0).Image;
        var map = model.Segment(image, ["red", "green", "blue"], head);
        Assert.AreEqual((image.Width, image.Height), (map.Width, map.Height));
        Assert.IsTrue(map.Labels.All(label => label is >= 0 and < 3));
        Assert.IsLessThanOrEqualTo(1, map.Labels.Zip(model.Segment(image, ["red", "green", "blue"]).Labels).Count(pair => pair.First != pair.Second));
        Assert.Contains("classes 0 and 2 are both called 'red'",
            Assert.ThrowsExactly<ArgumentException>(() => model.Segment(image, ["red", "green", "red "], head)).Message);
        using var other = HeadTest.Model(TestDevices.OneThread, seed: 4);
        Assert.Contains("another model", Assert.ThrowsExactly<ArgumentException>(() => other.Segment(image, ["red", "green"], head)).Message);
    }
}
