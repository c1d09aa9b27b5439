namespace Silc.Tests;

/// <summary>Runs that are made to collapse warn, each with the remedy of its kind, and healthy ones stay silent.</summary>
[TestClass]
public sealed class CollapseTests : TempFolder
{
    const int Reports = 10, StepsEach = 10;

    static readonly WordTokenizer tokenizer = new();

    static readonly SilcConfig config = new(
        new TowerConfig(32, 2, 2, 128), new TowerConfig(32, 0, 1, 128), ImageSize: 24, TextLength: 12, VocabSize: tokenizer.VocabSize,
        Head: new(64, 32, 256), Views: new(1, 2, 16, GlobalScaleMin: 0.6, LocalScaleMin: 0.1))
    { TextPooling = TextPooling.Mean };

    static readonly TrainConfig healthy = new(
        BatchSize: 32, TotalSteps: Reports * StepsEach, LearningRate: 1e-3, Beta2: 0.99, EmaMomentum: 0.99);

    static readonly IImageTextSource images = new CachedSource(new DemoSource(512, seed: 0, size: 32, DemoLevel.Plain), long.MaxValue);

    // What was said at which report.
    static List<(int Report, string Complaint)> Train(TrainConfig train)
    {
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, seed: 0, tokenizer);
        using var run = new TrainRun(model, images, train);
        var (watch, said) = (new CollapseWatch(), new List<(int, string)>());
        run.Run(report =>
        {
            var h = report.Metrics.Health!;
            Console.WriteLine($"{report.Metrics.Step}: loss / ln K {h.LossOverLogK:F3}, entropy {h.Entropy:F3}, mean {h.MeanEntropy:F3}, told "
                + $"{h.GroupsTold:F2}, used {h.PrototypesUsed}, deviation {h.FeatureDeviation:F3}");
            if (watch.Read(h) is { } complaint) said.Add(((int)report.Metrics.Step / StepsEach, complaint));
        }, StepsEach);
        return said;
    }

    [TestMethod]
    [DataRow(1.0), DataRow(0.3), DataRow(0.0)]
    public void Healthy_runs_stay_silent(double contrast) =>
        Assert.AreEqual("", string.Join("; ", Train(healthy with { ContrastiveWeight = contrast }).Select(said => said.Complaint)));

    [TestMethod]
    public void A_teacher_too_soft_becomes_uniform() => Warns(healthy with { TeacherTemperature = 1 }, "uniform", "--teacher-temp");

    [TestMethod]
    public void Without_a_center_all_images_fall_on_a_few_prototypes() =>
        Warns(healthy with { CenterMomentum = 1, LearningRate = 3e-3 }, "prototypes", "--center-momentum");

    [TestMethod]
    public void A_teacher_that_is_the_student_says_the_same_of_all_images() =>
        Warns(healthy with { ContrastiveWeight = 0, LearningRate = 0.1, ClipNorm = 0 }, "falls on the same", "learning rate");

    [TestMethod]
    public void Weights_that_decay_to_nothing_make_all_embeddings_alike() =>
        Warns(healthy with { WeightDecay = 0.3 }, "embeddings are collapsing", "--wd");

    static void Warns(TrainConfig train, string words, string remedy)
    {
        var said = Train(train);
        Assert.IsTrue(said.Any(one => one.Complaint.Contains(words, StringComparison.Ordinal) && one.Complaint.Contains(remedy,
            StringComparison.Ordinal)), $"said: {string.Join("; ", said)}");
    }

    [TestMethod]
    public void On_request_a_collapse_stops_the_run()
    {
        string[] line = ["train", "--data", "demo", "--steps", "40", "--batch", "8", "--image-size", "16", "--text-length", "12", "--tokenizer",
            "words", "--teacher-temp", "5", "--log-every", "2", "--device", "cpu"];
        var (code, _, error) = CommandLineRun.Of([.. line, "--on-collapse", "stop", "--out", At("stopped")]);
        Assert.AreEqual(1, code, error);
        Assert.Contains("warning at step 6: self-distillation is collapsing: the teacher's outputs are uniform", error);
        Assert.AreEqual(6, RunFolder.Checkpoints(At("stopped"))[0].Step);
        Assert.IsTrue(File.Exists(At("stopped/model.safetensors")));
        (code, _, error) = CommandLineRun.Of([.. line, "--out", At("warned")]);
        Assert.AreEqual(0, code, error);
        Assert.Contains("uniform", error);
        Assert.AreEqual(40, RunFolder.Checkpoints(At("warned"))[0].Step);
    }
}
