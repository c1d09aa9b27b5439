namespace Silc.Tests;

/// <summary>Gram anchoring and the decoder's loss in whole steps: both read the patches of the views that captions are compared with.</summary>
[TestClass]
public sealed class PatchLossTests
{
    // 3 x 3 patches.
    static readonly SilcConfig config = TinyRun.Config with { ImageSize = 24 };

    static readonly SilcConfig tokens = config with { Image = config.Image with { ClassToken = true, Registers = 2 } };

    static readonly TrainConfig gram = TinyRun.Recipe with { GramWeight = 3 }, decoder = TinyRun.Recipe with { DecoderWeight = 0.5 };

    static TinyRun Run(string device, TrainConfig recipe, SilcConfig? of = null, int seed = 1) => new(device, recipe, of ?? config, seed,
        TinyRun.Words);

    /// <summary>The student is another one than that of which teacher and anchor are copies.</summary>
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_gradient_of_a_whole_step_is_that_of_its_loss(string device)
    {
        foreach (var (name, recipe, of) in new (string, TrainConfig, SilcConfig)[]
        {
            ("gram", gram, config), ("gram, class token and registers", gram, tokens),
            ("gram, class token pooled", gram, tokens with { ImagePooling = ImagePooling.Class, ImageHead = 20 }),
            ("gram, the anchor at twice the side", gram with { Accumulate = 2 }, tokens with { Views = tokens.Views with { AnchorScale = 2 } }),
            ("decoder", decoder with { DecoderParallel = 0, DistillationWeight = 0 }, config),
            ("decoder at once, plain views", decoder with { DecoderParallel = 1 }, config with { Views = config.Views with { Plain = true } }),
            ("both, slices, between views", gram with { DecoderWeight = 0.5, DecoderParallel = 0, Accumulate = 2, GlobalToGlobal = true }, config),
            ("decoder alone", decoder with { DecoderParallel = 0, ContrastiveWeight = 0, DistillationWeight = 0 }, tokens),
        })
            StepGradient.Check(device, recipe, of, name);
    }

    /// <summary>Turned features have the same cosines, and patches in another order have them in another order.</summary>
    [TestMethod, EveryDevice]
    public void Gram_is_blind_to_rotations_and_to_the_order_of_patches(string device)
    {
        using var t = new LayerTest(device);
        var random = new Random(1);
        Matrix x = Matrix.Make(14, 4, (_, _) => random.NextDouble() - 0.5), g = Matrix.Make(14, 4, (_, _) => random.NextDouble() - 0.5);
        // Rotations in two planes.
        double a = Math.Cos(0.7), b = Math.Sin(0.7);
        var turn = Matrix.Make(4, 4, (r, c) => r / 2 != c / 2 ? 0 : r == c ? a : r < c ? -b : b);
        Assert.AreEqual(0, Loss(x, Naive.MatMul(x, turn)), 1e-9);
        Matrix Shuffled(Matrix of) => Matrix.Make(14, 4, (r, c) => of[r / 7 * 7 + r % 7 * 3 % 7, c]);
        var loss = Loss(x, g);
        Assert.IsGreaterThan(0.01, loss);
        Assert.AreEqual(loss, Loss(Shuffled(x), Shuffled(g)), 1e-6);

        double Loss(Matrix student, Matrix anchor)
        {
            using var _ = t.Pass.Frame();
            using DeviceMatrix s = new(t.Device, student, 4), h = new(t.Device, anchor, 4);
            var (d, rows) = (t.Pass.Saved(14, 4), t.Pass.Saved(14, 1));
            t.Device.Ops.Fill(d, 0);
            GramLoss.Run(t.Pass, s, h, 2, d, rows, 1);
            return t.Device.Download(rows.View.SubView(0, 14)).Sum(loss => (double)loss);
        }
    }

    /// <summary>The anchor is the teacher of its step, and of each later copy, and stands still between.</summary>
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_anchor_is_the_teacher_of_its_steps(string device)
    {
        using var run = Run(device, gram with { Gram = new(Anchor: 1, Every: 2, Copies: 2), Spans = [new("gram", 2)] });
        var teachers = new List<float[]>();
        for (int step = 1; step <= 7; step++)
        {
            teachers.Add(run.State()["teacher/img/embedding/kernel"]);
            var anchor = run.Steps(step).State()["anchor/img/embedding/kernel"];
            // Copied before the second and the fourth step.
            if (step > 1) Close.Bits(teachers[step < 4 ? 1 : 3], anchor, $"step {step}");
        }
        Assert.IsFalse(teachers[1].SequenceEqual(teachers[3]));
    }

    /// <summary>
    /// A patch of the student lies between four of the anchor's in each direction, whose bicubic weights (a = -0.75) at the half are these; outside
    /// of the grid its edge goes on.
    /// </summary>
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_anchor_sees_twice_the_side(string device)
    {
        double[] weights = [-0.09375, 0.59375, 0.59375, -0.09375];
        var large = tokens with { Views = tokens.Views with { AnchorScale = 2 } };
        using var run = Run(device, gram, large);
        using var loss = new GramLoss(run.Model, run.Trainer.Config, ranks: 1);
        loss.Take(run.Teacher);
        using var arena = Arena.Allocate(run.Model.Device, 1 << 20);
        var (pass, pixels, count) = (new Pass(run.Model.Device.Ops, arena, Training: false), run.Batch(1).Anchor, 3);
        using var _ = pass.Frame();
        var values = pass.Saved(count, 48 * 48 * 3);
        run.Model.Device.Upload<float>(pixels.AsSpan(0, (int)values.Count), values.View.SubView(0, values.Count));
        var fine = run.Read(run.Model.Image.EncodedPatches(pass, values, 48));
        var seen = run.Read(loss.Anchored(pass, values));
        var width = large.Image.Width;
        for (int at = 0; at < seen.Length; at++)
        {
            int channel = at % width, x = at / width % 3, y = at / width / 3 % 3, image = at / width / 9;
            double expected = 0;
            for (int v = 0; v < 4; v++)
                for (int u = 0; u < 4; u++)
                {
                    int row = Math.Clamp(2 * y - 1 + v, 0, 5), column = Math.Clamp(2 * x - 1 + u, 0, 5);
                    expected += weights[v] * weights[u] * fine[((image * 6 + row) * 6 + column) * width + channel];
                }
            Assert.AreEqual(expected, seen[at], 1e-5, $"value {at}");
        }
    }

    /// <summary>
    /// The decoder's last kernel begins at 0: every token is as probable as any other, of the vocabulary and the two that are read alone.
    /// </summary>
    [TestMethod, EveryDevice]
    public void First_loss_of_the_decoder(string device)
    {
        foreach (var parallel in new[] { 0, 1 })
        {
            using var run = Run(device, decoder with { DecoderParallel = parallel, Accumulate = 2 });
            var loss = run.Step(run.Batch(1)).Losses.Of(LossTerm.Decoder)!.Value;
            Assert.AreEqual(Math.Log(52), loss, 1e-4);
            Assert.AreEqual(LossTerm.Decoder.Level!.Value(run.Model.Config, run.Trainer.Config)!.Value, loss, 1e-4);
            for (int step = 0; step < 30; step++) run.Trainer.Step(run.Batch(1));
            Assert.IsLessThan(0.8 * loss, run.Step(run.Batch(1)).Losses.Of(LossTerm.Decoder)!.Value, "it does not learn four captions");
        }
    }

    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_decoder_trains_the_image_tower_and_not_the_text_tower(string device)
    {
        using var run = Run(device, decoder with { ContrastiveWeight = 0, DistillationWeight = 0, WeightDecay = 0 });
        run.Steps(1, 2);        // in the first the last kernel alone has a gradient
        foreach (var p in run.Model.Parameters.All)
        {
            var moves = run.Read(p.Grad).Any(g => g != 0);
            if (p.Name.StartsWith("txt/", StringComparison.Ordinal)) Assert.IsFalse(moves, p.Name);
            if (p.Name.StartsWith("img/embedding", StringComparison.Ordinal)) Assert.IsTrue(moves, p.Name);
        }
    }

    [TestMethod]
    public void Neither_decoder_nor_anchor_is_in_a_model()
    {
        using var folder = new TemporaryFolder();
        using var run = Run(TestDevices.OneThread, gram with { DecoderWeight = 1 });
        run.Steps(1);
        run.Trainer.Save(folder.File("checkpoint.safetensors"));
        Assert.Contains("dec/LogitsDense/kernel", Safetensors.Read(folder.File("checkpoint.safetensors")).Arrays.Keys);
        using (var file = ModelFile.Open(folder.File("checkpoint.safetensors"))) Assert.IsNotNull(file.Teacher);
        run.Model.Save(folder.File("model.safetensors"));
        Assert.IsTrue(Safetensors.Read(folder.File("model.safetensors")).Arrays.Keys.All(name => name.Split('/')[0] is "img" or "txt" or "head" or "t"
            || name == Seal.Name));
    }

    [TestMethod]
    public void What_these_losses_cannot_work_on_is_refused()
    {
        Refused("set ViewConfig.Plain to false (--views silc or dino) or GramWeight to 0", gram,
            config with { Views = config.Views with { Plain = true } });
        Refused("takes 1024", gram, config with { ImageSize = 33 * 8 });
        Refused("there is none then", gram with { DistillationWeight = 0 }, config);
        Refused("copied after 3 steps (--anchor), and the Gram loss begins after 2 (--gram-start)",
            gram with { Gram = new(3), Spans = [new("gram", 2)] }, config);
        Refused("(--decoder-parallel)", decoder with { DecoderParallel = 1.5 }, config);
        Assert.Contains("this model has no tokenizer",
            Assert.ThrowsExactly<ArgumentException>(() => new TinyRun(TestDevices.OneThread, decoder, config)).Message);

        static void Refused(string says, TrainConfig recipe, SilcConfig config) => Assert.Contains(says,
            Assert.ThrowsExactly<ArgumentException>(() => Run(TestDevices.OneThread, recipe, config)).Message);
    }
}
