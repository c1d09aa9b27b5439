namespace Silc.Tests;

/// <summary>What a trainer reports, and the gradient of all of it, against references.</summary>
[TestClass]
public sealed class LossTests
{
    const int Batch = 4;

    /// <summary>At the first step the teacher is the student, so its outputs for the global views are the student's too.</summary>
    [TestMethod, EveryDevice]
    public void Global_to_global_terms_join_the_mean(string device)
    {
        foreach (var globalToGlobal in new[] { false, true })
        {
            using var run = new TinyRun(device, TinyRun.Recipe with { GlobalToGlobal = globalToGlobal });
            var seen = Watch(run);
            var metrics = run.Step(run.Batch(1));

            var (teacher, local) = (seen["teacher_logits"], seen["student_logits"]);
            var targets = Naive.TeacherSoftmax(teacher, new Matrix(1, teacher.Cols), 0.04);
            int terms = globalToGlobal ? 2 * 2 + 2 : 2 * 2;
            var loss = Naive.DinoCrossEntropy(local, targets, Batch, 0.1, skipSame: false, terms).Values.Sum();
            if (globalToGlobal) loss += Naive.DinoCrossEntropy(teacher, targets, Batch, 0.1, skipSame: true, terms).Values.Sum();
            Close.To([loss], [(float)metrics.Distillation], Close.Chained, $"loss of {terms} terms");
        }
    }

    /// <summary>Over all global views of a batch or, where it is cut into slices, of a slice; the center stays where it was.</summary>
    [TestMethod, EveryDevice]
    public void Sinkhorn_makes_the_targets_of_distillation(string device)
    {
        foreach (var accumulate in new[] { 1, 2 })
        {
            using var run = new TinyRun(device, TinyRun.Recipe with { Centering = Centering.Sinkhorn, Accumulate = accumulate });
            var (teacher, local) = (new List<Matrix>(), new List<Matrix>());
            run.Trainer.Probe = (name, tensor) =>
            {
                if (name == "teacher_logits") teacher.Add(AsMatrix(run.Model.Device, tensor));
                if (name == "student_logits") local.Add(AsMatrix(run.Model.Device, tensor));
            };
            var metrics = run.Step(run.Batch(1));
            Assert.HasCount(accumulate, teacher);
            var loss = teacher.Zip(local, (t, s) =>
                Naive.DinoCrossEntropy(s, Naive.Sinkhorn(t, 0.04), Batch / accumulate, 0.1, skipSame: false, terms: 4).Values.Sum()).Average();
            Close.To([loss], [(float)metrics.Distillation], Close.LargeExponents, $"loss in {accumulate} slices");
            Assert.IsTrue(run.Read(run.Teacher.Center).All(c => c == 0));
            Assert.AreEqual(0, metrics.Health!.CenterNorm);
        }
    }

    [TestMethod]
    public void Sinkhorn_of_one_image_is_refused()
    {
        foreach (var recipe in new[] { TinyRun.Recipe with { BatchSize = 1 }, TinyRun.Recipe with { Accumulate = 4 } })
            Assert.Contains("Centering to Mean (--centering mean)",
                Assert.ThrowsExactly<ArgumentException>(() => (recipe with { Centering = Centering.Sinkhorn }).Check()).Message);
    }

    [TestMethod, EveryDevice]
    public void The_contrastive_loss_is_the_mean_over_global_views(string device)
    {
        foreach (var kind in Enum.GetValues<ContrastiveKind>())
        {
            using var run = new TinyRun(device, TinyRun.Recipe with { ContrastiveWeight = 0.5 }, TinyRun.Config with { Contrastive = kind });
            var seen = Watch(run);
            var metrics = run.Step(run.Batch(1));
            var loss = Enumerable.Range(0, 2).Average(view =>
            {
                var zImage = Matrix.Make(Batch, seen["z_image"].Cols, (r, c) => seen["z_image"][view * Batch + r, c]);
                var cosines = Naive.MatMul(zImage, seen["z_text"], Transpose.B);
                var losses = kind == ContrastiveKind.Sigmoid ? Naive.SigLip(cosines, Math.Log(10), -10) : Naive.InfoNce(cosines, Math.Log(10));
                return losses.Values.Sum();
            });
            Close.To([loss], [(float)metrics.Contrastive], Close.Chained, $"{kind} loss");
            Assert.AreEqual(0.5 * metrics.Contrastive + metrics.Distillation, metrics.Loss, 1e-12);
        }
    }

    /// <summary>Within a view and, where the batch is cut into slices, within a slice.</summary>
    [TestMethod, EveryDevice]
    public void KoLeo_is_the_mean_over_views_of_nearest_distances(string device)
    {
        foreach (var accumulate in new[] { 1, 2 })
        {
            using var run = new TinyRun(device, TinyRun.Recipe with { KoLeoWeight = 0.3, Accumulate = accumulate });
            var (size, parts) = (Batch / accumulate, new List<Matrix>());
            run.Trainer.Probe = (name, tensor) =>
            {
                if (name == "z_image") parts.Add(AsMatrix(run.Model.Device, tensor));
            };
            var metrics = run.Step(run.Batch(1));
            Assert.HasCount(accumulate, parts);
            var views = parts.SelectMany(part => Enumerable.Range(0, 2).Select(view =>
                Matrix.Make(size, part.Cols, (r, c) => part[view * size + r, c])));
            var loss = views.Average(z => Naive.KoLeo(z, Naive.Nearest(Naive.MatMul(z, z, Transpose.B))).Values.Sum());
            Close.To([loss], [(float)metrics.Losses.Of(LossTerm.KoLeo)!], Close.Chained, $"KoLeo in {accumulate} slices");
            Assert.AreEqual(metrics.Contrastive + metrics.Distillation + 0.3 * metrics.Losses.Of(LossTerm.KoLeo)!.Value, metrics.Loss, 1e-12);
        }
    }

    [TestMethod]
    public void What_KoLeo_cannot_work_on_is_refused()
    {
        Refused("set ViewConfig.Plain to false (--views silc or dino) or KoLeoWeight to 0", TinyRun.Recipe,
            TinyRun.Config with { Views = TinyRun.Config.Views with { Plain = true } });
        Refused("a batch of 4 in 4 slices has one image in each", TinyRun.Recipe with { Accumulate = 4 });
        Refused("a batch of 1 in 1 slices", TinyRun.Recipe with { BatchSize = 1 });
        Refused("it is what the loss koleo trains: set its weight to 0 (--koleo 0)",
            TinyRun.Recipe with { DistillationWeight = 0, RateRules = [new("img/.*", 0)] });
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => (TinyRun.Recipe with { KoLeoWeight = -1 }).Check()).Message, "koleo -1");

        static void Refused(string says, TrainConfig recipe, SilcConfig? config = null)
        {
            var error = Assert.ThrowsExactly<ArgumentException>(() => new TinyRun(TestDevices.OneThread, recipe with { KoLeoWeight = 0.1 }, config));
            StringAssert.Contains(error.Message, says);
        }
    }

    /// <summary>
    /// Along its own direction the loss must change by the length of the gradient. The teacher and the center stand still, and nothing moves.
    /// </summary>
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_gradient_of_a_whole_step_is_that_of_its_loss(string device)
    {
        foreach (var (kind, globalToGlobal, contrastive, koLeo, accumulate) in new[]
        {
            (ContrastiveKind.Softmax, false, 0.7, 0, 1), (ContrastiveKind.Sigmoid, true, 0.7, 0, 1), (ContrastiveKind.Softmax, true, 0, 0, 1),
            (ContrastiveKind.Softmax, false, 0.7, 0.3, 1), (ContrastiveKind.Softmax, true, 0, 0.3, 1), (ContrastiveKind.Sigmoid, false, 0.7, 0.3, 2),
        })
        {
            var recipe = TinyRun.Recipe with
            {
                LearningRate = 0,
                WeightDecay = 0,
                EmaMomentum = 1,
                CenterMomentum = 1,
                TeacherTemperature = 0.1,
                ContrastiveWeight = contrastive,
                DistillationWeight = 0.4,
                GlobalToGlobal = globalToGlobal,
                KoLeoWeight = koLeo,
                Accumulate = accumulate,
            };
            using var run = new TinyRun(device, recipe, TinyRun.Config with { Contrastive = kind });
            var (batch, values) = (run.Batch(1), run.Model.Parameters.Values);
            var start = run.Read(values);
            var norm = run.Step(batch).GradNorm;
            var gradient = run.Read(run.Model.Parameters.Grads);
            Close.To([Math.Sqrt(gradient.Sum(g => (double)g * g))], [(float)norm], Close.Chained, "gradient norm");

            double step = 0.01 / norm;      // the loss shall change by 0.01, whatever the scale of the gradient
            double slope = (LossAt(step) - LossAt(-step)) / (2 * step);
            Close.To([norm], [(float)slope], Close.StepDifferences, $"{kind}, global to global {globalToGlobal}, KoLeo {koLeo}");

            double LossAt(double distance)
            {
                run.Model.Device.Upload<float>([.. start.Zip(gradient, (p, g) => (float)(p + distance * g / norm))], values.View);
                return run.Step(batch).Loss;
            }
        }
    }

    [TestMethod, EveryDevice]
    public void First_losses_are_those_of_chance(string device)
    {
        const int batch = 32;
        var recipe = TinyRun.Recipe with { BatchSize = batch, DistillationWeight = 0 };
        using (var run = new TinyRun(device, recipe, TinyRun.Config with { TemperatureInit = 1 }))
            Assert.AreEqual(Math.Log(batch), run.Step(run.Batch(1)).Contrastive, 0.1);
        // 10 for each pair that is one, exp(-10) for each that is none; ± 10 times what cosine the untrained towers agree on.
        using (var run = new TinyRun(device, recipe, TinyRun.Config with { Contrastive = ContrastiveKind.Sigmoid }))
        {
            var seen = Watch(run);
            var loss = run.Step(run.Batch(1)).Contrastive;
            var cosine = Naive.MatMul(seen["z_image"], seen["z_text"], Transpose.B).Values.Average();
            Assert.AreEqual(10 - 10 * cosine + (batch - 1) * Math.Exp(-10 + 10 * cosine), loss, 0.5);
        }
    }

    /// <summary>
    /// Cosines with K random prototypes of 256 channels are N(0, 1/256). At τ_s = 0.1 and τ_t = 0.04 that makes ln K + 0.195, less 0.977 when
    /// student and teacher see the same: ln K alone is not where training starts.
    /// </summary>
    [TestMethod, EveryDevice]
    public void First_distillation_loss_of_a_head(string device)
    {
        using var t = new LayerTest(device);
        var head = new DinoHead(t.Parameters, "head", 64, new(Hidden: 64, Bottleneck: 256, Prototypes: 2048));
        t.Parameters.Allocate(seed: 1, gradients: false);
        var same = Logits(t.Input(16, 64));
        var other = Logits(t.Input(16, 64));
        var targets = Naive.TeacherSoftmax(same, new Matrix(1, 2048), 0.04);
        Assert.AreEqual(Math.Log(2048) + 0.195 - 0.977, Naive.DinoCrossEntropy(same, targets, 16, 0.1, false, 1).Values.Sum(), 0.1);
        Assert.AreEqual(Math.Log(2048) + 0.195, Naive.DinoCrossEntropy(other, targets, 16, 0.1, false, 1).Values.Sum(), 0.1);

        Matrix Logits(Tensor x)
        {
            using var _ = t.Pass.Frame();
            return AsMatrix(t.Device, head.Forward(t.Pass, x).Logits);
        }
    }

    static Dictionary<string, Matrix> Watch(TinyRun run)
    {
        var seen = new Dictionary<string, Matrix>();
        run.Trainer.Probe = (name, tensor) => seen[name] = AsMatrix(run.Model.Device, tensor);
        return seen;
    }

    static Matrix AsMatrix(Device device, Tensor tensor)
    {
        var host = device.Download(tensor.View.SubView(0, tensor.Count));
        return Matrix.Make(tensor.Rows, tensor.Cols, (r, c) => host[r * tensor.Cols + c]);
    }
}
