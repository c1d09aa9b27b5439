namespace Silc.Tests;

/// <summary>Heads that write, as files, their training, and what they say.</summary>
[TestClass]
public sealed class DecoderHeadTests : TempFolder
{
    static readonly HeadTrainConfig Train = new(Steps: 10, BatchSize: 4, LearningRate: 1e-3);

    static readonly DecoderConfig Small = new(Width: 32, Depth: 1, Heads: 2, Length: 16);

    static DecoderExamples Captions(SilcModel model, int count = 10) =>
        DecoderExamples.OfCaptions(model, new DemoSource(count, seed: 3, size: 32, DemoLevel.Hard));

    static DecoderExamples Questions(SilcModel model, int count = 10) =>
        DecoderExamples.OfQuestions(model, new DemoQuestions(count, seed: 3, size: 32));

    static Dictionary<string, float[]> Values(ITrainedHead head) => head.Arrays().ToDictionary(array => array.Name, array => array.Values);

    [TestMethod]
    public void The_first_loss_is_log_V_and_a_question_is_not_learned()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        foreach (var questions in new[] { false, true })
        {
            using var examples = questions ? Questions(model) : Captions(model);
            using var head = DecoderHead.Create(model, examples, Small);
            using var run = new DecoderRun(head, examples, Train with { LearningRate = 0, Steps = 3 });
            run.Run(report => Assert.AreEqual(Math.Log(head.Description.Words!.Count + 5), report.Loss, 1e-5));
        }
        // Of an answer count its words and its end, of a question nothing, whatever it is.
        var (_, one, length) = DecoderRows.Of([([1, 7, 8, 4], [9]), ([1, 4], [10, 11])], 16);
        var (tokens, two, _) = DecoderRows.Of([([1, 12, 13, 4], [9]), ([1, 4], [10, 11])], 16);
        Assert.AreEqual(5, length);
        CollectionAssert.AreEqual(one, two);
        CollectionAssert.AreEqual(new[] { -1, -1, -1, 9, 2, -1, 10, 11, 2, -1 }, two);
        CollectionAssert.AreEqual(new[] { 1, 12, 13, 4, 9, 1, 4, 10, 11, 0 }, tokens);
        // Without room for its end a text has none.
        CollectionAssert.AreEqual(new[] { 5, 6 }, DecoderRows.Of([([1], [5, 6, 7])], 2).Labels);
    }

    [TestMethod]
    public void A_head_is_loaded_with_its_bits_beside_its_tower_alone_and_says_what_it_is()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var examples = Captions(model);
        using var head = DecoderHead.Create(model, examples, Small);
        using (var run = new DecoderRun(head, examples, Train)) run.Run();
        head.NameTower("runs/mine");
        head.Save(At("c.safetensors"));
        var image = new DemoSource(1, 9, 32).Read(0).Image;
        using (var again = DecoderHead.Load(model, At("c.safetensors")))
        {
            TinyRun.SameBits(Values(head), Values(again));
            Assert.AreEqual(10, again.Steps);
            CollectionAssert.AreEqual(head.Captions([image], 3).ToArray(), again.Captions([image], 3).ToArray());
            Assert.AreEqual(again.Captions([image])[0].Text, model.Caption(image, again));
            Assert.Contains("silc answer", HeadOf(HeadKind.Answer).Use);
            Assert.Contains("writes captions", Assert.ThrowsExactly<InvalidOperationException>(() => again.Answers([image], ["what?"])).Message);
            Assert.Contains("0", Assert.ThrowsExactly<ArgumentException>(() => again.Captions([image], 0)).Message);
        }
        using var other = HeadTest.Model(TestDevices.FourThreads, seed: 4);
        Assert.Contains("runs/mine", Assert.ThrowsExactly<InvalidDataException>(() => DecoderHead.Load(other, At("c.safetensors"))).Message);
        Assert.Contains("another model", Assert.ThrowsExactly<ArgumentException>(() => other.Caption(image, head)).Message);
        Assert.Contains("silc caption", Assert.ThrowsExactly<InvalidDataException>(() => SegmentationHead.Load(model, At("c.safetensors"))).Message);
        Assert.Contains("silc caption", Assert.ThrowsExactly<InvalidDataException>(() => DetectionHead.Load(model, At("c.safetensors"))).Message);
        using var adapter = SegmentationHead.Create(model, HeadKind.Adapter, ["a", "b"]);
        adapter.Save(At("s.safetensors"));
        Assert.Contains("segmentation", Assert.ThrowsExactly<InvalidDataException>(() => DecoderHead.Load(model, At("s.safetensors"))).Message);
    }

    static HeadDescription HeadOf(HeadKind kind) => new(kind, "", null, 1, 1, 1, [], []);

    [TestMethod]
    [DataRow(false), DataRow(true)]
    public void A_training_that_goes_on_ends_with_the_bits_of_one_left_alone(bool questions)
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var examples = questions ? Questions(model) : Captions(model);
        using var whole = DecoderHead.Create(model, examples, Small);
        using (var run = new DecoderRun(whole, examples, Train)) run.Run();
        foreach (var (first, resume) in new[] { (4, false), (10, true) })
        {
            using var head = DecoderHead.Create(model, examples, Small);
            using var folder = RunFolder.ForHead(At("run"), new(EverySteps: 3), resume);
            using var run = new DecoderRun(head, examples, Train, folder);
            using var stop = new CancellationTokenSource();
            Assert.AreEqual(resume ? 4 : 0, run.Steps);
            run.Run(report =>
            {
                if (report.Step == first) stop.Cancel();
            }, reportEvery: 1, stop.Token);
            if (resume) TinyRun.SameBits(Values(whole), Values(head));
        }
        using var loaded = DecoderHead.Load(model, At("run"));
        TinyRun.SameBits(Values(whole), Values(loaded));
    }

    sealed class Said(params string[][] captions) : IImageTextSource
    {
        public string Name => "said";
        public int Count => captions.Length;
        public ImageTextPair Read(int index) => captions[index] is ["?"] ? throw new InvalidDataException("it is torn")
            : new($"image {index}", Images.Noise(32, 32, index), captions[index]);
    }

    /// <summary>Images of noise learned by heart; likelihoods of what is said agree with its search.</summary>
    [TestMethod, EveryDevice(CpuThreads = 4)]
    public void It_learns_captions_by_heart_and_knows_how_likely_they_are(string device)
    {
        string[] captions = ["a cat", "two dogs on a sofa", "a bird", "a sofa"];
        using var model = HeadTest.Model(device);
        using var examples = DecoderExamples.OfCaptions(model, new Said([.. captions.Select(caption => new[] { caption })]));
        using var head = DecoderHead.Create(model, examples);
        using (var run = new DecoderRun(head, examples, new(Steps: 60, BatchSize: 4, LearningRate: 3e-3))) run.Run();
        RgbImage[] images = [.. Enumerable.Range(0, 4).Select(i => Images.Noise(32, 32, i))];
        foreach (int beam in new[] { 1, 3 })
        {
            var written = head.Captions(images, beam);
            CollectionAssert.AreEqual(captions, written.Select(one => one.Text).ToArray());
            for (int i = 0; i < 4; i++)
            {
                var likely = head.LogLikelihoods(images[i], captions);
                Assert.AreEqual(i, Array.IndexOf(likely, likely.Max()));
                // The search leaves out ids that no text has; their share is small.
                Assert.AreEqual(written[i].LogLikelihood, likely[i], 0.02);
            }
        }
        Assert.Contains("'zebra'", Assert.ThrowsExactly<ArgumentException>(() => head.LogLikelihoods(images[0], ["a zebra"])).Message);
        Assert.Contains("takes no question", Assert.ThrowsExactly<ArgumentException>(() => head.LogLikelihoods(images[0], ["a"], "what?")).Message);
    }

    sealed class Asked : IQuestionSource
    {
        public string Name => "asked";
        public int Count => 5;
        public AnsweredQuestion Question(int index) => index == 4 ? new(9, 1, "who?", [])
            : new(index, index / 2, index % 2 == 0 ? "What is it?" : "How many?", [((string[])["T-shirt", "1:30", "dog", "2"])[index]]);
        public RgbImage ReadImage(int index) => Images.Noise(32, 32, Question(index).ImageId == 1 ? 7 : 3);
    }

    [TestMethod]
    public void It_answers_questions_about_an_image_whose_features_are_computed_once()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var examples = DecoderExamples.OfQuestions(model, new Asked());
        Assert.AreEqual((2, 4, 1), (examples.Images, examples.Count, examples.Silent));
        using var head = DecoderHead.Create(model, examples);
        using (var run = new DecoderRun(head, examples, new(Steps: 80, BatchSize: 4, LearningRate: 3e-3))) run.Run();
        var asked = new Asked();
        CollectionAssert.AreEqual(new[] { "t-shirt", "1:30", "dog", "2" }, head.Answers([.. Enumerable.Range(0, 4).Select(asked.ReadImage)],
            [.. Enumerable.Range(0, 4).Select(i => asked.Question(i).Question)]).Select(one => one.Text).ToArray());
        Assert.AreEqual("dog", model.Answer(asked.ReadImage(2), "what is it", head, beam: 2));
        var likely = head.LogLikelihoods(asked.ReadImage(2), ["dog", "2", "T-shirt"], "what is it?");
        Assert.AreEqual(0, Array.IndexOf(likely, likely.Max()));
        CollectionAssert.AreEqual(new[] { "colour" }, head.Unknown("What colour is it?").ToArray());
        Assert.Contains("no word", Assert.ThrowsExactly<ArgumentException>(() => model.Answer(asked.ReadImage(2), " ?", head)).Message);
        Assert.Contains("1 questions about 2", Assert.ThrowsExactly<ArgumentException>(() =>
            head.Answers([asked.ReadImage(0), asked.ReadImage(1)], ["a"])).Message);
    }

    [TestMethod]
    public void Images_that_cannot_be_read_and_rare_words_are_named()
    {
        using var model = HeadTest.Model(TestDevices.OneThread);
        DecoderExamples Of(double most, params string[][] captions) => DecoderExamples.OfCaptions(model, new Said(captions), maxBadShare: most);
        using (var examples = Of(0.5, ["a cat", "a cat there"], ["?"], [], ["a dog"]))
        {
            Assert.AreEqual((2, 3, 1), (examples.Count, examples.Images, examples.Silent));
            Assert.Contains("torn", examples.Unread.Single().Reason);
            using var head = DecoderHead.Create(model, examples, leastUses: 2);
            CollectionAssert.AreEqual(new[] { "a", "cat" }, head.Description.Words!.ToArray());
            Assert.AreEqual(4, head.Description.Decoder!.Length);
            Assert.Contains("occurs 9 times",
                Assert.ThrowsExactly<ArgumentException>(() => DecoderHead.Create(model, examples, leastUses: 9)).Message);
        }
        Assert.Contains("torn", Assert.ThrowsExactly<InvalidDataException>(() => Of(0.1, ["a"], ["?"])).Message);
        Assert.Contains("nothing to learn", Assert.ThrowsExactly<InvalidDataException>(() => Of(0.1, [], [" "])).Message);
    }

    [TestMethod]
    public void Questions_of_the_demo_are_true()
    {
        var questions = new DemoQuestions(300, 3, 32);
        var scenes = new DemoSource(300, 3, 32, DemoLevel.Hard);
        var types = new Dictionary<string, int>();
        int yes = 0;
        for (int i = 0; i < questions.Count; i++)
        {
            var (_, image, question, answers, type) = questions.Question(i);
            var items = scenes.Scene((int)image).Objects;
            string answer = answers.Distinct().Single(), word = question.TrimEnd('?').Split(' ')[^1];
            types[type!] = types.GetValueOrDefault(type!) + 1;
            Assert.AreEqual(1.0, VqaAccuracy.Of(answer, answers));
            if (type == "colour") Assert.AreEqual(answer, DemoObject.Word(items.Single(item => DemoObject.Word(item.Shape) == word).Colour));
            if (type == "shape") Assert.AreEqual(answer, DemoObject.Word(items.Single(item => DemoObject.Word(item.Colour) == word).Shape));
            if (type == "count") Assert.AreEqual(answer, $"{items.Count}");
            if (type == "exists") Assert.AreEqual(answer == "yes", items.Any(item => question.EndsWith($" {item.Name}?", StringComparison.Ordinal)));
            if (type == "exists" && answer == "yes") yes++;
            if (type != "relation") continue;
            var words = question.TrimEnd('?').Split(' ');
            DemoObject Of(string colour) => items.Single(item => DemoObject.Word(item.Colour) == colour);
            var (a, b) = (Of(words[3]), Of(words[7]));
            Assert.IsTrue(answer switch
            {
                "left" => a.X < b.X,
                "right" => a.X > b.X,
                "above" => a.Y < b.Y,
                "below" => a.Y > b.Y,
                "inside" => a.Radius < b.Radius && (a.X, a.Y) == (b.X, b.Y),
                _ => answer == "around" && a.Radius > b.Radius && (a.X, a.Y) == (b.X, b.Y),
            }, $"{question} {answer}");
        }
        CollectionAssert.AreEquivalent(new[] { "colour", "shape", "count", "exists", "relation" }, types.Keys);
        Assert.IsTrue(types.Values.All(count => count > 60) && yes > 100 && yes < 200, string.Join(", ", types));
    }
}
