namespace Silc.Tests;

[TestClass]
public sealed class HealthTests
{
    [TestMethod, EveryDevice]
    public void EntropyAndArgMax(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            var draws = t.RandomIntegers(rows * cols, 5);       // zeros and equal largest ones
            var p = Matrix.Make(rows, cols, (r, c) =>
                (float)(draws[r * cols + c] / Math.Max(1.0, Enumerable.Range(0, cols).Sum(i => draws[r * cols + i]))));
            DeviceMatrix targets = t.Fixed(p), stats = t.Output(rows, 3);
            t.Ops.EntropyAndArgMax(targets, stats);
            t.Check(stats, Close.Float32, () => Matrix.Make(rows, 3, (r, c) =>
            {
                var row = Enumerable.Range(0, cols).Select(i => p[r, i]).ToArray();
                return c == 0 ? -row.Where(x => x > 0).Sum(x => x * Math.Log(x)) : c == 1 ? row.Max() : Array.IndexOf(row, row.Max());
            }));
        }
    });

    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void Training_reports_what_its_targets_and_embeddings_say(string device)
    {
        using var run = new TinyRun(device);
        var seen = new Dictionary<string, float[]>();
        run.Steps(1, 2);
        var centerBefore = run.Read(run.Teacher.Center);
        run.Trainer.Probe = (name, tensor) => seen[name] = run.Read(tensor);
        run.Trainer.ReadMetrics();
        var metrics = run.Step(run.Batch(3));
        var health = metrics.Health!;

        // Targets again from the teacher's logits and the center before the step, in double.
        const int K = 40, Width = 32;
        int rows = seen["teacher_logits"].Length / K;
        var p = Enumerable.Range(0, rows).Select(r =>
        {
            var z = Enumerable.Range(0, K)
                .Select(k => (seen["teacher_logits"][r * K + k] - (double)centerBefore[k]) / TinyRun.Recipe.TeacherTemperature).ToArray();
            var e = z.Select(x => Math.Exp(x - z.Max())).ToArray();
            return e.Select(x => x / e.Sum()).ToArray();
        }).ToArray();
        var mean = Enumerable.Range(0, K).Select(k => p.Average(row => row[k])).ToArray();
        Assert.AreEqual(p.Average(row => -row.Sum(x => x > 0 ? x * Math.Log(x) : 0)), health.Entropy, 1e-4);
        Assert.AreEqual(mean.Sum(x => x * Math.Log(x * K)), health.Concentration, 1e-4);
        Assert.AreEqual(p.Average(row => row.Max()), health.LargestProbability, 1e-4);
        Assert.AreEqual(p.Select(row => Array.IndexOf(row, row.Max())).Distinct().Count(), health.PrototypesUsed);
        Assert.AreEqual(metrics.Distillation / Math.Log(K), health.LossOverLogK, 1e-9);
        Assert.AreEqual(Math.Sqrt(run.Read(run.Teacher.Center).Sum(c => (double)c * c)), health.CenterNorm, 1e-6);
        var z = seen["z_image"];
        double spread = Enumerable.Range(0, Width).Sum(c =>
        {
            var channel = Enumerable.Range(0, z.Length / Width).Select(i => (double)z[i * Width + c]).ToArray();
            return Math.Sqrt(channel.Average(x => x * x) - channel.Average() * channel.Average());
        }) / Math.Sqrt(Width);
        Assert.AreEqual(spread, health.FeatureDeviation, 1e-4);
        Assert.AreEqual(-mean.Sum(x => x > 0 ? x * Math.Log(x) : 0), health.MeanEntropy, 1e-4);
        Assert.AreEqual(Math.Exp(p.Average(row => row.Select((x, k) => x > 0 ? x * Math.Log(x / mean[k]) : 0).Sum())), health.GroupsTold, 1e-3);
        var variances = Enumerable.Range(0, Width).Select(c =>
        {
            var channel = Enumerable.Range(0, z.Length / Width).Select(i => (double)z[i * Width + c]).ToArray();
            return channel.Average(x => x * x) - channel.Average() * channel.Average();
        }).ToArray();
        Assert.AreEqual(Math.Pow(variances.Sum(), 2) / variances.Sum(v => v * v), health.FeatureDimensions, 1e-3);
        Assert.AreEqual(rows, health.Targets);

        using var alone = new TinyRun(device, TinyRun.Recipe with { DistillationWeight = 0 },
            TinyRun.Config with { Views = new(Global: 2, Local: 0) });
        Assert.IsNull(alone.Step(alone.Batch(1)).Health);
    }

    static DistillationHealth Health(double entropy = 3, double concentration = 1, int used = 30, double deviation = 0.5) =>
        new(1024, 0.9, entropy, concentration, 1, 0.5, used, deviation);

    [TestMethod]
    public void Each_way_to_collapse_has_its_warning_and_remedy()
    {
        Assert.IsNull(Health().Complaint());
        Assert.Contains("uniform", Health(entropy: Math.Log(1024) - 1e-3).Complaint()!);
        Assert.Contains("same one of 1024", Health(entropy: 0.1, concentration: 6.9, used: 1).Complaint()!);
        Assert.Contains("embeddings are collapsing", Health(deviation: 1e-4).Complaint()!);
        Assert.Contains("same 3 of 1024", Health(entropy: 0.1, concentration: 6.4, used: 3).Complaint()!);
        Assert.Contains("teaches nothing", (Health(entropy: 0.1, concentration: 5.6, used: 4) with { LossOverLogK = 0.02 }).Complaint()!);
        // Four targets cannot tell more than four groups, and one of them none.
        Assert.IsNull((Health(entropy: 0.1, concentration: 6.4, used: 3) with { Targets = 4 }).Complaint());
        // Targets of a healthy start: cosines of random rows of 256 channels, over 0.04.
        var random = new Philox(3);
        const int N = 64, K = 4096;
        var (rows, mean) = (new float[3 * N], new float[K]);
        for (int i = 0; i < N; i++)
        {
            var e = Enumerable.Range(0, K).Select(_ => Math.Exp(random.Normal() / 16 / 0.04)).ToArray();
            for (int k = 0; k < K; k++) mean[k] += (float)(e[k] / e.Sum() / N);
            (rows[3 * i], rows[3 * i + 1], rows[3 * i + 2]) =
                ((float)-e.Sum(x => x / e.Sum() * Math.Log(x / e.Sum())), (float)(e.Max() / e.Sum()), Array.IndexOf(e, e.Max()));
        }
        float[] embeddings = [.. Enumerable.Range(0, N * 16).Select(_ => (float)random.Normal() / 4)];
        var start = DistillationHealth.Of(8, rows, mean, new float[K], embeddings, 16);
        Assert.IsNull(start.Complaint());
        Assert.AreEqual(1, start.FeatureDeviation, 0.1);
        Assert.IsTrue(start.PrototypesUsed > 55 && start.Concentration < 0.2);
    }

    [TestMethod]
    public void Outputs_that_told_images_apart_and_do_not_any_more_are_a_collapse()
    {
        var (watch, fresh) = (new CollapseWatch(), new CollapseWatch());
        var (telling, silent) = (Health(entropy: 4, concentration: 1.5), Health(entropy: 5.5, concentration: 1.4));
        Assert.IsTrue(telling.GroupsTold > 4 && silent.GroupsTold < 1.2 && silent.Complaint() is null);
        Assert.IsNull(watch.Read(telling));
        Assert.IsNull(watch.Read(silent));
        Assert.IsNull(watch.Read(silent));
        Assert.Contains("told 4.", watch.Read(silent)!);
        // Some runs begin like that.
        for (int report = 0; report < 10; report++) Assert.IsNull(fresh.Read(silent));
    }

    [TestMethod]
    public void A_warning_comes_once_and_again_after_a_recovery()
    {
        var watch = new CollapseWatch();
        var sick = Health(deviation: 0);
        var said = new[] { sick, sick, Health(), sick, sick, sick, sick }.Select(health => watch.Read(health) is not null).ToArray();
        CollectionAssert.AreEqual(new[] { false, false, false, false, false, true, false }, said);
        Assert.IsNull(watch.Read(null));
        Assert.IsNull(watch.Read(sick));
        Assert.IsNull(watch.Read(sick));
        Assert.IsNotNull(watch.Read(sick));
    }
}
