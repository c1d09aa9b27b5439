namespace Silc.Tests;

/// <summary>What of an image a head sees: pixels, labels and boxes are cut and mirrored alike.</summary>
[TestClass]
public sealed class HeadViewTests
{
    static readonly HeadTrainConfig Train = new(Flip: true, MinCrop: 0.5);

    /// <summary>An image of squares whose colour says their label, each with its box: what is seen of them must still agree.</summary>
    [TestMethod]
    public void Labels_and_boxes_follow_the_pixels()
    {
        const int Side = 64, Cell = 16;
        var image = new RgbImage(Side, Side, new byte[4 * Side * Side]);
        var labels = new int[Side * Side];
        for (int i = 0; i < Side * Side; i++)
        {
            labels[i] = i / Side / Cell * 4 + i % Side / Cell;
            (image.Rgba[4 * i], image.Rgba[4 * i + 1], image.Rgba[4 * i + 3]) = ((byte)(60 * (labels[i] / 4)), (byte)(60 * (labels[i] % 4)), 255);
        }
        int flipped = 0;
        for (int step = 0; step < 40; step++)
        {
            var view = HeadView.Of(Train, step, 3);
            Assert.IsTrue(view.Size is >= 0.5 and <= 1 && view.Left >= 0 && view.Top >= 0 && view.Left + view.Size <= 1 && view.Top + view.Size <= 1);
            if (view.Flip) flipped++;
            var pixels = new float[Side * Side * 3];
            view.Fill(image, Side, pixels);
            var seen = view.Of(new LabelMap(Side, Side, labels));
            int wrong = 0;
            for (int i = 0; i < Side * Side; i++)
                if (4 * (int)Math.Round(pixels[3 * i] * 255 / 60) + (int)Math.Round(pixels[3 * i + 1] * 255 / 60) != seen.Labels[i]) wrong++;
            // Pixels at borders are mixed.
            Assert.IsLessThan(Side * Side / 6, wrong, $"{view}");
            for (int label = 0; label < 16; label++)
            {
                var (box, share) = view.Of(new Box(label % 4 / 4.0, label / 4 / 4.0, 0.25, 0.25));
                int[] inside = [.. Enumerable.Range(0, Side * Side).Where(i => seen.Labels[i] == label)];
                Assert.AreEqual(inside.Length * view.Size * view.Size / (Cell * Cell), share, 0.15, $"{view}, {label}");
                if (inside.Length < 2 * Side) continue;
                Assert.AreEqual(inside.Min(i => i % Side), box.X * Side, 1.1);
                Assert.AreEqual(inside.Max(i => i / Side) + 1, (box.Y + box.Height) * Side, 1.1);
            }
        }
        Assert.IsTrue(flipped is > 8 and < 32, $"{flipped} of 40 are mirrored");
        Assert.AreEqual(HeadView.Of(Train, 7, 2), HeadView.Of(Train, 7, 2));
        Assert.AreNotEqual(HeadView.Of(Train, 7, 2), HeadView.Of(Train, 7, 1));
        Assert.AreEqual(HeadView.Whole, HeadView.Of(new HeadTrainConfig(), 7, 2));
    }

    [TestMethod]
    public void A_head_is_trained_on_views_and_goes_on_to_the_same_bits()
    {
        using var scratch = new Scratch();
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var train = new HeadTrainConfig(Steps: 8, BatchSize: 4, Flip: true, MinCrop: 0.6);
        var source = new HeadTest.Halves(10);
        SegmentationHead Adapter(IReadOnlyList<RateRule>? tuned) =>
            SegmentationHead.Create(model, HeadKind.Adapter, source.Classes.Names, Prompts.NameOnly, seed: 5, tuned: tuned);
        foreach (var tuned in (RateRule[]?[])[null, [new("img/.*/value/.*", 0.1)]])
        {
            using SegmentationHead whole = Adapter(tuned), plain = Adapter(tuned), half = Adapter(tuned);
            using (var run = new HeadRun(whole, source, train)) run.Run();
            using (var run = new HeadRun(plain, source, train with { Flip = false, MinCrop = 1 })) run.Run();
            Assert.IsFalse(whole.Parameters.ToArrays().Zip(plain.Parameters.ToArrays())
                .All(pair => pair.First.Values.SequenceEqual(pair.Second.Values)));
            var at = Path.Combine(scratch.Path, tuned is null ? "frozen" : "tuned");
            using (var folder = RunFolder.ForHead(at))
            using (var run = new HeadRun(half, source, train, folder))
            using (var stop = new CancellationTokenSource())
                run.Run(report =>
                {
                    if (report.Step == 3) stop.Cancel();
                }, 1, stop.Token);
            using var again = Adapter(tuned);
            using (var folder = RunFolder.ForHead(at, resume: true))
            using (var run = new HeadRun(again, source, train, folder)) run.Run();
            foreach (var (first, second) in whole.Parameters.ToArrays().Zip(again.Parameters.ToArrays()))
                Close.Bits(first.Values, second.Values, first.Name);
        }
    }

    [TestMethod]
    public void Words_that_tell_sides_apart_keep_an_image_as_it_is()
    {
        Assert.IsTrue(DecoderRun.TellsSides(["a", "star", "left", "of", "a", "ring"]) && DecoderRun.TellsSides(["rightmost"]));
        Assert.IsFalse(DecoderRun.TellsSides(["a", "star", "above", "a", "ring", "bright"]));
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var source = new DemoSource(6, seed: 3, size: 32);
        using var examples = DecoderExamples.OfCaptions(model, source);
        int[] all = [.. Enumerable.Range(0, 6)];
        var train = new HeadTrainConfig(Steps: 2, BatchSize: 6, Flip: true);
        float[] Seen(bool sided) => examples.Features(all, [.. all.Select(_ => sided)], train, 0);
        float[] sided = Seen(true), free = Seen(false);
        int each = sided.Length / 6, flipped = 0;
        for (int i = 0; i < 6; i++)
        {
            var same = sided.AsSpan(i * each, each).SequenceEqual(free.AsSpan(i * each, each));
            Assert.AreEqual(HeadView.Of(train, 0, i).Flip, !same, $"image {i}");
            if (!same) flipped++;
        }
        Assert.IsTrue(flipped is > 0 and < 6);
        // Of a training that mirrors images nothing else is computed.
        using var none = DecoderExamples.OfCaptions(model, source, train: train);
        Assert.IsFalse(none.IsKept);
        Close.Bits(sided, none.Features(all, [.. all.Select(_ => true)], train, 0), "the same features");
        using (var writer = DecoderHead.Create(model, none, new(Width: 16, Depth: 1, Heads: 2, Length: Math.Min(32, none.Longest))))
        {
            Assert.Contains("keep no features", Assert.ThrowsExactly<ArgumentException>(() =>
                new DecoderRun(writer, none, train with { Flip = false })).Message);
            using var trained = new DecoderRun(writer, none, train);
            Assert.AreEqual(RunEnd.Finished, trained.Run());
        }
        // Whole images that are not mirrored are those of the cache, but for the resampling.
        Close.To(examples.Features(all), sided, 0.05, "features");
        using var head = DecoderHead.Create(model, examples, new(Width: 16, Depth: 1, Heads: 2, Length: Math.Min(32, examples.Longest)));
        using var run = new DecoderRun(head, examples, train);
        Assert.AreEqual(RunEnd.Finished, run.Run());
    }

    [TestMethod]
    public void Things_that_are_cut_off_are_neither_boxes_nor_negatives()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var scenes = new DemoDetection(12, seed: 3, size: 32);
        using var head = DetectionHead.Create(model, scenes.Truth.Classes().Names, Prompts.NameOnly, sizes: new(Heads: 2), seed: 5);
        using var examples = new DetectionExamples(head, scenes, 0.1, null, default, new HeadTrainConfig(Flip: true, MinCrop: 0.3));
        int cut = 0;
        for (int step = 0; step < 20; step++)
        {
            int[] images = [.. Enumerable.Range(0, 12)];
            var (_, things) = examples.Batch(images, step);
            foreach (var (i, seen) in things.Index())
            {
                var all = examples.Things(i);
                Assert.IsTrue(seen.Boxes.All(box => box.X >= 0 && box.Y >= 0 && box.X + box.Width <= 1 + 1e-9 && box.Y + box.Height <= 1 + 1e-9));
                // Each thing has a box, is marked as not asked about, or is wholly outside.
                Assert.IsTrue(seen.Unasked.IsSubsetOf(all.Labels));
                Assert.IsTrue(seen.Labels.Length <= all.Labels.Length);
                cut += seen.Unasked.Count;
            }
        }
        Assert.IsGreaterThan(0, cut);
        using var run = new DetectionRun(head, scenes, new HeadTrainConfig(Steps: 4, BatchSize: 4, Flip: true, MinCrop: 0.5));
        Assert.AreEqual(RunEnd.Finished, run.Run());
    }
}
