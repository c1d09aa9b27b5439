namespace Silc.Tests;

/// <summary>Masked patch prediction in whole steps.</summary>
[TestClass]
public sealed class MaskedPatchTests
{
    static readonly TrainConfig recipe = TinyRun.Recipe with { MaskWeight = 0.6, DistillationWeight = 0.4 };

    // 3 x 3 patches.
    static readonly SilcConfig config = TinyRun.Config with { ImageSize = 24 };

    /// <summary>
    /// Where nothing is hidden and all patches count, teacher and student say the same at first: the loss is that of the targets at two temperatures.
    /// </summary>
    [TestMethod, EveryDevice]
    public void A_student_that_sees_all_says_at_first_what_the_teacher_says(string device)
    {
        foreach (var shared in new[] { false, true })
            foreach (var accumulate in new[] { 1, 2 })
            {
                using var run = new TinyRun(device,
                    recipe with { Masks = new(Ratio: 0, AllPatches: true, SharedHead: shared), Accumulate = accumulate }, config);
                var losses = new List<double>();
                run.Trainer.Probe = (name, tensor) =>
                {
                    if (name != "patch_targets") return;
                    var targets = new Matrix(tensor.Rows, tensor.Cols).With([.. run.Read(tensor).Select(p => (double)p)]);
                    var scores = targets.Map(p => 0.04 * Math.Log(Math.Max(p, 1e-30)));
                    losses.Add(Naive.PatchCrossEntropy(scores, targets, new Matrix(targets.Rows, 1).Map(_ => 1), 0.1).Values.Average());
                };
                var metrics = run.Step(run.Batch(1));
                Assert.HasCount(accumulate, losses);
                Assert.AreEqual(losses.Average(), metrics.Losses.Of(LossTerm.Mask)!.Value, 1e-3, $"shared {shared}, {accumulate} slices");
                Assert.AreEqual(0, metrics.HiddenShare);
                Assert.AreEqual(metrics.Contrastive + 0.4 * metrics.Distillation + 0.6 * metrics.Losses.Of(LossTerm.Mask)!.Value, metrics.Loss, 1e-9);
            }
    }

    /// <summary>
    /// Along its own direction, over the model and what the loss has for itself, the loss must change by the length of the gradient. Each loss is
    /// measured in a first step, for each step hides other patches.
    /// </summary>
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_gradient_of_a_whole_step_is_that_of_its_loss(string device)
    {
        foreach (var (name, train) in new Dictionary<string, TrainConfig>
        {
            ["random"] = recipe,
            ["all patches, shared head, slices"] = recipe with { Accumulate = 2, Masks = new(0.4, AllPatches: true, SharedHead: true) },
            ["blocks, some images, sinkhorn"] = recipe with { Masks = new(0.3, 0.8, 0.5, MaskKind.Blocks), Centering = Centering.Sinkhorn },
            ["alone"] = recipe with { ContrastiveWeight = 0, DistillationWeight = 0 },
        })
        {
            var still = train with { LearningRate = 0, WeightDecay = 0, EmaMomentum = 1, CenterMomentum = 1, TeacherTemperature = 0.1 };
            float[][] gradients;
            double norm;
            using (var run = new TinyRun(device, still, config))
            {
                norm = run.Step(run.Batch(1)).GradNorm;
                gradients = [.. All(run).Select(part => run.Read(part.Grads))];
            }
            Close.To([Math.Sqrt(gradients.Sum(part => part.Sum(g => (double)g * g)))], [(float)norm], Close.Chained, $"{name}: norm");
            double step = 0.01 / norm, slope = (LossAt(step) - LossAt(-step)) / (2 * step);
            Close.To([norm], [(float)slope], Close.StepDifferences, name);

            double LossAt(double distance)
            {
                using var run = new TinyRun(device, still, config);
                foreach (var (part, gradient) in All(run).Zip(gradients))
                    run.Model.Device.Upload<float>([.. run.Read(part.Values).Zip(gradient, (p, g) => (float)(p + distance * g / norm))],
                        part.Values.View);
                return run.Step(run.Batch(1)).Loss;
            }
        }

        static Parameters[] All(TinyRun run) => [run.Model.Parameters, .. run.Trainer.Own.Select(part => part.Parameters)];
    }

    /// <summary>
    /// What stands in hidden patches changes no bit of what the tower says, and the tower's rows are found behind class token and registers.
    /// </summary>
    [TestMethod, EveryDevice]
    public void Hidden_patches_are_not_seen(string device)
    {
        foreach (var tokens in new[] { false, true })
        {
            using var t = new LayerTest(device);
            var tower = config with { Image = config.Image with { ClassToken = tokens, Registers = tokens ? 2 : 0 } };
            var vision = new VisionTransformer(t.Parameters, tower);
            var token = t.Parameters.Add("mask/embedding", 1, tower.Image.Width, Inits.Zeros);
            t.Allocate();
            int[] flags = [0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1];
            using var hidden = new DeviceMatrix(t.Device, Matrix.Make(flags.Length, 1, (r, _) => flags[r]), 1);
            float[] pixels = [.. Enumerable.Range(0, 2 * 24 * 24 * 3).Select(i => (float)Math.Sin(i))], others = [.. pixels];
            for (int i = 0; i < others.Length; i++)
                if (flags[Patch(i)] == 1) others[i] = -others[i];
            var (seen, plain) = (Run(pixels, new(hidden.Tensor, token)), Run(pixels, null));
            Close.Bits(seen, Run(others, new(hidden.Tensor, token)), "other pixels in hidden patches");
            Assert.IsFalse(seen.SequenceEqual(plain));
            using var none = new DeviceMatrix(t.Device, new Matrix(flags.Length, 1), 1);
            Close.Bits(plain, Run(pixels, new(none.Tensor, token)), "nothing hidden");
            CollectionAssert.AreEqual(tokens ? new[] { 1, 9, 13, 21 } : [0, 8, 9, 17], new[] { 0, 8, 9, 17 }.Select(patch => vision.RowOf(patch,
                9)).ToArray());
            using var images = new DeviceMatrix(t.Device, new Matrix(2, 24 * 24 * 3).With([.. pixels.Select(p => (double)p)]), 24 * 24 * 3);
            t.Check(pass => vision.Encode(pass, images, 24, new(hidden.Tensor, token)));

            float[] Run(float[] of, HiddenPatches? patches)
            {
                using var _ = t.Pass.Frame();
                var x = t.Pass.Saved(2, 24 * 24 * 3);
                t.Device.Upload<float>(of, x.View.SubView(0, of.Length));
                var y = vision.Encode(t.Pass, x, 24, patches).Y;
                return t.Device.Download(y.View.SubView(0, y.Count));
            }
        }

        static int Patch(int value) => value / (24 * 24 * 3) * 9 + value / 3 / 24 % 24 / 8 * 3 + value / 3 % 24 / 8;
    }

    /// <summary>The vector and the head learn, the teacher's head and center follow; a checkpoint has them, and a model does not.</summary>
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void What_the_loss_has_for_itself_is_in_checkpoints_and_not_in_models(string device)
    {
        using var folder = new TemporaryFolder();
        using var run = new TinyRun(device, recipe, config);
        var before = run.State();
        var after = run.Steps(1, 2).State();
        foreach (var name in new[] { "mask/embedding", "mask/head/Dense_0/kernel", "teacher/mask/head/Dense_0/kernel", "teacher/mask/center",
            "optimizer/mask/mean/mask/embedding", "step_state/mask" })
            Assert.IsFalse(before[name].SequenceEqual(after[name]), name);
        run.Trainer.Save(folder.File("checkpoint.safetensors"));
        using (var file = ModelFile.Open(folder.File("checkpoint.safetensors"))) Assert.IsFalse(file.Used.Any(name => name.StartsWith("mask/",
            StringComparison.Ordinal)));
        run.Model.Save(folder.File("model.safetensors"));
        Assert.IsFalse(Safetensors.Read(folder.File("model.safetensors")).Arrays.Keys.Any(name => name.Contains("mask", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Memory_is_that_of_the_hidden_patches_and_not_of_all()
    {
        var wide = config with { Head = new(Hidden: 20, Bottleneck: 12, Prototypes: 4000) };
        using TinyRun few = new(TestDevices.OneThread, recipe with { Masks = new(0.12) }, wide), all = new(TestDevices.OneThread,
            recipe with { Masks = new(0.12, AllPatches: true) }, wide);
        // Scores of teacher and student: 8 views of 1 patch instead of 9, of 4,000 prototypes.
        Assert.IsLessThan(all.Trainer.ActivationBytes - 64 * 4000 * sizeof(float), few.Trainer.ActivationBytes);
    }

    [TestMethod]
    public void What_masked_patches_cannot_work_on_is_refused()
    {
        Refused("set a larger ImageSize (--image-size) or Masks.Kind to Random", recipe with { Masks = new(Kind: MaskKind.Blocks) },
            TinyRun.Config with { ImageSize = 8 });
        Refused("leave out --shared-head", recipe with { Masks = new(SharedHead: true) }, config with { ImageHead = 16 });
        Refused("set MaskWeight to 0 (--mask 0)", recipe with { DistillationWeight = 0, RateRules = [new("img/.*", 0)] }, config);

        static void Refused(string says, TrainConfig train, SilcConfig config) => Assert.Contains(says,
            Assert.ThrowsExactly<ArgumentException>(() => new TinyRun(TestDevices.OneThread, train, config)).Message);
    }
}
