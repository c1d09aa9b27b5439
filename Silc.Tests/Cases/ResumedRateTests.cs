using Silc.Samples.Ablation;
using Silc.Samples.Training;
using static Silc.Tests.CommandLineRun;

namespace Silc.Tests;

/// <summary>Runs that go on with another end or learning rate, and folders that two ablations want.</summary>
[TestClass, DoNotParallelize]
public sealed class ResumedRateTests : TempFolder
{
    [TestMethod]
    public void A_finished_run_says_what_its_rate_will_do_and_can_keep_it_low()
    {
        string[] line = ["train", "--data", "demo", "--steps", "4", "--batch", "4", "--image-size", "16", "--text-length", "8",
            "--tokenizer", "words", "--warmup", "1",
            "--log-every", "1", "--device", "cpu", "--out", At("run")];
        Good(line);
        // Half of the cosine from step 1 to 8 at step 4, where it had come down to 0.15.
        var output = Good("train", "--resume", At("run"), "--steps", "8");
        Assert.Contains("rate     0.00025 at step 4, 0.000611 at step 5, 4.95E-05 at step 8", output);
        Assert.Contains("--lr 1E-05 --schedule constant", output);

        output = Good("train", "--resume", At("run"), "--steps", "10", "--lr", "1e-5", "--schedule", "constant");
        Assert.DoesNotContain("rises again", output);
        Assert.AreEqual(1e-5, Rate(10), 1e-12);
        // It is kept for the next time.
        Good("train", "--resume", At("run"), "--steps", "11");
        Assert.AreEqual(1e-5, Rate(11), 1e-12);
        Assert.AreEqual(ScheduleKind.Constant, RunFolder.Newest(At("run")).Checkpoint.Train.Schedule.Kind);

        double Rate(long step) => MetricsFile.Field(MetricsFile.Rows(At("run/metrics.csv")).Single(row => row.Step == step).Line, "learning_rate");
    }

    [TestMethod]
    public void A_rate_that_goes_on_as_it_was_needs_no_word()
    {
        var train = TinyRun.Recipe with { TotalSteps = 100, Schedule = new(ScheduleKind.Cosine, 5) };
        Assert.IsNull(RateNote.Of(train, train, 50));
        Assert.Contains("rises again", RateNote.Of(train, train with { TotalSteps = 200 }, 100)!);
        Assert.DoesNotContain("rises again", RateNote.Of(train, train with { LearningRate = train.LearningRate / 1000 }, 50)!);
        var rsqrt = train with { Schedule = new(ScheduleKind.Rsqrt) };
        Assert.DoesNotContain("rises again", RateNote.Of(rsqrt, rsqrt with { TotalSteps = 200 }, 100)!);
    }

    [TestMethod]
    public void Two_ablations_do_not_share_a_folder()
    {
        AblationSettings settings = new("demo", "words", TinyRun.Config, TinyRun.Recipe);
        using (new AblationFolder(At("out"), settings))
            Assert.Contains("in use", Assert.ThrowsExactly<IOException>(() => new AblationFolder(At("out"), settings)).Message);
        Assert.ThrowsExactly<ArgumentException>(() => new AblationFolder(At("out"), settings with { Data = "other" }));
        using var again = new AblationFolder(At("out"), settings);
        Directory.Move(At("out"), At("away"));
        Assert.Contains("removed, renamed or replaced",
            Assert.ThrowsExactly<IOException>(() => again.Add([new("softmax", "r", 0, "p", "m", "x", 1)])).Message);
    }
}
