namespace Silc.Tests;

/// <summary>Detection heads as files, their training, and what they find.</summary>
[TestClass]
public sealed class DetectionHeadTests : TempFolder
{
    static readonly HeadTrainConfig Train = new(Steps: 10, BatchSize: 4, LearningRate: 1e-3);

    static DemoDetection Scenes(int count = 10, DemoLevel level = DemoLevel.Hard) => new(count, seed: 3, size: 32, level);

    static DetectionHead New(SilcModel model, DetectionConfig? sizes = null) =>
        DetectionHead.Create(model, Scenes(1).Truth.Classes().Names, Prompts.NameOnly, sizes: sizes ?? new(Heads: 2), seed: 5);

    static ClassPrototypes Names(SilcModel model) => model.Prototypes(Scenes(1).Truth.Classes(), Prompts.NameOnly);

    static Dictionary<string, float[]> Values(ITrainedHead head) => head.Arrays().ToDictionary(array => array.Name, array => array.Values);

    [TestMethod, EveryDevice]
    public void Before_the_first_step_every_box_is_its_cell_s_and_every_name_improbable(string device)
    {
        using var model = HeadTest.Model(device);
        foreach (var sizes in new DetectionConfig[] { new(Heads: 2), new(Block: false), new(Heads: 2, Aligned: false) })
        {
            using var head = New(model, sizes);
            var found = head.Detect(Images.Noise(40, 40, 2), Names(model), most: 1000);
            Assert.HasCount(16 * 9, found);
            foreach (var one in found)
            {
                // A cell of 10 pixels whose lower right corner is the middle of its box, cut at the borders.
                Assert.IsTrue(one.Box.Width is > 4.8 and < 10.1 && one.Box.Height is > 4.8 and < 10.1, $"{one.Box}");
                Assert.AreEqual(0, Math.IEEERemainder(one.Box.X + 5, 10), 0.1);
                // σ(−4.6 + cosine).
                Assert.IsTrue(one.Score is > 0.003 and < 0.028, $"{one.Score}");
            }
            CollectionAssert.AreEqual(found.OrderByDescending(one => one.Score).ToArray(), found.ToArray());
        }
    }

    /// <summary>Scores by objectness beside the layers of the objectness computed in double precision from the tower's tokens.</summary>
    [TestMethod]
    public void Objectness_ranks_by_the_geometric_mean()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = New(model, new(Block: false));
        var random = new Random(4);
        foreach (var p in head.Parameters.All)
            model.Device.Upload<float>([.. Enumerable.Range(0, p.Count).Select(_ => 1.2f * (random.NextSingle() - 0.5f))], p.Value.View);
        var image = Images.Noise(32, 32, 2);
        using var tower = new FrozenTower(model, 32, [TowerFeature.Tokens]);
        var tokens = tower.Run(DetectionPixels.Of([image], 32, model.Config.Images))[0];
        Matrix Of(string name) => head.Parameters.All.Single(p => p.Name == name) is var p
            ? Matrix.Make(p.Rows, p.Cols, (r, c) => model.Device.Download(p.Value.View)[r * p.Cols + c]) : throw new InvalidOperationException();
        Matrix Dense(Matrix x, string name) => Naive.PlusRow(Naive.MatMul(x, Of($"{name}/kernel")), Of($"{name}/bias"));
        var x = Naive.LayerNorm(Matrix.Make(tokens.Count, tokens.Width, (r, c) => tokens[r, c]), Of("owl/merge_norm/scale"),
            Of("owl/merge_norm/bias"), 1e-6);
        foreach (var layer in (string[])["dense_0", "dense_1"]) x = Naive.Gelu(Dense(x, $"owl/objectness/{layer}"), GeluKind.Tanh);
        var objectness = Dense(x, "owl/objectness/dense_2").Map(v => 1 / (1 + Math.Exp(-v)));
        var names = Names(model);
        FoundBox[] byName = [.. head.Detect(image, names, most: 1000)], ranked = [.. head.Detect(image, names, most: 1000, objectness: true)];
        Assert.HasCount(byName.Length, ranked);
        // A patch is known by its box, for there is one of each.
        List<double> found = [];
        foreach (var patch in byName.GroupBy(one => one.Box))
        {
            var mean = ranked.Where(one => one.Box == patch.Key).ToDictionary(one => one.Label, one => one.Score);
            // The square of the score over the probability is the patch's objectness, whatever the name is.
            double[] shares = [.. patch.Select(one => mean[one.Label] * mean[one.Label] / one.Score)];
            Assert.AreEqual(shares.Min(), shares.Max(), 1e-6);
            found.Add(shares[0]);
        }
        Close.To([.. objectness.Values.Order()], [.. found.Order().Select(value => (float)value)], 1e-5, "objectness");
        Assert.IsGreaterThan(0.02, objectness.Values.Max() - objectness.Values.Min());
        CollectionAssert.AreEqual(ranked.OrderByDescending(one => one.Score).ToArray(), ranked);
        Assert.IsFalse(byName.Select(one => one.Box).SequenceEqual(ranked.Select(one => one.Box)), "another order");
    }

    [TestMethod]
    public void Images_that_are_no_squares_are_filled_up_and_boxes_lie_in_them()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = New(model);
        var wide = Images.Noise(40, 10, 2);
        var square = DetectionPixels.Square(wide);
        Assert.AreEqual((40, 40), (square.Width, square.Height));
        CollectionAssert.AreEqual(wide.Rgba[..(4 * 40)], square.Rgba[..(4 * 40)]);
        CollectionAssert.AreEqual(new byte[] { 128, 128, 128, 255 }, square.Rgba[^4..]);
        var found = head.Detect(wide, Names(model), most: 1000);
        Assert.IsTrue(found.All(one => one.Box.Y + one.Box.Height <= 10 && one.Box.X + one.Box.Width <= 40));
        // Only cells that reach into the image have boxes there: one row whose middle is at its lower border.
        Assert.HasCount(4 * 9, found);
        Assert.HasCount(3, head.Detect(wide, Names(model), most: 3));
        Assert.IsEmpty(head.Detect(wide, Names(model), least: 0.5));
    }

    [TestMethod]
    public void A_head_is_loaded_with_its_bits_beside_its_tower_alone_and_says_what_it_is()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = New(model);
        using (var run = new DetectionRun(head, Scenes(), Train with { Steps = 3 })) run.Run();
        head.NameTower("runs/mine");
        head.Save(At("d.safetensors"));
        using (var again = DetectionHead.Load(model, At("d.safetensors")))
        {
            TinyRun.SameBits(Values(head), Values(again));
            Assert.AreEqual(3, again.Steps);
            var image = Scenes(1).Read(0).Image;
            CollectionAssert.AreEqual(head.Detect(image, Names(model)).ToArray(), again.Detect(image, Names(model)).ToArray());
        }
        var picture = Scenes(1).Read(0).Image;
        var (words, names) = (model.Prototypes(ClassList.Of(["red", "blue"]), head.Description.Templates), (string[])["red", "blue"]);
        CollectionAssert.AreEqual(head.Detect(picture, words, least: 0.01).ToArray(), model.Detect(picture, names, head, least: 0.01).ToArray());
        using var other = HeadTest.Model(TestDevices.FourThreads, seed: 4);
        Assert.Contains("another model", Assert.ThrowsExactly<ArgumentException>(() => other.Detect(picture, names, head)).Message);
        Assert.Contains("runs/mine", Assert.ThrowsExactly<InvalidDataException>(() => DetectionHead.Load(other, At("d.safetensors"))).Message);
        Assert.Contains("silc detect", Assert.ThrowsExactly<InvalidDataException>(() => SegmentationHead.Load(model, At("d.safetensors"))).Message);
        using var adapter = SegmentationHead.Create(model, HeadKind.Adapter, ["a", "b"]);
        adapter.Save(At("s.safetensors"));
        Assert.Contains("segmentation", Assert.ThrowsExactly<InvalidDataException>(() => DetectionHead.Load(model, At("s.safetensors"))).Message);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(2)]
    public void A_training_that_goes_on_ends_with_the_bits_of_one_left_alone(int negatives)
    {
        var train = Train with { Negatives = negatives };
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var whole = New(model);
        using (var run = new DetectionRun(whole, Scenes(), train)) run.Run();
        if (negatives > 0)
        {
            using var others = New(model);
            using (var run = new DetectionRun(others, Scenes(), Train)) run.Run();
            Assert.IsFalse(Values(whole).All(array => array.Value.SequenceEqual(Values(others)[array.Key])),
                "fewer names are asked about, which must show");
        }
        foreach (var (first, resume) in new[] { (4, false), (10, true) })
        {
            using var head = New(model);
            using var folder = RunFolder.ForHead(At("run"), new(EverySteps: 3), resume);
            using var run = new DetectionRun(head, Scenes(), train, folder);
            using var stop = new CancellationTokenSource();
            Assert.AreEqual(resume ? 4 : 0, run.Steps);
            run.Run(report =>
            {
                if (report.Step == first) stop.Cancel();
            }, reportEvery: 1, stop.Token);
            if (resume) TinyRun.SameBits(Values(whole), Values(head));
        }
        using var loaded = DetectionHead.Load(model, At("run"));
        TinyRun.SameBits(Values(whole), Values(loaded));
    }

    /// <summary>Ten scenes learned by heart: every object is found, by its colour and with its box.</summary>
    [TestMethod]
    public void It_learns_where_things_are()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = New(model);
        var source = Scenes(8, DemoLevel.Plain);
        double first = 0, last = 0;
        using (var run = new DetectionRun(head, source, Train with { Steps = 250, BatchSize = 8, LearningRate = 3e-3 }))
        {
            Assert.AreEqual((8, 0, 0), (run.Images, run.Empty, run.TooMany));
            run.Run(report =>
            {
                if (first == 0) first = report.Loss;
                last = report.Loss;
            }, reportEvery: 10);
        }
        Assert.IsLessThan(first / 3, last);
        var (classes, found) = (Names(model), new List<Detection>());
        for (int i = 0; i < source.Count; i++)
        {
            var example = source.Read(i);
            found.AddRange(head.Detect(example.Image, classes).Select(one =>
                new Detection(example.Info.Id, source.Truth.Categories[one.Label].Id, one.Box, one.Score)));
        }
        Assert.IsGreaterThan(0.6, DetectionScores.Coco(source.Truth, found).Precision(0.5));
    }

    sealed class Boxed(params Instance[] instances) : IInstanceSource
    {
        public string Name => "boxed";
        public int Count => 2;
        public DetectionTruth Truth { get; } = new("boxed", [new(1, "a", 32, 32), new(2, "b", 32, 32)],
            [new(7, "red"), new(9, "green"), new(11, "blue")], instances);
        public DetectionImage InfoOf(int index) => Truth.Images[index];
        public InstanceImage Read(int index) => new($"image {index}", Truth.Images[index], Images.Noise(32, 32, index),
            [.. Truth.Instances.Where(instance => instance.ImageId == index + 1)]);
    }

    [TestMethod]
    public void Crowds_and_boxes_without_size_are_not_trained_on_and_too_many_things_are_counted()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = DetectionHead.Create(model, ["red", "blue"], Prompts.NameOnly, sizes: new(Heads: 2));
        DetectionExamples Of(params Instance[] instances) => new(head, new Boxed(instances), 0.1, null, default);
        using (var examples = Of(new(1, 11, new(-4, 8, 12, 8), 96), new(1, 7, new(0, 0, 32, 32), 1, IsCrowd: true), new(1, 11, new(5, 5, 0, 4), 0),
            new(1, 9, new(1, 1, 5, 5), 25)))
        {
            var things = examples.Things(0);
            CollectionAssert.AreEqual(new[] { 1 }, things.Labels, "green is held out, a crowd is no thing");
            Assert.AreEqual(new Box(0, 0.25, 0.25, 0.25), things.Boxes[0], "cut at the border, in shares of the image");
            CollectionAssert.AreEqual(new[] { 0 }, things.Unasked.ToArray(), "there may be more of what stands in a crowd");
            Assert.AreEqual((2, 1), (examples.Count, examples.Empty));
        }
        using (var many = Of([.. Enumerable.Range(1, 20).Select(i => new Instance(1, 7, new(0, 0, i, i), i * i))]))
        {
            Assert.AreEqual(4, many.TooMany);
            Assert.AreEqual(5 / 32.0, many.Things(0).Boxes.Min(box => box.Width), 1e-12, "the largest are kept");
        }
        Assert.Contains("nothing to learn", Assert.ThrowsExactly<InvalidDataException>(() => Of(new Instance(1, 9, new(1, 1, 5, 5), 25))).Message);
        Assert.Contains("'pink'", Assert.ThrowsExactly<ArgumentException>(() =>
        {
            using var pink = DetectionHead.Create(model, ["pink"], Prompts.NameOnly, sizes: new(Heads: 2));
            new DetectionRun(pink, new Boxed(), Train).Dispose();
        }).Message);
        Assert.Contains("3 attention heads", Assert.ThrowsExactly<ArgumentException>(() => New(model, new(Heads: 3))).Message);
    }

    [TestMethod]
    public void Boxes_of_the_demo_are_those_of_its_masks()
    {
        var (boxes, masks) = (new DemoDetection(6, 3, 48), new DemoSegmentation(6, 3, 48));
        CollectionAssert.AreEqual(masks.Classes.Names.Skip(1).ToArray(), boxes.Truth.Classes().Names.ToArray());
        for (int i = 0; i < 6; i++)
        {
            var (example, labels) = (boxes.Read(i), masks.Read(i).Labels);
            Assert.AreEqual(labels.Labels.Count(label => label > 0), example.Instances.Sum(instance => instance.Area));
            foreach (var instance in example.Instances)
            {
                var (x, y, width, height) = instance.Box;
                bool In(int pixel) => labels.Labels[pixel] == instance.CategoryId && pixel % 48 >= x && pixel % 48 < x + width && pixel / 48 >= y
                    && pixel / 48 < y + height;
                Assert.IsGreaterThanOrEqualTo(instance.Area, Enumerable.Range(0, 48 * 48).Count(In));
            }
        }
        Assert.AreEqual(boxes.Truth.Instances.Count, boxes.Truth.Instances.Select(instance => instance.Id).Distinct().Count());
    }
}
