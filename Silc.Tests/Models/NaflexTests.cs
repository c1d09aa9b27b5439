namespace Silc.Tests;

/// <summary>Images at their own aspect ratio.</summary>
[TestClass]
public sealed class NaflexTests
{
    // 3 x 3 patches.
    static readonly SilcConfig config = TinyRun.Config with
    {
        Image = new(Width: 32, Depth: 2, Heads: 2, MlpDim: 48),
        ImageSize = 24,
        Views = new(Local: 0, Naflex: 9),
    };

    /// <summary>Sizes of SigLIP 2's image processor in transformers, for patches of 16 and at most 256 of them.</summary>
    [TestMethod]
    [DataRow(100, 100, 16, 16)]
    [DataRow(1080, 1920, 12, 21)]
    [DataRow(600, 900, 13, 19)]
    [DataRow(1280, 360, 29, 8)]
    [DataRow(1024, 1, 256, 1)]
    [DataRow(3, 39, 4, 52)]
    public void The_grid_is_the_largest_that_has_room(int height, int width, int rows, int columns) =>
        Assert.AreEqual(new PatchGrid(rows, columns), PatchGrid.Of(height, width, 16, 256));

    [TestMethod]
    public void No_image_has_too_many_patches_or_none()
    {
        foreach (var most in new[] { 1, 2, 7, 256, 1024 })
            foreach (var (height, width) in new[] { (1, 1), (1, 20000), (20000, 1), (20000, 20000), (13, 17), (16, 16) })
            {
                var grid = PatchGrid.Of(height, width, 16, most);
                Assert.IsTrue(grid is { Rows: > 0, Columns: > 0 } && grid.Count <= most, $"{height} x {width} in {most}: {grid}");
            }
        Assert.Contains("most patches", Assert.ThrowsExactly<ArgumentException>(() => PatchGrid.Of(10, 10, 16, 0)).Message);
    }

    /// <summary>By definition, in double precision; all at once, and each alone.</summary>
    [TestMethod, EveryDevice]
    public void Embeddings_of_images_of_any_shape_are_those_of_the_definition(string device)
    {
        foreach (var of in new[] { config, config with { StemPatch = 4, Image = config.Image with { QkNorm = true, LayerScale = 0.5 } } })
        {
            using var model = SilcModel.Create(TestDevices.Open(device), of, seed: 5);
            var random = new Random(3);
            model.Device.Upload<float>([.. model.Device.Download(model.Parameters.Values.View).Select(p => p + random.NextSingle() * 0.2f - 0.1f)],
                model.Parameters.Values.View);
            RgbImage[] images = [.. new[] { (24, 24), (40, 8), (9, 33), (5, 6), (17, 16), (100, 30), (64, 64) }.Select((size, i) =>
                Images.Noise(size.Item1, size.Item2, i))];
            var packed = new PackedImages(images.Length, 9, 8);
            var (tower, all) = (new NaiveTower(model), model.EmbedImages(images, EvalCrop.Naflex));
            var shapes = new HashSet<PatchGrid>();
            foreach (var (i, image) in images.Index())
            {
                packed.Fill(i, image, of.Images);
                var (grid, patches) = (packed.Grid(i), packed.Patches(i).ToArray());
                shapes.Add(grid);
                var expected = tower.Packed(Matrix.Make(grid.Count, packed.PatchSize, (r, c) => patches[r * packed.PatchSize + c]), grid.Rows,
                    grid.Columns);
                Close.To(expected.Values, [.. all[i]], Close.Chained, $"{image.Width} x {image.Height}: {grid}");
                Close.To(expected.Values, [.. model.EmbedImage(image, EvalCrop.Naflex)[0]], Close.Chained, "alone");
            }
            Assert.IsGreaterThan(3, shapes.Count);
            // A square of the model's side is what it always was.
            Close.To([.. model.EmbedImage(images[0])[0].ToArray().Select(x => (double)x)], [.. all[0]], Close.Chained, "the model's own square");
        }
    }

    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_gradient_of_a_whole_step_is_that_of_its_loss(string device)
    {
        var train = TinyRun.Recipe with { DistillationWeight = 0 };
        StepGradient.Check(device, train, config, "packed");
        StepGradient.Check(device, train with { Accumulate = 2, Recompute = true }, config with { Contrastive = ContrastiveKind.Sigmoid }, "slices");
        StepGradient.Check(device, train, config with { StemPatch = 4, ImageHead = 20, PreLogits = 12 }, "stem and heads");
    }

    /// <summary>Every step has a length of its own, drawn by seed and step: a loader that begins later, or of one rank, sees the same.</summary>
    [TestMethod]
    [Timeout(60_000)]
    public void A_batch_draws_its_length()
    {
        var small = new SilcConfig(ImageSize: 16, PatchSize: 2, TextLength: 4, Views: new(Local: 0, Naflex: 200, NaflexMin: 100));
        CollectionAssert.AreEqual((int[])[128, 200], small.Views.NaflexLengths.ToArray());
        CollectionAssert.AreEqual((int[])[128, 256, 576, 784, 1024], (small.Views with { Naflex = 1024 }).NaflexLengths.ToArray());
        CollectionAssert.AreEqual((int[])[64], (small.Views with { Naflex = 64 }).NaflexLengths.ToArray());
        var (whole, late) = (Lengths(0, 0, 1), Lengths(10, 0, 1));
        CollectionAssert.AreEquivalent((int[])[120, 195], whole.Distinct().ToArray());      // 24 x 20: 12 x 10 and 15 x 13 patches
        CollectionAssert.AreEqual(whole[10..20], late[..10]);
        CollectionAssert.AreEqual(whole, Lengths(0, 1, 2));

        // Numbers of one's own: 8 x 6, 9 x 7 and 12 x 10 patches.
        small = small with { Views = small.Views with { Naflex = 128, NaflexChoices = "48,64,128" } };
        small.Check();
        (whole, late) = (Lengths(0, 0, 1), Lengths(10, 0, 1));
        CollectionAssert.AreEquivalent((int[])[48, 63, 120], whole.Distinct().ToArray());
        CollectionAssert.AreEqual(whole[10..20], late[..10]);
        CollectionAssert.AreEqual(whole, Lengths(0, 1, 2));

        int[] Lengths(long step, int rank, int ranks)
        {
            using var loader = new BatchLoader(new FakeSource(8), new LastWordTokenizer(), small, batchSize: 4, seed: 5, 2, startStep: step,
                rank: rank, ranks: ranks);
            return [.. loader.Take(20).Select(batch =>
                Enumerable.Range(0, batch.Size).Select(i => batch.Packed!.Grid(i).Count).Distinct().Single())];
        }
    }

    /// <summary>A run that goes on from a checkpoint draws the lengths that it would have drawn.</summary>
    [TestMethod, EveryDevice(CpuThreads = 1), Timeout(60_000)]
    public void A_run_that_goes_on_has_the_same_bits(string device)
    {
        using var folder = new TemporaryFolder();
        var lengths = config with { Views = new(Local: 0, Naflex: 9) { NaflexChoices = "2,4,9" } };
        var train = TinyRun.Recipe with { DistillationWeight = 0 };
        using TinyRun whole = new(device, train, lengths), again = new(device, train, lengths, seed: 7);
        Steps(whole, 3);
        whole.Trainer.Save(folder.File("checkpoint"));
        Steps(whole, 3);
        again.Trainer.Load(folder.File("checkpoint"));
        Steps(again, 3);
        TinyRun.SameBits(whole.State(), again.State());

        void Steps(TinyRun run, int count)
        {
            using var loader = new BatchLoader(new FakeSource(8), TinyRun.Words, lengths, batchSize: 4, seed: 5, 2, startStep: run.Trainer.Steps);
            foreach (var batch in loader.Take(count)) run.Trainer.Step(batch);
        }
    }

    [TestMethod]
    public void Numbers_of_patches_that_are_none_are_refused()
    {
        foreach (var (choices, most, says) in new[] { ("4,x", 9, "'x' is no number"), ("0,9", 9, "must be positive"), ("4,16", 9, "the most is 9") })
            Assert.Contains(says, Assert.ThrowsExactly<ArgumentException>(() =>
                (config with { Views = new(Local: 0, Naflex: most) { NaflexChoices = choices } }).Check()).Message);
    }

    [TestMethod]
    public void What_has_no_place_for_shapes_is_refused()
    {
        var train = TinyRun.Recipe with { DistillationWeight = 0 };
        Refused("(--distillation 0, --views silc) or Naflex to 0", train, config with { Views = new(Naflex: 9) });
        Refused("no views for the loss koleo", train with { KoLeoWeight = 0.1 }, config);
        Refused("attention pooling", train, config with { Image = config.Image with { Registers = 2 } });
        var registers = config with { Image = config.Image with { Registers = 2 } };
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), registers, seed: 1);
        Assert.Contains("attention pooling",
            Assert.ThrowsExactly<ArgumentException>(() => model.EmbedImage(Images.Noise(9, 9, 1), EvalCrop.Naflex)).Message);
        Assert.Contains("squash or center", Assert.ThrowsExactly<ArgumentException>(() =>
            ViewSampler.EvalPixels(Images.Noise(9, 9, 1), 8, EvalCrop.Naflex)).Message);

        static void Refused(string says, TrainConfig train, SilcConfig config) => Assert.Contains(says,
            Assert.ThrowsExactly<ArgumentException>(() => new TinyRun(TestDevices.OneThread, train, config)).Message);
    }
}
