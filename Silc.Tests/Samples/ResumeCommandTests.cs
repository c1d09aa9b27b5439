using static Silc.Tests.CommandLineRun;

namespace Silc.Tests;

/// <summary><c>silc train --resume</c> as its user sees it.</summary>
[TestClass, DoNotParallelize]
public sealed class ResumeCommandTests : TempFolder
{
    [TestMethod]
    public void Resuming_needs_no_option_and_refuses_those_that_contradict()
    {
        Good(Line("run", 2));
        foreach (var (line, says) in new[]
        {
            ("--batch 8", "--batch 8 contradicts"), ("--batch 8", "with --batch 4"), ("--ema 0.5", "with --ema 0.9"),
                ("--image-size 64", "with --image-size 32"),
            ("--contrastive sigmoid", "with --contrastive softmax"), ("--preset ti", "with --preset mini"),
                ("--global-to-global", "without --global-to-global"),
            ("--tokenizer words", "--tokenizer words contradicts"), ("--seed 1", "with --seed 0"),
                ("--steps 1", "after step 2 already"), ("--out elsewhere", "not in --out elsewhere"),
            ("--keep 0", "checkpoints to keep is 0"),
        }) Bad(says, ["train", "--resume", At("run"), .. line.Split(' ')]);
        Misused("give one of them", "train", "--resume", At("run"), "--overwrite");
        Misused("--out is required", "train", "--resume");

        // The same in other words is no contradiction.
        var output = Good("train", "--resume", At("run"), "--lr", "0.001", "--batch", "4", "--tokenizer", "bytes",
            "--text-length", "24", "--steps", "3", "--save-every", "1");
        foreach (var words in new[] { "resumed  after step 2", "3 instead of 2",
            "checkpoints/step-00000003.safetensors" }) StringAssert.Contains(output, words);

        // What may change is kept for the next time.
        StringAssert.Contains(Good("train", "--resume", "--out", At("run"), "--steps", "5", "--keep", "2"),
            "resumed  after step 3");
        Assert.AreEqual("5 4", Steps("run"));
        StringAssert.Contains(Good("train", "--resume", At("run")), "finished already");
        Good("train", "--resume", At("run"), "--steps", "6");
        Assert.AreEqual("6 5", Steps("run"));
        CollectionAssert.AreEqual(new[] { "step", "1", "2", "3", "4", "5", "6" }, File.ReadAllLines(At("run/metrics.csv"))
            .Select(row => row.Split(',')[0]).ToArray());
    }

    [TestMethod]
    public void A_run_is_neither_lost_nor_mixed_with_another()
    {
        Good([.. Line("run", 3), "--save-every", "1"]);
        Bad("silc train --resume", Line("run", 3));
        Bad("has no checkpoint to go on from", "train", "--resume", "--out", At("none"));
        Bad("needs --out", "train", "--resume", At("run/checkpoints/step-00000002.safetensors"));
        Bad("holds a run already", "train", "--resume", At("run/checkpoints/step-00000002.safetensors"), "--out", At("run"));

        // A fork of step 2 ends where the run ended.
        Good("train", "--resume", At("run/checkpoints/step-00000002.safetensors"), "--out", At("fork"));
        CollectionAssert.AreEqual(File.ReadAllBytes(At("run/model.safetensors")),
            File.ReadAllBytes(At("fork/model.safetensors")));

        // So does a run whose newest checkpoint is damaged, and says so.
        var newest = At("run/checkpoints/step-00000003.safetensors");
        var bytes = File.ReadAllBytes(newest);
        bytes[^1000] ^= 4;
        File.WriteAllBytes(newest, bytes);
        var (code, output, error) = CommandLineTests.Run("train", "--resume", At("run"));
        Assert.AreEqual(0, code, error);
        StringAssert.Contains(error, $"skipped  {newest} is damaged: its checksum");
        StringAssert.Contains(output, "resumed  after step 2");
        CollectionAssert.AreEqual(File.ReadAllBytes(At("fork/model.safetensors")),
            File.ReadAllBytes(At("run/model.safetensors")));

        Good([.. Line("run", 1), "--overwrite"]);
        Assert.AreEqual("1", Steps("run"));
        Assert.HasCount(2, File.ReadAllLines(At("run/metrics.csv")));
    }

    [TestMethod]
    public void Data_that_moved_is_told_by_its_size()
    {
        var demo = new DemoSource(9, seed: 3, size: 32);
        foreach (var (folder, count) in new[] { ("here", 8), ("more", 9) })
        {
            Directory.CreateDirectory(At(folder));
            for (int i = 0; i < count; i++)
            {
                ImageFile.Write(At($"{folder}/{i}.png"), demo.Read(i).Image);
                File.WriteAllText(At($"{folder}/{i}.txt"), demo.Read(i).Captions[0]);
            }
        }
        Good([.. Line("run", 2).Select(word => word == "demo" ? At("here") : word)]);
        Directory.Move(At("here"), At("there"));
        Bad($"--data {At("here")}: no such file or folder", "train", "--resume", At("run"), "--steps", "3");
        Bad("the 8 pairs of here, more has 9 now", "train", "--resume", At("run"), "--data", At("more"), "--steps", "3");
        Good("train", "--resume", At("run"), "--data", At("there"), "--steps", "3");
        Good("train", "--resume", At("run"), "--steps", "4");
        Assert.AreEqual(4L, RunFolder.Newest(At("run")).Checkpoint.Step);
    }

    string Steps(string folder) => string.Join(' ', RunFolder.Checkpoints(At(folder)).Select(checkpoint => checkpoint.Step));

    string[] Line(string folder, int steps) =>
    [
        "train", "--data", "demo", "--steps", $"{steps}", "--batch", "4", "--image-size", "32", "--text-length", "24",
            "--local-views", "1",
        "--ema", "0.9", "--warmup", "1", "--schedule", "constant", "--log-every", "1", "--device", "cpu", "--out", At(folder),
    ];

    static void Bad(string says, params string[] line) => Refused(SilcCommand.Failed, says, line);

    static void Misused(string says, params string[] line) => Refused(SilcCommand.Misused, says, line);

    static void Refused(int expected, string says, string[] line)
    {
        var (code, _, error) = CommandLineTests.Run(line);
        Assert.AreEqual(expected, code, error);
        StringAssert.Contains(error, says);
        Assert.HasCount(1, error.Trim().Split('\n'));
    }
}
