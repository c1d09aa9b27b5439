namespace Silc.Tests;

/// <summary>Towers that are trained along with a head.</summary>
[TestClass]
public sealed class TunedTowerTests : TempFolder
{
    const int Pictures = 2, Side = 32;

    static readonly RateRule[] All = [new("img/.*", 0.5)], QueryValue = [new("img/(.*/(query|value)/.*|pos_embedding)", 0.1)];

    static readonly CatSegConfig Small = CatSegConfig.Small with { Hidden = 16, Guide = 8, TextGuide = 8, Window = 2 };

    static readonly string[] Names = [.. new HeadTest.Halves(1).Classes.Names];

    static readonly HeadTrainConfig Train = new(Steps: 8, BatchSize: 4, LearningRate: 1e-2);

    static SegmentationHead Segmenting(SilcModel model, HeadKind kind, IReadOnlyList<RateRule>? tuned, HeadLoss loss = HeadLoss.Softmax) =>
        SegmentationHead.Create(model, kind, Names, Prompts.NameOnly, sizes: kind == HeadKind.CatSeg ? Small : null, seed: 5, loss: loss,
            tuned: tuned);

    static DetectionHead Detecting(SilcModel model, IReadOnlyList<RateRule>? tuned, DetectionConfig? sizes = null) => DetectionHead.Create(model,
        new DemoDetection(1, 3, 32).Truth.Classes().Names, Prompts.NameOnly, sizes: sizes ?? new(Heads: 2), seed: 5, tuned: tuned);

    /// <summary>
    /// Along its own gradient each parameter changes the loss by the gradient's length, and along any direction by its part in that.
    /// </summary>
    [TestMethod, EveryDevice]
    public void Gradients_go_through_the_tower(string device)
    {
        using var model = HeadTest.Model(device);
        CheckSegmenting(model, HeadKind.Adapter, HeadLoss.Softmax);
        CheckSegmenting(model, HeadKind.Adapter, HeadLoss.Binary);
        CheckSegmenting(model, HeadKind.CatSeg, HeadLoss.Binary);
        CheckDetecting(model, new(Heads: 2));
        CheckDetecting(model, new(Block: false, Aligned: false));
    }

    [TestMethod]
    public void Gradients_go_past_registers_class_tokens_and_projections()
    {
        var tower = TinyRun.Config.Image;
        foreach (var config in new[]
        {
            TinyRun.Config with { Image = tower with { Registers = 3 }, ImageHead = 6 },
            TinyRun.Config with { Image = tower with { ClassToken = true, PreNorm = true }, ImagePooling = ImagePooling.Class, ImageHead = 6 },
        })
        {
            var sized = config with { ImageSize = Side, VocabSize = 258 };
            using var model = SilcModel.Create(TestDevices.Open(TestDevices.FourThreads), sized, 3, new ByteTokenizer());
            CheckSegmenting(model, HeadKind.Adapter, HeadLoss.Softmax);
        }
    }

    static void CheckSegmenting(SilcModel model, HeadKind kind, HeadLoss loss)
    {
        using var head = Segmenting(model, kind, All, loss);
        // CAT-Seg begins with values of ordinary size.
        if (kind == HeadKind.Adapter) Spread(head.Parameters, 0.1f);
        var device = model.Device;
        int[] labels = [.. Enumerable.Range(0, Pictures * head.Places).Select(i => i % 5 == 4 ? -1 : i / 7 % Names.Length)];
        using var places = new DeviceIntegers(device, labels);
        using var texts = Matrix(device, Names.Length, model.Config.EmbedDim, 7, unit: true);
        var batch = new HeadBatch([], places.View, texts, Pictures, labels.Count(label => label >= 0));
        Check(model, head.Tuned!, head.Parameters, head.Reads, $"{kind}, {loss}", (pass, given, cell) =>
            head.Step(pass, batch with { Features = given.Features!, Gradients = given.Gradients }, Train with { Loss = loss }, cell));
    }

    // What a tuned tower gives to a head.
    readonly record struct Given(Tensor[]? Features, Tensor[]? Gradients, Tensor Texts, Tensor TextGradient);

    // Two prompts a text.
    sealed class Words : IDisposable
    {
        public Words(Device device, SilcConfig config, int texts)
        {
            int[] tokens = [.. Enumerable.Range(0, 2 * texts * config.TextLength).Select(i => (7 * i * i + 3 * i) % config.VocabSize)];
            (Ids, Order) = (new(device, tokens), new(device, TokenBatch.Sort(tokens)));
            Mean = new(device, Silc.Tests.Matrix.Make(texts, 2 * texts, (r, c) => c / 2 == r ? 0.5 : 0), 2 * texts);
        }

        public DeviceIntegers Ids { get; }

        public DeviceIntegers Order { get; }

        public DeviceMatrix Mean { get; }

        public void Dispose()
        {
            Ids.Dispose();
            Order.Dispose();
            Mean.Dispose();
        }
    }

    /// <summary>The same through the text tower, with the image tower frozen, for each head and loss, and through both at once.</summary>
    [TestMethod, EveryDevice]
    public void Gradients_go_through_the_text_tower(string device)
    {
        using var model = HeadTest.Model(device);
        foreach (var (kind, loss, prompts) in new[] { (HeadKind.Adapter, HeadLoss.Softmax, 1), (HeadKind.Adapter, HeadLoss.Binary, 1),
            (HeadKind.CatSeg, HeadLoss.Binary, 1), (HeadKind.CatSeg, HeadLoss.Binary, 2) })
        {
            using var head = SegmentationHead.Create(model, kind, Names, prompts == 1 ? Prompts.NameOnly : ["{}", "a {}"],
                sizes: kind == HeadKind.CatSeg ? Small with { Prompts = prompts } : null, seed: 5, loss: loss, tuned: [new("txt/.*", 0.5)]);
            Assert.IsNull(head.Tuned!.Image);
            if (kind == HeadKind.Adapter) Spread(head.Parameters, 0.1f);
            using var words = new Words(model.Device, model.Config, Names.Length * prompts);
            int[] labels = [.. Enumerable.Range(0, Pictures * head.Places).Select(i => i % 5 == 4 ? -1 : i / 7 % Names.Length)];
            using var places = new DeviceIntegers(model.Device, labels);
            var features = head.Reads.Select((feature, i) =>
                Matrix(model.Device, Pictures * feature.Rows(model.Config, Side), feature.Width(model.Config), 3 + i)).ToArray();
            var batch = new HeadBatch([.. features.Select(feature => feature.Tensor)], places.View, default, Pictures,
                labels.Count(label => label >= 0));
            Check(model, head.Tuned, head.Parameters, head.Reads, $"texts: {kind}, {loss}", (pass, given, cell) => head.Step(pass,
                batch with { Texts = given.Texts, TextGradient = given.TextGradient }, Train with { Loss = loss }, cell), words, "txt/");
            foreach (var feature in features) feature.Dispose();
        }
        using (var finder = Detecting(model, [new("txt/.*", 0.5)]))
        {
            Spread(finder.Parameters, 0.1f, except: "owl/objectness");
            int rows = Pictures * finder.Grid * finder.Grid, names = finder.Description.Seen.Count;
            using var words = new Words(model.Device, model.Config, names);
            using var targets = new DeviceIntegers(model.Device,
                [.. Enumerable.Range(0, rows * names).Select(i => i % 11 == 3 ? 1 : i % 13 == 5 ? -1 : 0)]);
            using DeviceMatrix tokens = Matrix(model.Device, rows, model.Config.Image.Width, 3), aligned = Matrix(model.Device, rows,
                model.Config.EmbedDim, 4), weights = Ones(model.Device, rows, 1), boxes = Boxes(model.Device, rows),
                boxWeights = Ones(model.Device, rows, 1), things = Ones(model.Device, rows, 1);
            var batch = new DetectionBatch(tokens, aligned, default, targets.View, weights, boxes, boxWeights, things, Pictures, null);
            Check(model, finder.Tuned!, finder.Parameters, DetectionHead.Reads, "names", (pass, given, cell) =>
                finder.Step(pass, batch with { Queries = given.Texts, QueryGradient = given.TextGradient }, cell), words, "txt/");
        }
        // Both towers: the gradient of either is that of the loss along it.
        foreach (var prefix in new[] { "img/", "txt/" })
        {
            using var both = SegmentationHead.Create(model, HeadKind.Adapter, Names, Prompts.NameOnly, seed: 5, tuned: [new("(img|txt)/.*", 0.5)]);
            Spread(both.Parameters, 0.1f);
            using var words = new Words(model.Device, model.Config, Names.Length);
            int[] labels = [.. Enumerable.Range(0, Pictures * both.Places).Select(i => i / 7 % Names.Length)];
            using var places = new DeviceIntegers(model.Device, labels);
            Check(model, both.Tuned!, both.Parameters, both.Reads, "both", (pass, given, cell) => both.Step(pass, new HeadBatch(given.Features!,
                places.View, given.Texts, Pictures, labels.Length, given.Gradients, TextGradient: given.TextGradient), Train, cell), words, prefix);
        }
    }

    static void CheckDetecting(SilcModel model, DetectionConfig sizes)
    {
        using var head = Detecting(model, All, sizes);
        // Objectness leaves no gradient in the tokens: as it begins, it does not depend on them.
        Spread(head.Parameters, 0.1f, except: "owl/objectness");
        Spread(head.Standard, 0.5f, around: 1);
        var device = model.Device;
        int rows = Pictures * head.Grid * head.Grid, names = head.Description.Seen.Count;
        using var targets = new DeviceIntegers(device, [.. Enumerable.Range(0, rows * names).Select(i => i % 11 == 3 ? 1 : i % 13 == 5 ? -1 : 0)]);
        using DeviceMatrix queries = Matrix(device, names, model.Config.EmbedDim, 7, unit: true), weights = Ones(device, rows, 1),
            boxes = Boxes(device, rows), boxWeights = Ones(device, rows, 1), things = Ones(device, rows, 1);
        var batch = new DetectionBatch(default, default, queries, targets.View, weights, boxes, boxWeights, things, Pictures, null);
        Check(model, head.Tuned!, head.Parameters, DetectionHead.Reads, $"{sizes}", (pass, given, cell) =>
            head.Step(pass, batch with { Tokens = given.Features![0], Aligned = given.Features[1], Gradients = given.Gradients }, cell));
    }

    static void Check(SilcModel model, TunedTower tuned, Parameters parameters, IReadOnlyList<TowerFeature> reads, string what,
        Action<Pass, Given, Tensor> head, Words? prompts = null, string prefix = "img/")
    {
        var device = model.Device;
        using var pixels = Matrix(device, Pictures, Side * Side * 3, 3);
        using DeviceMatrix loss = new(device, new Matrix(1, 1), 1);
        using var arena = Arena.Allocate(device, 1 << 22);
        parameters.AllocateGradients();
        double Loss()
        {
            arena.Reset();
            parameters.ZeroGrads();
            device.Ops.Fill(loss, 0);
            var words = prompts is null ? default : new PromptBatch(new(prompts.Ids.View, prompts.Order.View, prompts.Mean.Tensor.Cols),
                prompts.Mean);
            tuned.Step(new(device.Ops, arena), pixels, Side, reads, words, (features, gradients, texts, dTexts) =>
                head(new(device.Ops, arena), new(features, gradients, texts, dTexts), loss));
            return loss.Read("loss")[0];
        }
        Loss();
        var gradient = Download(parameters.Grads);
        var values = Download(parameters.Values);
        double At(float[] direction, double h)
        {
            device.Upload<float>([.. values.Zip(direction, (value, d) => (float)(value + h * d))], parameters.Values.View);
            return Loss();
        }
        double all = Length(gradient);
        var random = new Random(1);
        // One at a time where that is quick.
        foreach (var p in parameters.All.Where(p => model.Device.Kind == DeviceKind.Cpu && p.Name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var own = new float[gradient.Length];
            gradient.AsSpan(p.Offset, p.Count).CopyTo(own.AsSpan(p.Offset));
            double length = Length(own);
            // Rounding of the loss hides small ones: they are part of the sum below. A key's bias moves all logits of a query alike, and the probe
            // and the query of the pooling are not read at all.
            if (length < 5e-3 * all) continue;
            float[] unit = [.. own.Select(value => (float)(value / length))];
            // So far that rounding of the loss decides little, and its curvature, too.
            double h = Math.Min(0.01, 2e-3 / length);
            Assert.AreEqual(length, (At(unit, h) - At(unit, -h)) / (2 * h), 0.02 * length + 5e-4 * all, $"{what}: {p.Name}");
        }
        // All of the tower at once, along its gradient and by chance. That of texts is small through CAT-Seg, whose golden values check it.
        var tower = gradient.ToArray();
        foreach (var p in parameters.All.Where(p => !p.Name.StartsWith(prefix, StringComparison.Ordinal))) tower.AsSpan(p.Offset, p.Count).Clear();
        double whole = Length(tower);
        float[] any = [.. tower.Select(value => value == 0 ? 0 : (float)(value / whole + 0.005 * (random.NextDouble() - 0.5)))];
        double expected = any.Zip(gradient).Sum(pair => (double)pair.First * pair.Second);
        double step = Math.Min(prefix == "txt/" ? 0.002 : 0.01, 2e-3 / whole);
        Assert.AreEqual(expected, (At(any, step) - At(any, -step)) / (2 * step),
            (prefix == "txt/" ? 0.06 : 0.03) * Math.Abs(expected), $"{what}: all at once");
        device.Upload<float>(values, parameters.Values.View);

        float[] Download(Tensor x) => device.Download(x.View.SubView(0, x.Count));
    }

    static double Length(float[] values) => Math.Sqrt(values.Sum(value => (double)value * value));

    static void Spread(Parameters parameters, float size, float around = 0, string except = "none")
    {
        var random = new Random(1);
        foreach (var p in parameters.All)
            if (p.Name[..4] is not ("img/" or "txt/") && !p.Name.StartsWith(except, StringComparison.Ordinal))
                parameters.Device.Upload<float>([.. Enumerable.Range(0, p.Count).Select(_ => around + size * (2 * random.NextSingle() - 1))],
                    p.Value.View);
    }

    static DeviceMatrix Matrix(Device device, int rows, int cols, int seed, bool unit = false)
    {
        var values = new Vectors([.. Enumerable.Range(0, rows * cols).Select(i => (float)Math.Sin(0.37 * i * seed + seed))], cols);
        if (unit) values = values.Normalize();
        return new(device, Silc.Tests.Matrix.Make(rows, cols, (r, c) => values[r, c]), cols);
    }

    static DeviceMatrix Ones(Device device, int rows, int cols) => new(device, Silc.Tests.Matrix.Make(rows, cols, (_, _) => 1.0 / rows), cols);

    static DeviceMatrix Boxes(Device device, int rows) =>
        new(device, Silc.Tests.Matrix.Make(rows, 4, (r, c) => c < 2 ? 0.3 + 0.4 * (r % 7) / 7 : 0.2 + 0.3 * (r % 5) / 5), 4);

    [TestMethod]
    public void What_is_tuned_learns_and_the_rest_and_the_model_stay()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var before = model.Fingerprint();
        foreach (var kind in new[] { HeadKind.Adapter, HeadKind.CatSeg })
        {
            var train = Train with { Loss = kind == HeadKind.CatSeg ? HeadLoss.Binary : HeadLoss.Softmax };
            using var head = Segmenting(model, kind, QueryValue, train.Loss);
            using var frozen = Segmenting(model, kind, null, train.Loss);
            Assert.IsGreaterThan(frozen.ParameterCount, head.ParameterCount);
            var classes = model.Prototypes(new HeadTest.Halves(1).Classes, Prompts.NameOnly);
            var image = new HeadTest.Halves(1).Read(0).Image;
            // Before the first step the tower is the model's.
            CollectionAssert.AreEqual(frozen.Segmenter(classes).Segment(image).Labels, head.Segmenter(classes).Segment(image).Labels);
            var start = Values(head.Parameters);
            var reports = new List<HeadReport>();
            using (var run = new HeadRun(head, new HeadTest.Halves(12), train with { Steps = 40 })) run.Run(reports.Add);
            Assert.IsLessThan(reports[0].Loss, reports[^1].Loss);
            foreach (var (name, values) in Values(head.Parameters))
            {
                // Patches are pooled alone: nothing reads the query of the pooling.
                if (name.StartsWith("img/MAPHead_0", StringComparison.Ordinal) && name.Contains("/query/")) continue;
                if (!name.StartsWith("img/", StringComparison.Ordinal) || head.Tuned!.Names.Contains(name))
                    Assert.AreNotEqual(Length(start[name]), Length(values), name);
                else Close.Bits(start[name], values, name);
            }
            Assert.IsTrue(head.Tuned!.Names.All(name => name.Contains("/query/") || name.Contains("/value/") || name == "img/pos_embedding"));
            Assert.AreEqual(before, model.Fingerprint());

            head.NameTower("runs/mine");
            head.Save(At($"{kind}.safetensors"));
            var file = HeadFile.Open(At($"{kind}.safetensors"));
            CollectionAssert.AreEquivalent(head.Tuned.Names.ToArray(),
                file.Arrays().Keys.Where(name => name.StartsWith("img/", StringComparison.Ordinal)).ToArray());
            Assert.AreEqual(QueryValue[0], file.Description.Tuned!.Single());
            using (var again = SegmentationHead.Load(model, At($"{kind}.safetensors")))
            {
                TinyRun.SameBits(Values(head.Parameters), Values(again.Parameters));
                CollectionAssert.AreEqual(head.Segmenter(classes).Segment(image).Labels, again.Segmenter(classes).Segment(image).Labels);
            }
            using var other = HeadTest.Model(TestDevices.FourThreads, seed: 4);
            Assert.Contains("runs/mine", Assert.ThrowsExactly<InvalidDataException>(() =>
                SegmentationHead.Load(other, At($"{kind}.safetensors"))).Message);
        }
    }

    [TestMethod]
    public void A_training_that_goes_on_ends_with_the_bits_of_one_left_alone()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var scenes = new DemoDetection(10, seed: 3, size: 32);
        using var whole = Detecting(model, QueryValue);
        using (var run = new DetectionRun(whole, scenes, Train)) run.Run();
        foreach (var (first, resume) in new[] { (3, false), (8, true) })
        {
            using var head = Detecting(model, QueryValue);
            using var folder = RunFolder.ForHead(At("run"), resume: resume);
            using var run = new DetectionRun(head, scenes, Train, folder);
            using var stop = new CancellationTokenSource();
            run.Run(report =>
            {
                if (report.Step == first) stop.Cancel();
            }, reportEvery: 1, stop.Token);
            if (resume) TinyRun.SameBits(Values(whole.Parameters), Values(head.Parameters));
        }
        using var loaded = DetectionHead.Load(model, At("run"));
        var names = model.Prototypes(scenes.Truth.Classes(), Prompts.NameOnly);
        CollectionAssert.AreEqual(whole.Detect(scenes.Read(0).Image, names).ToArray(), loaded.Detect(scenes.Read(0).Image, names).ToArray());
        using var again = Detecting(model, [new("img/.*", 0.1)]);
        using (var folder = RunFolder.ForHead(At("run"), resume: true))
            Assert.Contains("Tuned", Assert.ThrowsExactly<ArgumentException>(() => new DetectionRun(again, scenes, Train, folder)).Message);
    }

    /// <summary>Names are embedded by the head's own text tower, before and after its file, and by no other.</summary>
    [TestMethod]
    public void A_tuned_text_tower_learns_goes_into_the_file_and_is_asked_by_its_own_names()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var before = model.Fingerprint();
        var source = new HeadTest.Halves(12);
        var image = source.Read(0).Image;
        foreach (var rules in (RateRule[][])[[new("txt/(.*/(query|value)/.*|pos_embedding)", 0.5)],
            [new("txt/.*", 0.1), new("img/.*/value/.*", 0.1)]])
            foreach (var kind in new[] { HeadKind.Adapter, HeadKind.CatSeg })
            {
                var train = kind == HeadKind.CatSeg ? Train with { Loss = HeadLoss.Binary, ClassesAStep = 2 } : Train;
                using var head = Segmenting(model, kind, rules, train.Loss);
                Close.To([.. model.Prototypes(source.Classes, Prompts.NameOnly).Rows.Values.Span.ToArray().Select(value => (double)value)],
                    head.Prototypes(source.Classes).Rows.Values.ToArray(), 1e-6, "before the first step the tower is the model's");
                var start = Values(head.Parameters);
                using (var run = new HeadRun(head, source, train with { Steps = 20 })) run.Run();
                foreach (var (name, values) in Values(head.Parameters))
                {
                    if (head.Tuned!.Names.Contains(name) && name.StartsWith("txt/", StringComparison.Ordinal) && name.Contains("/value/"))
                        Assert.AreNotEqual(Length(start[name]), Length(values), name);
                    else if (name.StartsWith("txt/", StringComparison.Ordinal) && !head.Tuned.Names.Contains(name))
                        Close.Bits(start[name], values, name);
                }
                Assert.AreEqual(before, model.Fingerprint());
                var own = head.Prototypes(source.Classes);
                var map = head.Segmenter(own).Segment(image).Labels;
                Assert.Contains("own Prototypes", Assert.ThrowsExactly<ArgumentException>(() =>
                    head.Segmenter(model.Prototypes(source.Classes, Prompts.NameOnly))).Message);
                CollectionAssert.AreEqual(map, model.Segment(image, Names, head).Labels);
                head.Save(At("texts.safetensors"));
                Assert.AreEqual("3", Safetensors.ReadMetadata(At("texts.safetensors"))[ModelMetadata.HeadKey]);
                using var again = SegmentationHead.Load(model, At("texts.safetensors"));
                Close.Bits(own.Rows.Values.ToArray(), again.Prototypes(source.Classes).Rows.Values.ToArray(), "names");
                CollectionAssert.AreEqual(map, again.Segmenter(again.Prototypes(source.Classes)).Segment(image).Labels);
            }
    }

    [TestMethod]
    public void A_training_of_texts_that_goes_on_ends_with_the_bits_of_one_left_alone()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var scenes = new DemoDetection(10, seed: 3, size: 32);
        RateRule[] rules = [new("txt/.*", 0.1)];
        using var whole = Detecting(model, rules);
        using (var run = new DetectionRun(whole, scenes, Train)) run.Run();
        foreach (var (first, resume) in new[] { (3, false), (8, true) })
        {
            using var head = Detecting(model, rules);
            using var folder = RunFolder.ForHead(At("run"), resume: resume);
            using var run = new DetectionRun(head, scenes, Train, folder);
            using var stop = new CancellationTokenSource();
            run.Run(report =>
            {
                if (report.Step == first) stop.Cancel();
            }, reportEvery: 1, stop.Token);
            if (resume) TinyRun.SameBits(Values(whole.Parameters), Values(head.Parameters));
        }
        using var loaded = DetectionHead.Load(model, At("run"));
        var (names, image) = (scenes.Truth.Classes(), scenes.Read(0).Image);
        CollectionAssert.AreEqual(whole.Detect(image, whole.Prototypes(names)).ToArray(), loaded.Detect(image, loaded.Prototypes(names)).ToArray());
        Assert.Contains("own Prototypes", Assert.ThrowsExactly<ArgumentException>(() =>
            loaded.Detect(image, model.Prototypes(names, Prompts.NameOnly))).Message);
    }

    [TestMethod]
    [DataRow("seg/.*", 0.1, "'seg/.*' matches no parameter of the towers")]
    [DataRow("img/nothing", 0.1, "'img/nothing' matches no parameter of the towers")]
    [DataRow("img/(", 0.1, "is no pattern of parameter names")]
    [DataRow("img/.*", 0, "every parameter of the towers has the multiplier 0")]
    [DataRow("img/.*", -1, "it must be 0 or positive")]
    public void Patterns_that_tune_nothing_are_refused(string pattern, double rate, string words)
    {
        using var model = HeadTest.Model(TestDevices.OneThread);
        Assert.Contains(words, Assert.ThrowsExactly<ArgumentException>(() => Segmenting(model, HeadKind.Adapter, [new(pattern, rate)])).Message);
    }

    static Dictionary<string, float[]> Values(Parameters parameters) =>
        parameters.ToArrays().ToDictionary(array => array.Name, array => array.Values);
}
