using System.Globalization;
using Silc.Samples.Training;

namespace Silc.Tests;

/// <summary>What <c>silc train</c> leaves for TensorBoard.</summary>
[TestClass, DoNotParallelize]
public sealed class EventLogTests : TempFolder
{
    static readonly string[] first =
    [
        "loss/total", "loss/contrastive", "loss/distillation", "optimizer/gradient_norm", "optimizer/learning_rate", "contrastive/temperature",
        "contrastive/bias", "optimizer/skipped_steps", "throughput/samples_per_second", "throughput/data_wait_share", "",
        "distillation/loss_over_log_k", "distillation/teacher_entropy", "distillation/concentration", "distillation/center_norm",
        "distillation/largest_probability", "distillation/prototypes_used", "distillation/feature_deviation", "",
        "distillation/mean_entropy", "distillation/groups_told", "distillation/feature_dimensions",
    ];

    // Of all columns behind the step; what these runs do not have stays empty in both.
    static readonly string[] tags = [.. first, .. MetricsFile.Columns[(first.Length + 1)..].Select(column =>
        column.EndsWith("_weight", StringComparison.Ordinal) ? $"weight/{column[..^"_weight".Length]}" : $"none/{column}")];

    [TestMethod]
    public void The_events_of_a_resumed_run_show_the_rows_of_its_metrics()
    {
        Train("--data", "demo", "--steps", "5", "--batch", "4", "--image-size", "32", "--text-length", "24", "--local-views", "1", "--log-every", "1",
            "--save-every", "2", "--device", "cpu", "--out", At("run"));
        Same(1, 5);

        // As if it had been killed before its last checkpoint: steps 5 and 6 come again.
        File.Delete(At("run/checkpoints/step-00000005.safetensors"));
        Train("--resume", At("run"), "--steps", "6");
        Same(2, 6);
        foreach (var file in EventReader.Files(At("run")))
        {
            var events = EventReader.Read(file);
            Assert.AreEqual("brain.Event:2", events[0].Version);
            foreach (var one in events)
                Assert.IsTrue(Math.Abs(one.WallTime - DateTimeOffset.UtcNow.ToUnixTimeSeconds()) < 600, $"{one.WallTime} seconds since 1970");
        }

        Train("--data", "demo", "--steps", "1", "--batch", "4", "--image-size", "32", "--text-length", "24", "--local-views",
            "0", "--distillation", "0",
            "--log-every", "1", "--device", "cpu", "--out", At("run"), "--overwrite");
        Same(1, 1);
    }

    [TestMethod]
    public void Masked_patches_are_shown_too()
    {
        Train("--data", "demo", "--steps", "2", "--batch", "4", "--image-size", "32", "--text-length", "24", "--local-views", "1", "--log-every", "1",
            "--mask", "0.5", "--device", "cpu", "--out", At("run"));
        var lines = File.ReadAllLines(At("run/metrics.csv")).Select(line => line.Split(',')).ToArray();
        var shown = EventReader.Shown(At("run"));
        foreach (var column in new[] { "hidden_share", "patch_entropy" })
            for (int step = 1; step <= 2; step++)
            {
                var expected = double.Parse(lines[step][Array.IndexOf(lines[0], column)], CultureInfo.InvariantCulture);
                Assert.AreEqual(expected, shown[step][$"masked_patches/{column}"], 1e-3, column);
                Assert.IsGreaterThan(0, expected);
            }
    }

    [TestMethod]
    public void Values_that_are_not_finite_are_logged_as_they_are()
    {
        var metrics = new StepMetrics(3, double.NaN, [new(LossTerm.Contrastive, double.PositiveInfinity), new(LossTerm.KoLeo, -0.5)],
            1e300, 0.1, 10, -10, 1, 1);
        using (var log = new EventLog(Root, resumedStep: 0, new TrainConfig() with { KoLeoWeight = 0.2 }))
            log.Add(new(metrics, 9, 1.5, 0, "read", TimeSpan.Zero, TimeSpan.Zero));
        var scalars = EventReader.Shown(Root)[3];
        Assert.AreEqual(float.NaN, scalars["loss/total"]);
        Assert.AreEqual(float.PositiveInfinity, scalars["loss/contrastive"]);
        Assert.AreEqual(float.PositiveInfinity, scalars["optimizer/gradient_norm"]);
        Assert.AreEqual(-0.5f, scalars["loss/koleo"]);
        Assert.AreEqual((1f, 0.2f, MathF.Exp(0.5f)), (scalars["weight/contrastive"], scalars["weight/koleo"], scalars["koleo/distance"]));
        Assert.AreEqual(-10f, scalars["contrastive/bias"]);
    }

    void Same(int files, int rows)
    {
        Assert.HasCount(files, EventReader.Files(At("run")));
        var shown = EventReader.Shown(At("run"));
        var lines = File.ReadAllLines(At("run/metrics.csv"))[1..];
        CollectionAssert.AreEqual(Enumerable.Range(1, rows).Select(step => (long)step).ToArray(), shown.Keys);
        Assert.HasCount(rows, lines);
        foreach (var line in lines)
        {
            var fields = line.Split(',');
            var scalars = shown[long.Parse(fields[0], CultureInfo.InvariantCulture)];
            var named = tags.Zip(fields[1..]).Where(column => column is { First: not "", Second: not "" }).ToArray();
            Assert.HasCount(named.Length, scalars);
            foreach (var (tag, text) in named)
            {
                // Metrics.csv has five digits and more of the health, one decimal of samples per second.
                var expected = double.Parse(text, CultureInfo.InvariantCulture);
                Assert.AreEqual(expected, scalars[tag], tag.StartsWith("throughput/") ? 0.051 : 1e-4 * Math.Abs(expected), $"{tag} of {line}");
            }
        }
    }

    static void Train(params string[] line)
    {
        var (code, _, error) = CommandLineTests.Run(["train", .. line]);
        Assert.AreEqual(0, code, error);
    }
}
