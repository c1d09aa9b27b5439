namespace Silc.Tests;

/// <summary>Gram anchoring and the decoder's loss in whole steps: both read the patches of the views that captions are compared with.</summary>
[TestClass]
public sealed class PatchLossTests
{
    // 3 x 3 patches.
    static readonly SilcConfig config = TinyRun.Config with { ImageSize = 24 };

    static readonly SilcConfig tokens = config with { Image = config.Image with { ClassToken = true, Registers = 2 } };

    static readonly TrainConfig gram = TinyRun.Recipe with { GramWeight = 3 }, decoder = TinyRun.Recipe with { DecoderWeight = 0.5 };

    static readonly TrainConfig located = decoder with { LocatedWeight = 0.7 };

    // As long as captions: their positions fit the decoder of a test.
    static readonly SilcConfig texts = config with { TextLength = 9, Views = config.Views with { Located = 9 } };

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
            ("located captions", located with { DecoderParallel = 0, DistillationWeight = 0 }, texts),
            ("located captions, at once, slices, plain views", located with { DecoderParallel = 1, Accumulate = 2 },
                texts with { Views = texts.Views with { Plain = true } }),
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

    /// <summary>
    /// By definition, in double precision, from logits that are PyTorch's (<see cref="TextDecoderTests"/>): -log softmax of each token behind the
    /// prefix, up to the end, mean over a text, sum over both kinds of text of the means over views and images, of which those without a box add 0.
    /// </summary>
    [TestMethod, EveryDevice]
    public void Located_captions_have_the_loss_of_the_definition(string device)
    {
        foreach (var parallel in new[] { 0, 1 })
        {
            using var run = Run(device, located with { DecoderParallel = parallel, LearningRate = 0, WeightDecay = 0 }, texts);
            var (opened, words, length, batch) = (run.Model.Device, TinyRun.Words, 9, run.Batch(1));
            string?[] said =
            [
                "Cap: a red star", "Cap: a ring and a large blue cross", "Cap: two", "Cap:",
                "ARef: a red star : 3 4 15 16", null, "ARef: two : 0 0 5 7", null, "GCap: 3 4 15 16 : a red star", null, "GCap: 0 0 5 7 : two", null,
                null, "ARef: ring : 1 2 3 4", "ARef: two : 9 9 9 9", null, null, "GCap: 1 2 3 4 : ring", "GCap: 9 9 9 9 : two", null,
            ];
            foreach (var (row, text) in said.Index())
                (text is null ? [.. Enumerable.Repeat(LocatedTexts.None, length)] : words.Tokens(text, length)).CopyTo(batch.Located, row * length);
            var parts = run.Trainer.Own.SelectMany(part => part.Parameters.All).ToDictionary(p => p.Name, p => p);
            foreach (var p in parts.Values)     // the last kernel begins at 0
                opened.Upload<float>([.. run.Read(p.Value).Select((v, i) => v + 0.1f * (float)Math.Sin(i))], p.Value.View);

            using var own = new Parameters(opened);
            var other = new TextDecoder(own, new(texts.Text.Width, 1, texts.Text.Heads, length), 52, texts.Image.Width);
            own.Allocate(0, gradients: false);
            foreach (var p in own.All)
                opened.Upload<float>(run.Read(parts[p.Name == "dec/pos_embedding" ? "loc/pos_embedding" : p.Name].Value), p.Value.View);
            using var arena = Arena.Allocate(opened, 1 << 22);
            var pass = new Pass(opened.Ops, arena, Training: false);
            using var frame = pass.Frame();
            int each = 24 * 24 * 3;
            using var pixels = new DeviceMatrix(opened, Matrix.Make(8, each, (row, at) => batch.Global[row * each + at]), each);
            var patches = run.Model.EmbedImageAndPatches(pass, pixels, 24).Patches;
            double[] expected = [0, 0];
            for (int view = 0; view < 2; view++)
                foreach (var part in new[] { 0, 1 + 2 * view, 2 + 2 * view })
                {
                    if (part == 0 && parallel == 1) continue;       // attention looks both ways there, which Forward does not
                    var rows = batch.Located[(part * 4 * length)..((part + 1) * 4 * length)];
                    int[] reads = [.. rows.Select((_, i) => i % length == 0 || rows[i - 1] < 0 ? 50 : rows[i - 1])];
                    using DeviceIntegers ids = new(opened, reads), order = new(opened, TokenBatch.Sort(reads));
                    using var inner = pass.Frame();
                    var logits = run.Read(other.Forward(pass, new(ids.View, order.View, 4), length, patches.Slice(view * 36, 36)).Logits);
                    for (int image = 0; image < 4; image++)
                    {
                        if (said[part * 4 + image] is not { } text) continue;
                        // Words after the first, which is the prefix, and the end; as many as have room.
                        int read = Math.Min(length, words.Encode(text).Length + 1), prefix = words.Encode(text.Split(' ')[0]).Length;
                        var losses = Enumerable.Range(prefix, read - prefix).Select(t =>
                        {
                            int at = image * length + t;
                            var scores = logits[(at * 52)..(at * 52 + 52)].Select(x => (double)x).ToArray();
                            return Math.Log(scores.Sum(Math.Exp)) - scores[rows[at]];
                        });
                        expected[part == 0 ? 0 : 1] += losses.Average() / (2 * 4);
                    }
                }
            var found = run.Step(batch).Losses;
            if (parallel == 0) Assert.AreEqual(expected[0], found.Of(LossTerm.Decoder)!.Value, 1e-5 * expected[0], "Cap");
            Assert.AreEqual(expected[1], found.Of(LossTerm.Located)!.Value, 1e-5 * expected[1], "ARef and GCap");
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
        Refused("set ViewConfig.Located to the number of their tokens", located, config);
        Refused("(--decoder-parallel)", decoder with { DecoderParallel = 1.5 }, config);
        Assert.Contains("this model has no tokenizer",
            Assert.ThrowsExactly<ArgumentException>(() => new TinyRun(TestDevices.OneThread, decoder, config)).Message);

        static void Refused(string says, TrainConfig recipe, SilcConfig config) => Assert.Contains(says,
            Assert.ThrowsExactly<ArgumentException>(() => Run(TestDevices.OneThread, recipe, config)).Message);
    }
}
