namespace Silc.Tests;

/// <summary>Heads as files, and their training.</summary>
[TestClass]
public sealed class HeadRunTests : TempFolder
{
    static readonly HeadTrainConfig Train = new(Steps: 12, BatchSize: 4);

    static SegmentationHead Adapter(SilcModel model) =>
        SegmentationHead.Create(model, HeadKind.Adapter, new HeadTest.Halves(1).Classes.Names, Prompts.NameOnly, seed: 5);

    static Dictionary<string, float[]> Values(SegmentationHead head) =>
        head.Parameters.ToArrays().ToDictionary(array => array.Name, array => array.Values);

    [TestMethod]
    public void A_head_is_loaded_with_its_bits_beside_its_tower_alone()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = Adapter(model);
        HeadTest.Spread(head);
        head.NameTower("runs/mine");
        head.Save(At("a.safetensors"));
        using (var again = SegmentationHead.Load(model, At("a.safetensors")))
        {
            TinyRun.SameBits(Values(head), Values(again));
            CollectionAssert.AreEqual(new[] { "red", "green", "blue" }, again.Description.Seen.ToArray());
            CollectionAssert.AreEqual(Prompts.NameOnly.ToArray(), again.Description.Templates.ToArray());
            Assert.AreEqual(32, again.Description.Resolution);
            var image = new HeadTest.Halves(1).Read(0).Image;
            var classes = model.Prototypes(ClassList.Of(["red", "green", "blue"]), Prompts.NameOnly);
            CollectionAssert.AreEqual(head.Segmenter(classes).Segment(image).Labels, again.Segmenter(classes).Segment(image).Labels);
            // Another resolution is legal.
            Assert.HasCount(24 * 24, again.Segmenter(classes, SegmentationWindows.Whole(48)).Segment(image).Labels);
        }
        using var other = HeadTest.Model(TestDevices.FourThreads, seed: 4);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => SegmentationHead.Load(other, At("a.safetensors"))).Message;
        foreach (var word in new[] { At("a.safetensors"), model.Fingerprint(), other.Fingerprint(), "runs/mine", "train a head for this one" })
            Assert.Contains(word, message);
    }

    [TestMethod]
    public void Damaged_files_and_files_of_other_kinds_are_refused()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = Adapter(model);
        head.Save(At("a.safetensors"));
        var bytes = File.ReadAllBytes(At("a.safetensors"));
        bytes[^40] ^= 1;
        File.WriteAllBytes(At("b.safetensors"), bytes);
        model.Save(At("model.safetensors"));
        Assert.Contains("damaged", Assert.ThrowsExactly<InvalidDataException>(() => SegmentationHead.Load(model, At("b.safetensors"))).Message);
        Assert.Contains("is no head",
            Assert.ThrowsExactly<InvalidDataException>(() => SegmentationHead.Load(model, At("model.safetensors"))).Message);
        Assert.Contains("silc head train", Assert.ThrowsExactly<FileNotFoundException>(() => SegmentationHead.Load(model, At("none"))).Message);
    }

    [TestMethod]
    public void A_training_that_goes_on_ends_with_the_bits_of_one_left_alone()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var source = new HeadTest.Halves(10);
        using var whole = Adapter(model);
        using (var run = new HeadRun(whole, source, Train)) run.Run();

        foreach (var (first, resume) in new[] { (5, false), (12, true) })
        {
            using var head = Adapter(model);
            using var folder = RunFolder.ForHead(At("run"), new(EverySteps: 3), resume);
            using var run = new HeadRun(head, source, Train with { ClassesAStep = 0 }, folder);
            using var stop = new CancellationTokenSource();
            Assert.AreEqual(resume ? 5 : 0, run.Steps);
            run.Run(report =>
            {
                if (report.Step == first) stop.Cancel();
            }, reportEvery: 1, stop.Token);
            Assert.AreEqual(first, run.Steps);
            if (resume) TinyRun.SameBits(Values(whole), Values(head));
        }
        using var loaded = SegmentationHead.Load(model, At("run"));
        TinyRun.SameBits(Values(whole), Values(loaded));
        Assert.AreEqual(12, loaded.Steps);
    }

    [TestMethod]
    public void A_training_of_another_kind_does_not_go_on()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using (var head = Adapter(model))
        using (var folder = RunFolder.ForHead(At("run")))
        using (var run = new HeadRun(head, new HeadTest.Halves(10), Train with { Steps = 2 }, folder)) run.Run();

        using var again = Adapter(model);
        using (var folder = RunFolder.ForHead(At("run"), resume: true))
        {
            Assert.Contains("LearningRate 0.002, now 0.1", Assert.ThrowsExactly<ArgumentException>(() =>
                new HeadRun(again, new HeadTest.Halves(10), Train with { LearningRate = 0.1 }, folder)).Message);
            Assert.Contains("Count 10, now 9", Assert.ThrowsExactly<ArgumentException>(() =>
                new HeadRun(again, new HeadTest.Halves(9), Train, folder)).Message);
            // Reading the images is long: what does not go on says so before.
            Assert.Contains("LearningRate", Assert.ThrowsExactly<ArgumentException>(() =>
                new HeadRun(again, new Unseen(new HeadTest.Halves(10)), Train with { LearningRate = 0.1 }, folder)).Message);
        }
        Assert.Contains("holds a head already", Assert.ThrowsExactly<IOException>(() => RunFolder.ForHead(At("run"))).Message);
        // What another run replaces stays until that has done a step.
        using (var folder = RunFolder.ForHead(At("run"), overwrite: true))
        {
            Assert.IsTrue(File.Exists(At($"run/{HeadFile.Name}")));
            using var run = new HeadRun(again, new HeadTest.Halves(10), Train with { Steps = 3 }, folder);
            Assert.HasCount(1, RunFolder.Checkpoints(At("run")));
            run.Run();
        }
        Assert.AreEqual(3, RunFolder.Checkpoints(At("run")).Single().Step);
    }

    [TestMethod]
    public void Saving_is_called_before_each_checkpoint_is_on_the_disk()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = Adapter(model);
        using var folder = RunFolder.ForHead(At("run"), new(EverySteps: 3));
        using var run = new HeadRun(head, new HeadTest.Halves(10), Train with { Steps = 8 }, folder);
        List<(long Step, bool Written)> calls = [];
        run.Saving = () => calls.Add((run.Steps, RunFolder.Checkpoints(At("run")).Any(one => one.Step == run.Steps)));
        run.Run();
        CollectionAssert.AreEqual(new[] { (3L, false), (6L, false), (8L, false) }, calls);
        Assert.AreEqual(8, RunFolder.Checkpoints(At("run")).Max(one => one.Step));
    }

    sealed class Unseen(ISegmentationSource source) : ISegmentationSource
    {
        public string Name => source.Name;
        public int Count => source.Count;
        public ClassList Classes => source.Classes;
        public bool HasBackground => source.HasBackground;
        public SegmentedImage Read(int index) => throw new AssertFailedException($"image {index} was read");
    }

    sealed class Labelled(Func<int, int, int> label) : ISegmentationSource
    {
        public string Name => "labelled";
        public int Count => 3;
        public ClassList Classes { get; } = ClassList.Of(["red", "green", "blue"]);
        public bool HasBackground => false;
        public SegmentedImage Read(int index) => index == 2 ? throw new IOException("gone") : new($"image {index}", Images.Noise(8, 8, index),
            new(8, 8, [.. Enumerable.Range(0, 64).Select(i => label(index, i))]));
    }

    [TestMethod]
    public void Labels_and_images_that_will_not_do_are_named()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = Adapter(model);
        HeadRun Run(Func<int, int, int> label, double maxBad = 0.5) => new(head, new Labelled(label), Train, maxBadShare: maxBad);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => Run((_, i) => i == 19 ? 7 : 1)).Message;
        foreach (var word in new[] { "image 0", "label 7", "(3, 2)", "0 to 2" }) Assert.Contains(word, message);
        Assert.Contains("no place of its 2 images has a label", Assert.ThrowsExactly<InvalidDataException>(() => Run((_, _) => -1)).Message);
        Assert.Contains("gone", Assert.ThrowsExactly<InvalidDataException>(() => Run((_, _) => 1, 0.1)).Message);
        using var run = Run((image, i) => image == 0 ? -1 : i < 32 ? 0 : 1);
        Assert.AreEqual((2, 1, 1), (run.Images, run.Unlabelled, run.Unread.Count));
    }

    [TestMethod]
    public void A_batch_without_labels_adds_nothing_and_one_that_is_not_finite_stops_the_training_by_name()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var head = Adapter(model);
        var source = new Labelled((image, _) => image - 1);
        using (var run = new HeadRun(head, source, Train with { Steps = 2, BatchSize = 1 }, maxBadShare: 0.5)) run.Run();
        Assert.IsTrue(Values(head).Values.All(values => values.All(float.IsFinite)));

        model.Device.Upload<float>([float.NaN], head.Parameters["seg/bias"].Value.View.SubView(0, 1));
        using var bad = new HeadRun(head, new HeadTest.Halves(4), Train with { Steps = 20 });
        var message = Assert.ThrowsExactly<TrainingDivergedException>(() => bad.Run()).Message;
        foreach (var word in new[] { "step 3", "its images are half", "half 0", "half 1", "half 2", "half 3", "look at these images" })
            Assert.Contains(word, message);
    }

    [TestMethod]
    public void Held_out_classes_do_not_count_and_labels_are_places_in_the_new_list()
    {
        var chosen = new ChosenClasses(new HeadTest.Halves(6), [2, 0]);
        CollectionAssert.AreEqual(new[] { "blue", "red" }, chosen.Classes.Names.ToArray());
        int[] all = new HeadTest.Halves(6).Read(1).Labels.Labels, mapped = chosen.Read(1).Labels.Labels;
        for (int i = 0; i < all.Length; i++) Assert.AreEqual(all[i] switch { 2 => 0, 0 => 1, _ => -1 }, mapped[i]);
        Assert.Contains("label 7", Assert.ThrowsExactly<InvalidDataException>(() =>
            new ChosenClasses(new Labelled((_, i) => i == 9 ? 7 : 0), [0, 1]).Read(0)).Message);
    }

    [TestMethod]
    public void Cached_features_are_the_same_from_memory_and_from_the_disk()
    {
        var random = new Random(2);
        using FeatureCache memory = new(3, 130), disk = new(3, 130, limit: 0);
        Assert.AreEqual((false, true), (memory.IsOnDisk, disk.IsOnDisk));
        for (int i = 0; i < 3; i++)
        {
            float[] features = [.. Enumerable.Range(0, 130).Select(_ => random.NextSingle())];
            memory.Add(features, [i]);
            disk.Add(features, [i]);
        }
        float[] one = new float[130], other = new float[130];
        foreach (var i in new[] { 2, 0, 1 })
        {
            memory.Read(i, one);
            disk.Read(i, other);
            Close.Bits(one, other, $"image {i}");
            Assert.AreEqual(i, disk.Labels(i)[0]);
        }
    }
}
