using Silc.Samples.Evaluation;
using Silc.Samples.Training;

namespace Silc.Tests;

/// <summary><c>silc train --val-data</c>: what is measured, where it is written, and which weights stay.</summary>
[TestClass, DoNotParallelize]
public sealed class ValidationTests : TempFolder
{
    string[] Line(string folder, params string[] more) =>
    [
        "train", "--data", "demo:hard", "--batch", "8", "--image-size", "32", "--text-length", "24", "--tokenizer", "words", "--distillation", "0",
        "--log-every", "4", "--lr", "0.002", "--schedule", "constant", "--warmup", "1", "--device", "cpu", "--out", At(folder), .. more,
    ];

    string[] Validated(string folder, int steps, params string[] more) =>
        [.. Line(folder, "--steps", $"{steps}", "--val-data", "demo:hard", "--val-every", "3"), .. more];

    [TestMethod]
    public void Validation_is_in_every_log_and_changes_no_bit_of_training()
    {
        var output = Run(Validated("with", 8, "--keep-best", "loss"));
        Run(Line("without", "--steps", "8"));
        CollectionAssert.AreEqual(File.ReadAllBytes(At("without/model.safetensors")), File.ReadAllBytes(At("with/model.safetensors")));
        var rows = Rows("with");
        // Reports of every fourth step, validations of every third and the last.
        CollectionAssert.AreEqual(new long[] { 3, 4, 6, 8 }, rows.Select(row => row.Step).ToArray());
        CollectionAssert.AreEqual(new[] { true, false, true, true }, rows.Select(row => double.IsFinite(row.Loss)).ToArray());
        Assert.HasCount(3, output.Split('\n').Where(line => line.StartsWith("validation ", StringComparison.Ordinal)).ToList());
        var shown = EventReader.Shown(At("with"));
        foreach (var (step, loss) in rows)
            foreach (var metric in ValidationMetric.All) Assert.AreEqual(double.IsFinite(loss), shown[step].ContainsKey(metric.Tag),
                $"{metric.Tag} {step}");

        // The best weights are those of the step with the least loss, and measure so.
        var best = rows.Where(row => double.IsFinite(row.Loss)).MinBy(row => row.Loss);
        Assert.AreEqual(best.Step, ModelMetadata.Step(Safetensors.ReadMetadata(At("with/best.safetensors"))));
        using var device = Device.Cpu();
        using var model = SilcModel.Load(device, At("with/best.safetensors"));
        var set = ValidationSet.Open("demo:hard", TrainLine.Bare().Parse([]), 8);
        Assert.AreEqual(best.Loss, set.Measure(model, default).Loss, 1e-5);

        var report = Run("report", At("with"), "--no-eval");
        Assert.Contains("Image-text loss, validation", File.ReadAllText(At("with/report.html")));
        Assert.IsTrue(File.Exists(At("with/report/validation-loss.png")), report);
    }

    [TestMethod]
    public void A_run_that_is_resumed_keeps_the_best_and_stops_when_patience_is_over()
    {
        Run(Validated("run", 3, "--keep-best", "loss"));
        var first = File.ReadAllBytes(At("run/best.safetensors"));
        // Without a learning rate nothing gets better.
        var output = Run("train", "--resume", At("run"), "--steps", "30", "--lr", "0", "--patience", "2");
        Assert.Contains("Stopped early", output);
        Assert.Contains("The weights of step 3", output);
        CollectionAssert.AreEqual(first, File.ReadAllBytes(At("run/best.safetensors")));
        Assert.AreEqual(9, Checkpoint.Open(RunFolder.Checkpoints(At("run"))[0].Path).Step);
    }

    [TestMethod]
    public void What_was_best_after_the_newest_checkpoint_is_forgotten_with_its_steps()
    {
        Run(Validated("run", 6, "--keep-best", "loss", "--save-every", "3"));
        var rows = Rows("run").Where(row => double.IsFinite(row.Loss)).ToList();
        Assert.IsLessThan(rows[0].Loss, rows[1].Loss, "the test needs a loss that falls");
        var (best, last) = (File.ReadAllBytes(At("run/best.safetensors")), RunFolder.Checkpoints(At("run"))[0]);
        // As a machine that went down just before the checkpoint of step 6 would have left it.
        Assert.AreEqual(6, last.Step);
        File.Delete(last.Path);
        using (var device = Device.Cpu())
        using (var model = SilcModel.Load(device, RunFolder.Checkpoints(At("run"))[0].Path))
            model.Save(At("run/best-before.safetensors"), model.Tokenizer!.Origin, 3);
        var before = File.ReadAllBytes(At("run/best-before.safetensors"));

        // Nothing gets better from step 3 on.
        Run("train", "--resume", At("run"), "--lr", "0", "--steps", "6");
        CollectionAssert.AreEqual(before, File.ReadAllBytes(At("run/best.safetensors")));
        Assert.IsFalse(File.Exists(At("run/best-before.safetensors")));
        Assert.AreNotEqual(Convert.ToHexString(best), Convert.ToHexString(before));
    }

    [TestMethod]
    [DataRow("--keep-best loss", "give --val-data, too")]
    [DataRow("--val-every 3", "give --val-data, too")]
    [DataRow("--val-classes names.txt", "give --val-data, too")]
    [DataRow("--val-data demo --val-classes names.txt", "the classes of demo have their names already")]
    [DataRow("--val-data demo --keep-best los", "there are loss, image-to-text, text-to-image, zero-shot; did you mean loss?")]
    [DataRow("--val-data demo --patience 0", "it must be at least 1")]
    [DataRow("--val-data none.csv", "--val-data none.csv: no such file or folder")]
    public void What_is_wrong_is_said_before_training(string options, string expected)
    {
        var (code, _, error) = CommandLineRun.Of([.. Line("run", "--steps", "1"), .. options.Split(' ')]);
        Assert.AreNotEqual(0, code);
        Assert.Contains(expected, error);
        Assert.IsFalse(Directory.Exists(At("run")));
    }

    [TestMethod, DataRow(ContrastiveKind.Softmax), DataRow(ContrastiveKind.Sigmoid)]
    public void The_loss_is_that_of_double_precision(ContrastiveKind kind)
    {
        const int Count = 7, Batch = 3;
        using var device = Device.Cpu();
        // A factor so large that exponentials overflow.
        foreach (var factor in new[] { 7.0, 5000.0 })
        {
            using var model = SilcModel.Create(device, SilcConfig.Mini with { Contrastive = kind, TemperatureInit = factor, BiasInit = -3 });
            var random = new Random(5);
            var (images, texts) = (Unit(random), Unit(random));
            double expected = 0;
            for (int batch = 0; batch < Count / Batch; batch++)
            {
                var cosines = Matrix.Make(Batch, Batch, (i, j) =>
                    Enumerable.Range(0, images.Width).Sum(c => (double)images[batch * Batch + i, c] * texts[batch * Batch + j, c]));
                var rows = kind == ContrastiveKind.Softmax ? Naive.InfoNce(cosines, Math.Log(factor)) : Naive.SigLip(cosines, Math.Log(factor), -3);
                expected += Enumerable.Range(0, Batch).Sum(i => rows[i, 0]) / (Count / Batch);
            }
            Assert.AreEqual(expected, ValidationSet.Loss(model, images, texts, Batch), 1e-5 * Math.Abs(expected));
        }

        static Vectors Unit(Random random)
        {
            var rows = new float[Count * 5];
            for (int i = 0; i < rows.Length; i++) rows[i] = random.NextSingle() - 0.5f;
            return new Vectors(rows, 5).Normalize();
        }
    }

    (long Step, double Loss)[] Rows(string folder) => [.. MetricsFile.Rows(At($"{folder}/metrics.csv"))
        .Select(row => (row.Step, MetricsFile.Field(row.Line, ValidationMetric.All[0].Column)))];

    static string Run(params string[] line)
    {
        var (code, output, error) = CommandLineRun.Of(line);
        Assert.AreEqual(0, code, error);
        return output;
    }
}
