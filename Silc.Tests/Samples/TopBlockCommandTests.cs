using static Silc.Tests.CommandLineRun;
using static Silc.Tests.TimmTower;

namespace Silc.Tests;

/// <summary><c>silc train --recipe dinotxt</c> and <c>--top-blocks</c> as their user sees them.</summary>
[TestClass, DoNotParallelize]
public sealed class TopBlockCommandTests : TempFolder
{
    // silc train --recipe dinotxt: the tower keeps its bits, the rest is new; it goes on, is a model like any, and begins further runs.
    [TestMethod]
    public void A_text_tower_is_trained_for_it()
    {
        var folder = Write(Directory.CreateDirectory(At("dino")).FullName, "vit_small_patch14_reg4_dinov2", Arrays(registers: 2, scaled: true), 2);
        string[] line = ["train", "--recipe", "dinotxt", "--init", folder, "--data", "demo", "--preset", "mini", "--image-size", $"{Side}",
            "--tokenizer", "words", "--text-length", "16", "--batch", "4", "--warmup", "1", "--log-every", "1", "--device", "cpu"];
        var output = Good([.. line, "--steps", "3", "--out", At("run")]);
        StringAssert.Contains(output, "2 new blocks on the image tower, pooled by ClassMean");
        var checkpoint = Checkpoint.Open(RunFolder.Checkpoints(At("run"))[0].Path);
        var config = checkpoint.Config;
        Assert.AreEqual((2, ImagePooling.ClassMean, 2 * Width), (config.TopBlocks, config.ImagePooling, config.EmbedDim));
        Assert.AreEqual((7e-4, 7e-8, 0.99, 100.0, 0), (checkpoint.Train.LearningRate, checkpoint.Train.WeightDecay, checkpoint.Train.Beta2,
            checkpoint.Train.LogitScaleMax, checkpoint.Train.ClipNorm));
        using (ModelFile before = ModelFile.Open(folder), after = ModelFile.Open(At("run")))
        {
            foreach (var (name, shape) in ParameterTable.Towers(before.Config))
            {
                int count = shape.Aggregate(1, (a, b) => a * b);
                Close.Bits(before.Weights.All(name, count), after.Weights.All(name, count), name);
            }
            Assert.AreEqual(SilcConfig.Mini.Text, after.Config.Text);
        }
        Good([.. line, "--steps", "2", "--out", At("short")]);
        Good("train", "--resume", At("short"), "--steps", "3");
        Good("eval", "zero-shot", "--model", At("run"), "--data", "demo", "--device", "cpu");
        StringAssert.Contains(Good("eval", "segmentation", "--model", At("run"), "--data", "demo", "--device", "cpu"), "mIoU");
        Good("export", "onnx", "--model", At("run"), "--out", At("onnx"));
        // Further training keeps the text tower, and the tower goes on standing still.
        output = Good("train", "--init", At("run"), "--top-blocks", "2", "--data", "demo", "--distillation", "0", "--batch", "4", "--steps", "1",
            "--device", "cpu", "--out", At("more"));
        StringAssert.Contains(output, "parameters in both towers");
        using (ModelFile before = ModelFile.Open(At("run")), after = ModelFile.Open(At("more")))
            Close.Bits(before.Weights.All("img/cls/embedding", Width), after.Weights.All("img/cls/embedding", Width), "class token");

        Bad("has 2 already", "train", "--init", At("run"), "--top-blocks", "3", "--data", "demo", "--out", At("x"));
        Bad("name its weights by --init", "train", "--top-blocks", "2", "--data", "demo", "--out", At("x"));
        Bad("leave these out", [.. line, "--steps", "3", "--set", "model.imagePooling=mean", "--out", At("x")]);
        Bad("--distillation 0", [.. line, "--steps", "3", "--distillation", "1", "--local-views", "1", "--out", At("x")]);
    }

    // A tower without a class token, and a model with a text tower of another size: the mean of the patches is all that is left.
    [TestMethod]
    public void A_tower_that_pools_by_attention_is_pooled_by_the_mean_of_its_patches()
    {
        var config = TinyModels.Config with { Contrastive = ContrastiveKind.Softmax };
        using (var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config))
            model.Save(At("map.safetensors"));
        var output = Good("train", "--init", At("map.safetensors"), "--top-blocks", "1", "--preset", "mini", "--tokenizer", "words", "--data", "demo",
            "--distillation", "0", "--batch", "4", "--steps", "1", "--device", "cpu", "--out", At("run"));
        StringAssert.Contains(output, "1 new block on the image tower, pooled by Mean");
        using var file = ModelFile.Open(At("run"));
        Assert.AreEqual((ImagePooling.Mean, 12), (file.Config.ImagePooling, file.Config.EmbedDim));
        Assert.IsFalse(ParameterTable.Towers(file.Config).Any(weight => weight.Name.Contains("MAPHead", StringComparison.Ordinal)));
    }
}
