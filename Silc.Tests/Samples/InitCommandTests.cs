using static Silc.Tests.CommandLineRun;

namespace Silc.Tests;

/// <summary><c>silc train --init</c>, <c>--freeze</c> and <c>--lr-mult</c> as their user sees them.</summary>
[TestClass, DoNotParallelize]
public sealed class InitCommandTests : TempFolder
{
    [TestMethod]
    public void A_run_begins_with_the_weights_of_another()
    {
        Good(Line("first", "--image-size", "32", "--text-length", "24", "--local-views", "1"));
        var again = Good(Line("second", "--init", At("first/checkpoints/step-00000002.safetensors"), "--image-size", "40", "--lr", "0", "--wd", "0"));
        StringAssert.Contains(again, "positions resized to 5 x 5");
        StringAssert.Contains(again, "head too, teacher too");
        using (ModelFile first = ModelFile.Open(At("first")), second = ModelFile.Open(At("second")))
        {
            Assert.AreEqual(40, second.Config.ImageSize);
            Close.Bits(first.Weights.All("txt/head/kernel", 128 * 128), second.Weights.All("txt/head/kernel", 128 * 128), "text head");
        }

        // From a format without a head, with a locked image tower; the run goes on without the options, and not with others.
        Good("convert", At("first"), At("towers.npz"), "--to", "npz");
        string[] tune = ["--init", At("towers.npz"), "--tokenizer", "bytes", "--distillation", "0", "--freeze", "img/.*", "--lr-mult",
            "txt/Embed_0/.*=0.1", "--lr-mult", "t=0"];
        Good(Line("tuned", tune));
        using (ModelFile first = ModelFile.Open(At("first")), tuned = ModelFile.Open(At("tuned")))
        {
            Close.Bits(first.Weights.All("img/embedding/kernel", 8 * 8 * 3 * 128),
                tuned.Weights.All("img/embedding/kernel", 8 * 8 * 3 * 128), "patches");
            CollectionAssert.AreNotEqual(first.Weights.All("txt/head/kernel", 128 * 128), tuned.Weights.All("txt/head/kernel", 128 * 128));
            Close.Bits(first.Weights.All("t", 1), tuned.Weights.All("t", 1), "t");
        }
        Good("train", "--resume", At("tuned"), "--steps", "3", "--freeze", "img/.*");
        Bad("--freeze txt/.* contradicts", "train", "--resume", At("tuned"), "--steps", "4", "--freeze", "txt/.*");
        Good("train", "--resume", At("tuned"), "--steps", "4");
    }

    [TestMethod]
    public void What_cannot_begin_a_run_is_named()
    {
        Bad("--init nowhere: no such file or folder", Line("x", "--init", "nowhere"));
        Bad("'img/.*=0.1'", Line("x", "--lr-mult", "img/.*"));
        Bad("no parameter matches 'image/.*'", Line("x", "--freeze", "image/.*"));
        Good(Line("first", "--image-size", "32", "--text-length", "24", "--local-views", "1"));
        Good("convert", At("first"), At("towers.npz"), "--to", "npz");
        Good(Line("again", "--init", At("towers.npz")));
        Bad("'txt/pos_embedding' has shape (1, 24, 128)", Line("x", "--init", At("first"), "--text-length", "30"));
        Bad("brings both towers: leave --preset out", Line("x", "--init", At("first"), "--preset", "mini"));
    }

    /// <summary>What an image tower alone lacks has the preset's sizes.</summary>
    [TestMethod]
    public void A_preset_gives_an_image_tower_its_text_tower()
    {
        var tower = TimmTower.Write(Directory.CreateDirectory(At("vit")).FullName, "vit_small_patch14_reg4_dinov2",
            TimmTower.Arrays(registers: 2, scaled: true), 2);
        Good(Line("run", "--init", tower, "--preset", "ti", "--tokenizer", "words", "--text-length", "16", "--image-size", $"{TimmTower.Side}",
            "--distillation", "0"));
        using var run = ModelFile.Open(At("run"));
        Assert.AreEqual(SilcConfig.Preset("ti").Text, run.Config.Text);
        Assert.AreEqual(TimmTower.Width, run.Config.Image.Width);

        // That of a recipe or a configuration file does so too, and gives way to weights that have both towers.
        File.WriteAllText(At("small.json"), """{ "preset": "ti", "image-size": null }""");
        File.WriteAllText(At("small.recipe"), "--preset ti");
        foreach (var (i, source) in new string[][] { ["--config", At("small.json")], ["--recipe", At("small.recipe")] }.Index())
        {
            Good(Line($"file{i}", ["--init", tower, .. source, "--tokenizer", "words", "--text-length", "16", "--image-size", $"{TimmTower.Side}",
                "--distillation", "0"]));
            using var sized = ModelFile.Open(At($"file{i}"));
            Assert.AreEqual(SilcConfig.Preset("ti").Text, sized.Config.Text);
            Good(Line($"both{i}", ["--init", At("run"), .. source, "--distillation", "0"]));
            // The line that its card and report print can be typed.
            StringAssert.DoesNotMatch(TrainLine.Of(RunFolder.Newest(At($"both{i}")).Checkpoint, At($"both{i}"))!.Value.Text, new("--preset"));
            StringAssert.Contains(TrainLine.Of(RunFolder.Newest(At($"file{i}")).Checkpoint, At($"file{i}"))!.Value.Text, "--preset ti");
            Good("train", "--resume", At($"both{i}"), "--steps", "3");
        }
    }

    string[] Line(string folder, params string[] more) =>
        ["train", "--data", "demo", "--steps", "2", "--batch", "4", "--ema", "0.9", "--warmup", "1", "--schedule", "constant", "--device",
            "cpu", "--out", At(folder), .. more];
}
