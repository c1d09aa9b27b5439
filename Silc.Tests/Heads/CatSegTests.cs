namespace Silc.Tests;

[TestClass]
public sealed class CatSegTests : TempFolder
{
    static readonly CatSegConfig Tiny = new(Hidden: 8, Heads: 2, Layers: 2, Window: 2, Pool: 2, Guide: 6, TextGuide: 6, Decoder: [8, 4],
        DecoderIn: [6, 4], DecoderGuide: [4, 2], Pad: 5, Prompts: 2);

    /// <summary>
    /// Logits, loss and the gradients of all parameters against PyTorch in double: padded classes, pooled places, moved windows and two prompts; and
    /// one layer of one window with more classes than are kept.
    /// </summary>
    [TestMethod, EveryDevice]
    public void Logits_and_gradients_are_PyTorch_s(string device)
    {
        Check(device, "catseg", Tiny, classes: 4);
        Check(device, "catseg_best", Tiny with { Layers = 1, Window = 4, Pool = 1, Pad = 3, Prompts = 1 }, classes: 5);
    }

    static void Check(string device, string name, CatSegConfig sizes, int classes)
    {
        const int Images = 2, Grid = 4, Width = 8, Places = Grid * Grid, Fine = 16 * Places;
        var golden = HeadTest.Golden(name);
        var opened = TestDevices.Open(device);
        using Parameters parameters = new(opened);
        using var maps = new RowMaps(opened);
        var network = new CatSegNetwork(parameters, maps, sizes, Width, skipDim: 10);
        parameters.Allocate(1, gradients: true);
        HeadTest.Load(parameters, golden);

        // Of more classes than are kept those that any place is closest to, image by image.
        int kept = Math.Min(classes, sizes.Pad);
        Vectors image = new Vectors(golden["image"], Width).Normalize(), words = new Vectors(golden["text"], Width).Normalize();
        int[][] best = [.. Enumerable.Range(0, Images).Select(b => Enumerable.Range(0, classes).OrderByDescending(t =>
            Enumerable.Range(0, sizes.Prompts).Max(p => Enumerable.Range(b * Places, Places).Max(i =>
                Enumerable.Range(0, Width).Sum(c => image[i, c] * words[t * sizes.Prompts + p, c])))).Take(kept).Order().ToArray())];
        int[] rows = [.. best.SelectMany(of => of.SelectMany(t => Enumerable.Range(t * sizes.Prompts, sizes.Prompts)))];

        using DeviceMatrix aligned = Of([.. golden["image"]], Width), texts = Of(words.Rows(rows).Values.ToArray(), Width);
        using DeviceMatrix skip0 = Of(golden["skip_0"], 10), skip1 = Of(golden["skip_1"], 10), loss = new(opened, new Matrix(1, 1), 1);
        using var arena = Arena.Allocate(opened, 1 << 21);
        var pass = new Pass(opened.Ops, arena);
        using (pass.Frame())
        {
            using DeviceMatrix dTexts = new(opened, new Matrix(rows.Length, Width).Map(_ => double.NaN), Width);
            var (logits, back) = network.Forward(pass, aligned, texts, [skip0, skip1], new(Images, kept, Grid, Grid), sizes.Pool, null, dTexts);
            var found = opened.Download(logits.View.SubView(0, logits.Count));
            for (int b = 0; b < Images; b++)
                for (int t = 0; t < classes; t++)
                {
                    var expected = golden["logits"].AsSpan((b * classes + t) * Fine, Fine).ToArray();
                    int at = Array.IndexOf(best[b], t);
                    if (at < 0) Assert.IsTrue(expected.All(value => value == -100), $"class {t} of image {b} is one that is kept");
                    else Close.To(expected, found[((b * kept + at) * Fine)..((b * kept + at + 1) * Fine)], Close.Reordered, $"logits of class {t}");
                }

            int[] labels = [.. golden["labels"].Select((label, i) => label < 0 ? -1
                : Array.IndexOf(best[i / Fine], (int)label) is >= 0 and var at ? at : kept)];
            using var places = new DeviceIntegers(opened, labels);
            using DeviceMatrix rowLoss = new(opened, new Matrix(Images * kept, 1), 1);
            opened.Ops.BinaryCrossEntropy(logits, places.View, kept, rowLoss, 1f / (labels.Count(label => label >= 0) * classes), false);
            opened.Ops.AddSum(rowLoss, loss, 0);
            back.Invoke(logits);
            // Of all images; a length of 1 stays what it is, so that the part along a text does not count.
            var (all, own) = (new double[words.Count * Width], dTexts.Read("gradient of texts"));
            foreach (var (at, row) in rows.Index())
                for (int c = 0; c < Width; c++) all[row * Width + c] += own[at * Width + c];
            for (int row = 0; row < words.Count; row++)
            {
                double along = Enumerable.Range(0, Width).Sum(c => all[row * Width + c] * words[row, c]);
                for (int c = 0; c < Width; c++) all[row * Width + c] -= along * words[row, c];
            }
            Close.To([.. golden["grad_text"].Select(value => (double)value)], [.. all.Select(value => (float)value)], Close.Reordered,
                "gradient of texts");
        }
        // Classes that were not kept have losses of their own, 100 where they are right.
        if (kept == classes) Close.To(golden["loss"], loss.Read("loss"), Close.Reordered, "loss");
        HeadTest.CheckGradients(parameters, golden, Close.Chained);
        Assert.AreEqual(0, arena.InUse, "activation memory that was not given back");

        DeviceMatrix Of(float[] values, int cols) =>
            new(opened, new Matrix(values.Length / cols, cols).With([.. values.Select(v => (double)v)]), cols);
    }

    static readonly CatSegConfig Small = CatSegConfig.Small with { Hidden = 16, Guide = 8, TextGuide = 8, Window = 2 };

    static readonly string[] Names = [.. new HeadTest.Halves(1).Classes.Names];

    [TestMethod]
    public void It_learns_and_is_loaded_with_its_bits()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var source = new HeadTest.Halves(12);
        using var head = SegmentationHead.Create(model, HeadKind.CatSeg, Names, Prompts.NameOnly, sizes: Small, seed: 2);
        using var run = new HeadRun(head, source, new(Steps: 60, BatchSize: 4, LearningRate: 5e-3, Loss: HeadLoss.Binary));
        var reports = new List<HeadReport>();
        run.Run(reports.Add, 10);
        Assert.IsLessThan(0.85 * reports[0].Loss, reports[^1].Loss);
        head.Save(At("cat.safetensors"));
        using var again = SegmentationHead.Load(model, At("cat.safetensors"));
        Assert.AreEqual(HeadKind.CatSeg, again.Description.Kind);
        Assert.AreEqual(16, again.Description.CatSeg!.Hidden);
        var classes = model.Prototypes(source.Classes, Prompts.NameOnly);
        var image = source.Read(0).Image;
        foreach (var windows in new[] { SegmentationWindows.Whole(32), SegmentationWindows.SquashedAndWhole(32) })
            CollectionAssert.AreEqual(head.Segmenter(classes, windows).Segment(image).Labels,
                again.Segmenter(classes, windows).Segment(image).Labels);
        Assert.IsGreaterThan(0.6, SegmentationScores.Of(head.Segmenter(classes), source).Accuracy, "it learned by heart less than that");
    }

    [TestMethod]
    public void Going_on_ends_with_the_bits_of_one_left_alone()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var train = new HeadTrainConfig(Steps: 6, BatchSize: 3, Loss: HeadLoss.Binary, ClassesAStep: 2);
        SegmentationHead New() => SegmentationHead.Create(model, HeadKind.CatSeg, Names, Prompts.NameOnly, sizes: Small, seed: 2);
        using var whole = New();
        using (var run = new HeadRun(whole, new HeadTest.Halves(8), train)) run.Run();
        foreach (var resume in new[] { false, true })
        {
            using var head = New();
            using var folder = RunFolder.ForHead(At("run"), resume: resume);
            using var run = new HeadRun(head, new HeadTest.Halves(8), train, folder);
            using var stop = new CancellationTokenSource();
            run.Run(report =>
            {
                if (report.Step == 3) stop.Cancel();
            }, 1, stop.Token);
            Assert.AreEqual(resume ? 6 : 3, run.Steps);
            if (resume) TinyRun.SameBits(Values(whole), Values(head));
        }

        static Dictionary<string, float[]> Values(SegmentationHead head) =>
            head.Parameters.ToArrays().ToDictionary(array => array.Name, array => array.Values);
    }

    [TestMethod]
    public void The_order_of_classes_and_of_pictures_changes_nothing()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = SegmentationHead.Create(model, HeadKind.CatSeg, Names, Prompts.NameOnly, sizes: Small with { Pad = 0 }, seed: 2);
        HeadTest.Spread(head);
        var source = new HeadTest.Halves(3);
        LabelMap Ask(SegmentedImage example, params string[] names) =>
            head.Segmenter(model.Prototypes(ClassList.Of(names), Prompts.NameOnly)).Segment(example.Image);
        int[] plain = Ask(source.Read(1), "red", "green", "blue").Labels, turned = Ask(source.Read(1), "blue", "red", "green").Labels;
        Assert.IsLessThanOrEqualTo(3, plain.Zip(turned).Count(pair => (pair.First + 1) % 3 != pair.Second), "rounding decides few pixels");
        var segmenter = head.Segmenter(model.Prototypes(ClassList.Of(["red", "green", "blue"]), Prompts.NameOnly));
        var all = segmenter.Segment([.. Enumerable.Range(0, 3).Select(source.Read).Select(one => (one.Image, 24, 24))]);
        CollectionAssert.AreEqual(plain, all[1].Labels);
    }

    [TestMethod]
    public void Of_more_classes_than_it_keeps_only_so_many_are_ever_found()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = SegmentationHead.Create(model, HeadKind.CatSeg, Names, Prompts.NameOnly, sizes: Small with { Pad = 3 }, seed: 2);
        HeadTest.Spread(head);
        string[] names = [.. Enumerable.Range(0, 7).Select(i => $"class number {i}")];
        var map = head.Segmenter(model.Prototypes(ClassList.Of(names), Prompts.NameOnly)).Segment(new HeadTest.Halves(1).Read(0).Image);
        Assert.IsLessThanOrEqualTo(3, map.Labels.Distinct().Count());
        using var two = SegmentationHead.Create(model, HeadKind.CatSeg, Names, Prompts.NameOnly, sizes: Small with { Pad = 2 });
        Assert.Contains("3 classes a step are more than the 2", Assert.ThrowsExactly<ArgumentException>(() =>
            new HeadRun(two, new HeadTest.Halves(3), new(Loss: HeadLoss.Binary))).Message);
    }

    [TestMethod]
    public void Sizes_that_do_not_fit_are_named()
    {
        using var model = HeadTest.Model(TestDevices.OneThread);
        string Refused(CatSegConfig sizes) => Assert.ThrowsExactly<ArgumentException>(() =>
            SegmentationHead.Create(model, HeadKind.CatSeg, Names, sizes: sizes)).Message;
        Assert.Contains("no whole number of CAT-Seg's windows of 3", Refused(Small with { Window = 3 }));
        Assert.Contains("cannot be cut into 3 heads", Refused(Small with { Heads = 3 }));
        Assert.Contains("blocks 0 to 2", Refused(Small with { Skips = [0, 3] }));
        using var head = SegmentationHead.Create(model, HeadKind.CatSeg, Names, sizes: Small);
        Assert.Contains("binary loss", Assert.ThrowsExactly<ArgumentException>(() => new HeadRun(head, new HeadTest.Halves(3), new())).Message);
    }

    [TestMethod]
    public void The_published_windows_are_four_and_the_whole()
    {
        var windows = SegmentationWindows.SquashedAndWhole(384);
        Assert.AreEqual((640, 640), windows.Size(Images.Noise(30, 50, 1)));
        CollectionAssert.AreEqual(new[] { 0, 256 }, windows.Starts(640));
        Assert.IsTrue(windows.AndWhole);
    }
}
