namespace Silc.Tests;

/// <summary>dino.txt: blocks on an image tower that stays as it is, and [class token, mean of patches] for an image.</summary>
[TestClass]
public sealed class TopBlockTests : TempFolder
{
    static readonly TrainConfig free = TinyRun.Recipe with { DistillationWeight = 0 };

    static readonly TrainConfig locked = free with { RateRules = [new(LockedTower.Below, 0)] };

    static readonly SilcConfig config = TinyRun.Config with
    {
        Image = TinyRun.Config.Image with { Depth = 2, ClassToken = true, Registers = 3, LayerScale = 0.1 },
        ImagePooling = ImagePooling.ClassMean,
        TopBlocks = 2,
        Views = TinyRun.Config.Views with { Local = 0 },
    };

    static SilcConfig Bare => config with { Image = TinyRun.Config.Image, ImagePooling = ImagePooling.Mean };

    [TestMethod, EveryDevice]
    public void Images_and_patches_are_their_definition(string device)
    {
        foreach (var variant in new[] { config, config with { TopBlocks = 0 }, config with { ImagePooling = ImagePooling.Mean }, Bare })
        {
            using var model = SilcModel.Create(TestDevices.Open(device), variant with { ImageSize = 24 }, seed: 5);
            Spread(model);
            var tower = new NaiveTower(model);
            var pixels = Matrix.Make(5, 24 * 24 * 3, (r, c) => (float)Math.Sin(0.37 * (r + 1) * c));
            float[] host = [.. pixels.Values.Select(x => (float)x)];
            Vectors images = model.EmbedPixels(host), patches = model.EmbedPatchPixels(host, 24);
            Assert.AreEqual((variant.ImagePooling == ImagePooling.ClassMean ? 2 : 1) * 32, images.Width);
            Assert.AreEqual(32, patches.Width);
            Close.To(tower.MeanPooled(pixels, 24).Values, [.. images.Values.Span], Close.Chained, "images");
            foreach (var feature in Enum.GetValues<PatchFeature>())
                Close.To(tower.PatchFeatures(pixels, 24, alone: feature == PatchFeature.LastBlockValues).Values,
                    [.. model.EmbedPatchPixels(host, 24, feature).Values.Span], Close.Chained, $"{feature}");
            Close.To(tower.Encode(pixels, 24).Values, [.. model.EncodePatchPixels(host, 24).Values.Span], Close.Chained, "encoded");
            // Before its norm an image's last channels are the mean of what its patches are.
            float[] raw = [.. model.EmbedPixels(host, normalize: false).Values.Span], encoded = [.. model.EncodePatchPixels(host, 24).Values.Span];
            for (int c = 0; c < 32; c++)
                Assert.AreEqual(Enumerable.Range(0, 9).Average(patch => encoded[patch * 32 + c]), raw[images.Width - 32 + c], 1e-5);
            var shares = model.PoolAttention(host, 24);
            for (int image = 0; image < shares.Count; image++)
            {
                float sum = 0, most = 0;
                foreach (var share in shares.Row(image)) (sum, most) = (sum + share, Math.Max(most, share));
                Assert.AreEqual(1, sum, 1e-5);
                Assert.AreEqual(variant.ImagePooling == ImagePooling.Mean, Math.Abs(most - 1f / 9) < 1e-6);
            }
        }
    }

    // The tower's part of the pass is one of inference; what is above gets the gradient that it gets when all learns.
    [TestMethod, EveryDevice]
    public void Under_a_locked_tower_nothing_moves_and_the_rest_learns_as_before(string device)
    {
        foreach (var variant in new[] { config, Bare })
            foreach (var recipe in new[] { locked, locked with { Recompute = true }, locked with { Optimizer = OptimizerKind.Adafactor } })
            {
                using TinyRun all = new(device, recipe with { RateRules = [] }, variant), some = new(device, recipe, variant);
                var before = Values(some.Model);
                all.Step(all.Batch(1));
                var metrics = some.Step(some.Batch(1));
                var (learned, kept, squares, still) = (Values(all.Model), Values(some.Model), 0.0, 0);
                foreach (var p in some.Model.Parameters.All)
                {
                    var stands = p.Name.StartsWith("img/", StringComparison.Ordinal) && !p.Name.StartsWith("img/Top/", StringComparison.Ordinal);
                    Close.Bits((stands ? before : learned)[p.Name], kept[p.Name], p.Name);
                    if (stands) still++;
                    else squares += all.Read(all.Model.Parameters[p.Name].Grad).Sum(g => (double)g * g);
                    if (stands) Assert.IsTrue(some.Read(some.Model.Parameters[p.Name].Grad).All(g => g == 0), p.Name);
                }
                Assert.IsGreaterThan(10, still);
                foreach (var name in new[] { "img/Top/encoderblock_0/MlpBlock_0/Dense_0/kernel", "img/Top/encoder_norm/bias", "txt/head/kernel" })
                    CollectionAssert.AreNotEqual(before[name], kept[name], name);
                Assert.AreEqual(Math.Sqrt(squares), metrics.GradNorm, 1e-4 * metrics.GradNorm);
            }
    }

    [TestMethod, EveryDevice]
    public void A_locked_tower_keeps_its_last_tokens_alone(string device)
    {
        long Bytes(TrainConfig recipe, int depth)
        {
            using var run = new TinyRun(device, recipe, config with { Image = config.Image with { Depth = depth } });
            return run.Trainer.ActivationBytes;
        }
        Assert.AreEqual(Bytes(locked, 4), Bytes(locked, 8), "memory with the depth of the tower");
        Assert.IsTrue(Bytes(locked, 8) < 0.5 * Bytes(free, 8));
        using TinyRun whole = new(device, locked, config), cut = new(device, locked with { Accumulate = 2 }, config);
        whole.Step(whole.Batch(1));
        cut.Step(cut.Batch(1));
        Close.To(whole.Read(whole.Model.Parameters.Grads), cut.Read(cut.Model.Parameters.Grads), 1e-5, "gradients in slices");
    }

    [TestMethod, EveryDevice]
    public void It_is_saved_loaded_and_goes_on_with_the_same_bits(string device)
    {
        using TinyRun run = new(device, locked, config), again = new(device, locked, config, seed: 2);
        run.Steps(1, 2).Trainer.Save(At("two.safetensors"));
        var state = run.Steps(3, 4).State();
        again.Trainer.Load(At("two.safetensors"));
        TinyRun.SameBits(state, again.Steps(3, 4).State());

        run.Model.Save(At("model.safetensors"), "words:50");
        using var file = ModelFile.Open(At("model.safetensors"));
        Assert.AreEqual(config, file.Config);
        using var loaded = SilcModel.Load(run.Model.Device, At("model.safetensors"));
        var pixels = run.Batch(7).Global;
        Close.Bits([.. run.Model.EmbedPixels(pixels).Values.Span], [.. loaded.EmbedPixels(pixels).Values.Span], "images");
        Assert.AreEqual(run.Model.Fingerprint(), loaded.Fingerprint());
        using var other = SilcModel.From(run.Model.Device, file.Weights, config);
        Close.Bits(run.Read(run.Model.Parameters["img/Top/encoder_norm/scale"].Value), run.Read(other.Parameters["img/Top/encoder_norm/scale"].Value),
            "fine-tuned on");
    }

    [TestMethod]
    public void The_pooling_is_in_the_fingerprint()
    {
        var weights = TinyModels.Weights(config with { TopBlocks = 0 }, head: false);
        var pooled = new[] { ImagePooling.Class, ImagePooling.ClassMean, ImagePooling.Mean }.Select(pooling =>
            TinyModels.Weights(config with { TopBlocks = 0, ImagePooling = pooling, Text = config.Text }, head: false)).ToList();
        Assert.HasCount(3, pooled.Select(each => each.Fingerprint()).Distinct());
        Assert.AreEqual(weights.Fingerprint(), pooled[1].Fingerprint());
    }

    // Each prompt's second half is normalised before prompts are averaged, as in DINOv3's evaluation.
    [TestMethod]
    public void Patches_are_compared_with_the_second_half_of_texts()
    {
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, seed: 5, TinyRun.Words);
        Spread(model);
        string[] templates = ["a {}", "two {} here"], names = ["star", "circle", "square"];
        var classes = model.Prototypes(ClassList.Of(names), templates);
        var patches = classes.OfPatches(32);
        var texts = model.EmbedTexts([.. names.SelectMany(name => templates.Select(template => template.Replace("{}", name)))]);
        for (int k = 0; k < names.Length; k++)
        {
            var mean = new double[32];
            foreach (var row in new[] { 2 * k, 2 * k + 1 })
            {
                double[] half = [.. texts.Row(row)[32..].ToArray().Select(value => (double)value)];
                var length = Math.Sqrt(half.Sum(value => value * value));
                for (int c = 0; c < 32; c++) mean[c] += half[c] / length;
            }
            var norm = Math.Sqrt(mean.Sum(value => value * value));
            for (int c = 0; c < 32; c++) Assert.AreEqual(mean[c] / norm, patches.Rows[k, c], 1e-5);
        }
        Assert.AreEqual(64, classes.Rows.Width);
        Assert.AreEqual(2, classes.WithoutFirst().OfPatches(32).Rows.Count);
        var image = Images.Noise(40, 30, 1);
        var labels = model.Segmenter(classes).Segment(image);
        Assert.AreEqual((40, 30), (labels.Width, labels.Height));
        var plain = ClassPrototypes.Of(ClassList.Of(names), model.EmbedTexts, templates);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => model.Segmenter(plain)).Message, "patches have 32 channels");
        // Where patches have all channels, the classes are compared as they are.
        using var whole = SilcModel.Create(model.Device, Bare, seed: 5, TinyRun.Words);
        var all = whole.Prototypes(ClassList.Of(names), templates);
        Assert.AreSame(all, all.OfPatches(32));
    }

    [TestMethod]
    public void What_cannot_be_is_refused()
    {
        foreach (var (wrong, words) in new[]
        {
            (TinyRun.Config with { TopBlocks = 2 }, "need an image pooling by ClassMean or Mean; it is Map"),
            (TinyRun.Config with { ImagePooling = ImagePooling.ClassMean }, "has none (Image.ClassToken): take Mean"),
            (config with { TopBlocks = -1 }, "TopBlocks"), (config with { ImageHead = 5 }, "no projection behind that"),
            (config with { PreLogits = 5 }, "no projection behind that"),
        })
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => wrong.Check()).Message, words);
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, seed: 1, TinyRun.Words);
        foreach (var format in new[] { ModelFormat.Npz, ModelFormat.HuggingFace, ModelFormat.OpenClip })
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ModelWriter.Write(TinyModels.Weights(config with
            {
                Image = config.Image with { Registers = 0, LayerScale = null },
            }), format, At("x"))).Message, "the blocks on top of its image tower (img/Top): write silc, or export ONNX");
        foreach (var make in new Action[]
        {
            () => SegmentationHead.Create(model, HeadKind.Adapter, ["star"]), () => SegmentationHead.Create(model, HeadKind.CatSeg, ["star"]),
            () => DetectionHead.Create(model, ["star"]),
        })
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(make).Message, "this one pools by ClassMean");
        foreach (var (recipe, option) in new[] { (locked with { DistillationWeight = 1, GlobalToGlobal = true }, "--distillation 0"),
            (locked with { MaskWeight = 1 }, "--mask 0") })
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new Trainer(model, recipe)).Message, option);
    }

    static void Spread(SilcModel model)
    {
        var random = new Random(3);
        foreach (var p in model.Parameters.All)
            model.Device.Upload<float>([.. Enumerable.Range(0, p.Count)
                .Select(_ => (random.NextSingle() - 0.5f) * (p.Name.EndsWith("kernel", StringComparison.Ordinal) ? 0.5f : 1))], p.Value.View);
    }

    static Dictionary<string, float[]> Values(SilcModel model) =>
        model.Parameters.ToArrays().ToDictionary(array => array.Name, array => array.Values);
}
