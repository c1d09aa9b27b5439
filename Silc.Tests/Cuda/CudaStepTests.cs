namespace Silc.Tests;

/// <summary>A whole training step with CUDA's GEMMs and attention against the CPU's float32, at each precision.</summary>
[TestClass]
public sealed class CudaStepTests
{
    [TestMethod, EveryCuda(Precision.Float32, Precision.Bf16)]
    public void A_training_step(string device, Precision precision) => AStep(device, precision, TinyRun.Config);

    // Heads of both towers fit bfloat16 here, so that norms of queries and keys read float32 and write it; the stem is stored in it too.
    [TestMethod, EveryCuda(Precision.Float32, Precision.Bf16, Precision.Tf32)]
    public void A_training_step_of_the_tower_s_variants(string device, Precision precision) => AStep(device, precision, TinyRun.Config with
    {
        Image = TinyRun.Config.Image with { QkNorm = true, LayerScale = 0.5 },
        Text = TinyRun.Config.Text with { Heads = 3, QkNorm = true },
        StemPatch = 4,
        Positions = PositionKind.SinCos,
    });

    static void AStep(string device, Precision precision, SilcConfig config)
    {
        using var expected = new TinyRun(TestDevices.OneThread, config: config);
        var batch = expected.Batch(1);
        var exact = expected.Step(batch);

        using var t = new CudaTest(device, precision, anyMemory: true);
        using var model = SilcModel.Create(t.Device, config, seed: 1);
        using var trainer = new Trainer(model, TinyRun.Recipe);
        trainer.Step(batch);
        var actual = trainer.ReadMetrics();

        // The roundings of a forward and a backward pass add up like a random walk of some fifty steps.
        var tolerance = precision == Precision.Float32 ? Close.Chained : 8 * Close.BFloat16;
        Close.To([exact.Contrastive, exact.Distillation], [(float)actual.Contrastive, (float)actual.Distillation], tolerance, $"{precision}: losses");
        Close.To(Gradients(expected.Model), Gradients(model), tolerance, $"{precision}: gradients");
    }

    // Activation checkpointing. The gradient of the residual stream passes from block to block in float32 and in bf16, which must agree
    // wherever a block is recomputed.
    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Blocks_computed_again_give_the_same_bits(string device, Precision precision)
    {
        var config = TinyRun.Config with { Image = TinyRun.Config.Image with { Depth = 2 }, Text = TinyRun.Config.Text with { Heads = 3 } };
        using var tiny = new TinyRun(TestDevices.OneThread, config: config);
        float[] Step(bool recompute)
        {
            using var t = new CudaTest(device, precision, anyMemory: true);
            using var model = SilcModel.Create(t.Device, config, seed: 1);
            using var trainer = new Trainer(model, TinyRun.Recipe with { Recompute = recompute });
            trainer.Step(tiny.Batch(1));
            return Gradients(model);
        }
        Close.Bits(Step(recompute: false), Step(recompute: true), "gradients");
    }

    // The residual stream, logits and embeddings stay float32; this model's text
    // tower has heads of 12 channels, no multiple of 8, so it is float32 too.
    [TestMethod]
    public void Stored_bfloat16_takes_less_memory()
    {
        long Bytes(Precision precision)
        {
            using var t = new CudaTest(CudaTest.Emulated, precision, anyMemory: true);
            using var model = SilcModel.Create(t.Device, TinyRun.Config, seed: 1);
            using var trainer = new Trainer(model, TinyRun.Recipe);
            return trainer.ActivationBytes;
        }
        double share = (double)Bytes(Precision.Bf16) / Bytes(Precision.Float32);
        Assert.IsTrue(share is > 0.4 and < 0.8, $"bfloat16 takes {share:F2} of float32's memory");
    }

    static float[] Gradients(SilcModel model) => [.. model.Parameters.All.SelectMany(p => model.Device.Download(p.Grad.View))];
}
