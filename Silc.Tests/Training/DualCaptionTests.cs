namespace Silc.Tests;

/// <summary>Second captions of images, and the embeddings that they are compared with.</summary>
[TestClass]
public sealed class DualCaptionTests
{
    static readonly SilcConfig config = TinyRun.Config with { Views = TinyRun.Config.Views with { SecondCaption = true } };

    static readonly TrainConfig recipe = TinyRun.Recipe with { DualWeight = 0.7 };

    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_gradient_of_a_whole_step_is_that_of_its_loss(string device)
    {
        var registers = config with { Image = config.Image with { Registers = 2 }, ImageHead = 20, PreLogits = 12 };
        foreach (var (name, train, of) in new (string, TrainConfig, SilcConfig)[]
        {
            ("beside the first", recipe, config), ("alone", recipe with { ContrastiveWeight = 0, DistillationWeight = 0 }, config),
            ("slices, sigmoid, registers and heads", recipe with { Accumulate = 2 }, registers with { Contrastive = ContrastiveKind.Sigmoid }),
            ("slices, alone", recipe with { Accumulate = 2, ContrastiveWeight = 0, DistillationWeight = 0 }, config),
            ("with Gram anchoring, between views", recipe with { GramWeight = 2, GlobalToGlobal = true }, config),
            ("plain views", recipe, config with { Views = config.Views with { Plain = true } }),
        })
            StepGradient.Check(device, train, of, name);
    }

    /// <summary>A second probe with the values of the first, and the same captions: the same loss; with others another one.</summary>
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_same_probe_and_captions_have_the_same_loss(string device)
    {
        foreach (var accumulate in new[] { 1, 2 })
        {
            using var run = new TinyRun(device, recipe with { Accumulate = accumulate, LearningRate = 0, WeightDecay = 0 }, config);
            var (other, same) = (run.Batch(1), run.Batch(1));
            same.Tokens.CopyTo(same.SecondTokens, 0);
            Assert.AreNotEqual(0, Difference(same), 1e-4, "another probe");
            var probe = run.Model.Parameters["img/MAPHead_0/probe"];
            run.Model.Device.Upload<float>(run.Read(probe.Value), run.Trainer.Own.Single().Parameters["dual/probe"].Value.View);
            Assert.AreNotEqual(0, Difference(other), 1e-4, "other captions");
            Assert.AreEqual(0, Difference(same), 1e-6, $"{accumulate} slices");

            double Difference(Batch batch)
            {
                var metrics = run.Step(batch);
                return metrics.Losses.Of(LossTerm.Dual)!.Value - metrics.Contrastive;
            }
        }
    }

    /// <summary>The probe and its moments go on from a checkpoint, and are in no model.</summary>
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_probe_is_in_checkpoints_and_in_no_model(string device)
    {
        using var folder = new TemporaryFolder();
        using var whole = new TinyRun(device, recipe, config);
        whole.Steps(1, 2).Trainer.Save(folder.File("checkpoint"));
        using var again = new TinyRun(device, recipe, config, seed: 7);
        again.Trainer.Load(folder.File("checkpoint"));
        TinyRun.SameBits(whole.Steps(3, 4).State(), again.Steps(3, 4).State());
        whole.Model.Save(folder.File("model.safetensors"));
        Assert.IsFalse(Safetensors.Read(folder.File("model.safetensors")).Arrays.Keys.Any(name => name.StartsWith("dual", StringComparison.Ordinal)));
    }

    /// <summary>The weights of a checkpoint with the second probe embed as the trained model's second embedding; a run without has none.</summary>
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void The_second_embedding_is_written_as_a_model(string device)
    {
        using var folder = new TemporaryFolder();
        using (var plain = new TinyRun(device))
            plain.Trainer.Save(folder.File("plain.safetensors"));
        using (var file = ModelFile.Open(folder.File("plain.safetensors"))) Assert.IsNull(file.Second);

        using var run = new TinyRun(device, recipe, config);
        run.Steps(1, 2).Trainer.Save(folder.File("checkpoint.safetensors"));
        var pixels = run.Batch(3).Global;
        var (side, opened) = (config.ImageSize, run.Model.Device);
        int each = side * side * 3;
        using var memory = new DeviceMatrix(opened, Matrix.Make(pixels.Length / each, each, (row, at) => pixels[row * each + at]), each);
        using var arena = Arena.Allocate(opened, 1 << 20);
        var pass = new Pass(opened.Ops, arena, Training: false);
        using var frame = pass.Frame();
        var (first, _, second, _, _) = run.Model.EmbedImageAndPatches(pass, memory, side, run.Trainer.Own.Single().Parameters["dual/probe"]);
        using (var file = ModelFile.Open(folder.File("checkpoint.safetensors")))
        {
            Same(file.Weights, first, "first");
            foreach (var format in new[] { ModelFormat.Silc, ModelFormat.Npz })
                Same(file.Second!, second, $"second, {format}", format);
            CollectionAssert.AreNotEqual(run.Read(first), run.Read(second));
        }

        void Same(ModelWeights weights, Tensor expected, string what, ModelFormat format = ModelFormat.Silc)
        {
            ModelWriter.Write(weights, format, folder.File(what), null);
            using var written = SilcModel.Load(opened, folder.File(what));
            Close.To(run.Read(expected), [.. written.EmbedPixels(pixels).SelectMany(row => row.ToArray())], Close.Chained, what);
        }
    }

    [TestMethod]
    public void What_has_no_second_captions_or_embeddings_is_refused()
    {
        Refused("set ViewConfig.SecondCaption to true", recipe, TinyRun.Config);
        Refused("pools Class", recipe, config with { Image = config.Image with { ClassToken = true }, ImagePooling = ImagePooling.Class });
        Refused("the image tower is frozen", recipe with { RateRules = [RateRule.LockedImage], DistillationWeight = 0 }, config);

        static void Refused(string says, TrainConfig train, SilcConfig config) => Assert.Contains(says,
            Assert.ThrowsExactly<ArgumentException>(() => new TinyRun(TestDevices.OneThread, train, config)).Message);
    }
}
