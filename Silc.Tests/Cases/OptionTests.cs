namespace Silc.Tests;

/// <summary>Numbers as other countries write them, words that are nearly right, sizes that do not fit.</summary>
[TestClass]
public sealed class OptionTests : TempFolder
{
    [TestMethod]
    [DataRow("--lr 0,001", "--lr 0,001: '0,001' is no number; write 0.001")]
    [DataRow("--wd 0,0001", "write 0.0001")]
    [DataRow("--distillation 0,5", "write 0.5")]
    [DataRow("--lr 1,000.5", "without separators")]
    [DataRow("--lr inf", "'inf' is no number")]
    [DataRow("--lr Infinity", "a finite number is wanted")]
    [DataRow("--lr -Infinity", "a finite number is wanted")]
    [DataRow("--lr NaN", "a finite number is wanted")]
    [DataRow("--lr 1e999", "a finite number is wanted")]
    [DataRow("--lr", "--lr needs a value")]
    [DataRow("--lr 1 --lr 2", "--lr has 2 values, it takes one")]
    [DataRow("--steps 10.5", "a whole number is wanted")]
    [DataRow("--steps 10,000", "'10,000' is no whole number; write it without separators")]
    [DataRow("--steps 99999999999", "at most 2,147,483,647")]
    [DataRow("--batch many", "'many' is no whole number")]
    [DataRow("--minutes -1", "--minutes -1: it must be more than 0")]
    [DataRow("--minutes 0", "--minutes 0: it must be more than 0")]
    [DataRow("--save-minutes -5", "--save-minutes -5: it must be at least 0")]
    [DataRow("--warmup -3", "--warmup -3: it must be at least 0")]
    [DataRow("--cooldown -3", "--cooldown -3: it must be at least 0")]
    [DataRow("--log-every 0", "--log-every 0: it must be at least 1")]
    [DataRow("--contrastive sofmax", "there are softmax, sigmoid; did you mean softmax?")]
    [DataRow("--contrastive 1", "there are softmax, sigmoid")]
    [DataRow("--precision fp16", "there are float32, tf32, bf16")]
    [DataRow("--epochs 3", "there is no option --epochs; did you mean --steps?")]
    [DataRow("--epcohs 3", "there is no option --epcohs; did you mean --steps?")]
    [DataRow("--batch-size 3", "did you mean --batch?")]
    [DataRow("--learning-rate=3", "there is no option --learning-rate; did you mean --lr?")]
    [DataRow("--tokeniser words", "did you mean --tokenizer?")]
    [DataRow("--qqq", "there is no option --qqq. See")]
    [DataRow("images", "'images' is one word too many")]
    public void A_wrong_value_of_train_is_said_in_the_users_words(string option, string expected)
    {
        var (code, _, error) = CommandLineRun.Of(["train", "--data", "demo", "--out", At("run"), .. option.Split(' ')]);
        Assert.AreEqual(Samples.Commands.SilcCommand.Misused, code, error);
        Assert.Contains(expected, error);
        Assert.DoesNotContain("System.", error);
        Assert.IsFalse(Directory.Exists(At("run")));
    }

    [TestMethod]
    [DataRow("trian --data demo", "there is no command silc trian; did you mean train?")]
    [DataRow("eval zeroshot", "there is no command silc eval zeroshot; did you mean zero-shot?")]
    [DataRow("eval", "say what: silc eval zero-shot, retrieval, probe, segmentation")]
    [DataRow("eval zero-shot --data demo", "--model is required")]
    [DataRow("train --data demo", "--out is required")]
    [DataRow("convert a.npz", "OUT is missing")]
    [DataRow("bench matmul 10 10 x", "'x' is no whole number")]
    [DataRow("bench data --data demo --seconds -1", "--seconds -1: it must be more than 0")]
    public void A_wrong_command_is_answered_with_the_right_one(string line, string expected)
    {
        var (code, _, error) = CommandLineRun.Of(line.Split(' '));
        Assert.AreEqual(Samples.Commands.SilcCommand.Misused, code, error);
        Assert.Contains(expected, error);
    }

    [TestMethod]
    [DataRow("1e3", 1000)]
    [DataRow("1E2", 100)]
    [DataRow("+7", 7)]
    public void Numbers_of_programs_are_read(string steps, int expected)
    {
        var parsed = Samples.Commands.SilcCommand.Root().Parse(["train", "--data", "demo", "--out", "x", "--steps", steps, "--lr", "1e-3"]);
        Assert.IsEmpty(parsed.Errors);
        Assert.AreEqual(expected, parsed.GetValue(Samples.Options.TrainOptions.Steps));
    }

    [TestMethod]
    [DataRow("train", "trian", 1)]
    [DataRow("zero-shot", "zeroshot", 1)]
    [DataRow("", "abc", 3)]
    [DataRow("same", "same", 0)]
    public void Words_are_so_many_slips_apart(string one, string other, int expected) => Assert.AreEqual(expected, NearWord.Distance(one, other));

    // A query that begins with @ is no file of options.
    [TestMethod]
    public void A_query_may_begin_with_an_at_sign() =>
        Assert.Contains("there is no file nowhere.npy", CommandLineRun.Of("search", "@cat", "--model", "x", "--index", "nowhere.npy").Error);

    [TestMethod]
    public void The_library_refuses_what_is_no_number()
    {
        foreach (var wrong in (TrainConfig[])
        [
            new(LearningRate: double.PositiveInfinity), new(LearningRate: double.NaN), new(WeightDecay: double.PositiveInfinity),
            new(DistillationWeight: double.PositiveInfinity), new(ClipNorm: double.NaN), new(Schedule: new(WarmupSteps: -1)),
            new(Schedule: new(CooldownSteps: -1)), new(TeacherTemperature: double.PositiveInfinity),
        ]) Assert.ThrowsExactly<ArgumentException>(() => wrong.Check());
        Assert.ThrowsExactly<ArgumentException>(() => new SavePolicy(EveryMinutes: double.PositiveInfinity).Check());
    }

    [TestMethod]
    public void One_image_has_nothing_to_contrast()
    {
        string[] line =
        [
            "train", "--data", "demo", "--steps", "1", "--batch", "1", "--image-size", "16", "--text-length", "8", "--tokenizer", "words",
            "--distillation", "0", "--device", "cpu", "--out", At("run"),
        ];
        var (code, _, error) = CommandLineRun.Of(line);
        Assert.AreEqual(Samples.Commands.SilcCommand.Failed, code);
        Assert.Contains("one alone has nothing to contrast", error);
        Assert.Contains("--contrastive sigmoid", error);
        Assert.AreEqual(0, CommandLineRun.Of([.. line, "--contrastive", "sigmoid"]).Code);
    }

    [TestMethod]
    public void What_no_patch_covers_is_said()
    {
        var (code, output, error) = CommandLineRun.Of("train", "--data", "demo", "--steps", "1", "--batch", "2", "--image-size", "50",
            "--text-length", "8", "--tokenizer", "words", "--distillation", "0", "--device", "cpu", "--out", At("run"));
        Assert.AreEqual(0, code, error);
        Assert.Contains("patches of 8 cover 48 of 50 pixels", output);
        Assert.Contains("--image-size 48 or 56", output);
    }
}
