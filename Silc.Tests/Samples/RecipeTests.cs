using System.Globalization;

namespace Silc.Tests;

/// <summary><c>silc train --recipe</c> and <c>silc recipes</c>.</summary>
[TestClass, DoNotParallelize]
public sealed class RecipeTests : TempFolder
{
    static readonly string[] small = ["--data", "demo", "--preset", "mini", "--image-size", "32", "--batch", "4", "--tokenizer", "words",
        "--device", "cpu", "--log-every", "1"];

    public static IEnumerable<object[]> Names => RecipeFile.Names.Select(name => new object[] { name });

    [TestMethod, DynamicData(nameof(Names))]
    public void Every_recipe_trains_and_each_of_its_lines_is_an_option(string name)
    {
        // dino.txt begins with a tower; the others' have sizes.
        using (var tower = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), SilcConfig.Mini)) tower.Save(At("tower.safetensors"));
        string[] init = name == "dinotxt" ? ["--init", At("tower.safetensors")] : [];
        var (code, _, error) = CommandLineRun.Of(["train", "--recipe", name, .. small, .. init, "--steps", "2", "--out", At("run")]);
        Assert.AreEqual(0, code, error);
        var train = Checkpoint.Open(RunFolder.Checkpoints(At("run"))[0].Path).Train;
        Assert.AreEqual((2, 4), (train.TotalSteps, train.BatchSize));
        foreach (var line in RecipeFile.Open(name).Text.Split('\n').Where(line => line.StartsWith("--", StringComparison.Ordinal)))
            Assert.IsTrue(TrainOptions.All.Any(option => option.Name == line.Split(' ')[0]), line);
    }

    [TestMethod]
    public void Published_values_of_DINO_reach_the_run()
    {
        var (model, train) = Parse("--recipe", "dino", "--data", "demo", "--out", At("r"));
        Assert.AreEqual((250_200, 512, 1e-3, 4e-5, 4e-4),
            (train.TotalSteps, train.BatchSize, train.LearningRate, train.WeightDecay, train.WeightDecayEnd));
        Assert.AreEqual((25_020, 0.001), (train.Schedule.WarmupSteps, train.Schedule.End));
        Assert.AreEqual((0.996, 1, 0.04, 0.07, 75_060),
            (train.EmaMomentum, train.EmaMomentumEnd, train.TeacherTemperatureStart, train.TeacherTemperature, train.TeacherTemperatureWarmup));
        Assert.AreEqual((2502, 3, true, 0, true),
            (train.FrozenLastLayerSteps, train.ClipNorm, train.ClipByTensor, train.ContrastiveWeight, train.GlobalToGlobal));
        Assert.AreEqual((true, 65_536, 8), (model.Head.Gains, model.Head.Prototypes, model.Views.Local));
        Assert.AreEqual(ViewConfig.Dino.Solarize, model.Views.Solarize);
    }

    [TestMethod]
    public void Published_values_of_the_others_reach_the_run()
    {
        var (model, train) = Parse("--recipe", "silc", "--data", "demo", "--out", At("r"));
        Assert.AreEqual((OptimizerKind.Adafactor, true, 0.95, 0.966), (train.Optimizer, train.BFloat16Momentum, train.Beta2, train.TeacherMomentum));
        Assert.AreEqual((ScheduleKind.Rsqrt, 50_000, 50_000), (train.Schedule.Kind, train.Schedule.WarmupSteps, train.Schedule.CooldownSteps));
        (model, train) = Parse("--recipe", "siglip2", "--data", "demo", "--out", At("r"));
        Assert.AreEqual((0.25, 20_000, true, 1), (train.DistillationWeight, train.Schedule.WarmupSteps, model.Views.Plain, model.Views.Global));
        Assert.AreEqual((1.0, 0.0625, 0.5), (train.DecoderWeight, train.MaskWeight, train.Masks.Ratio));
        // 80 % of the steps.
        foreach (var term in new[] { LossTerm.Distillation, LossTerm.Mask })
            Assert.AreEqual((976_562, null as int?), (train.SpanOf(term).Start, train.SpanOf(term).End));
        (model, train) = Parse("--recipe", "siglip", "--data", "demo", "--out", At("r"));
        Assert.AreEqual((ContrastiveKind.Sigmoid, 10, -10, 0), (model.Contrastive, model.TemperatureInit, model.BiasInit, train.DistillationWeight));
        train = TrainOptions.TrainingOf(RecipeFile.Open("dinotxt").Under(SilcCommand.Root().Parse(
            ["train", "--recipe", "dinotxt", "--init", "tower", "--data", "demo", "--out", At("r")])));
        Assert.AreEqual((50_000, 2000, 7e-4, 7e-8, 0.9, 0.99), (train.TotalSteps, train.Schedule.WarmupSteps, train.LearningRate, train.WeightDecay,
            train.Beta1, train.Beta2));
        Assert.AreEqual((100, 0, 0, LockedTower.Below), (train.LogitScaleMax, train.ClipNorm, train.DistillationWeight, train.RateRules[0].Pattern));
        (model, train) = Parse("--recipe", "clip", "--data", "demo", "--out", At("r"));
        Assert.AreEqual((100, 0.98, 1e-6, 0), (train.LogitScaleMax, train.Beta2, train.Epsilon, train.ClipNorm));
        Assert.AreEqual((1 / 0.07, 1, 0.9, 2000), (Math.Round(model.TemperatureInit, 5) == Math.Round(1 / 0.07, 5) ? 1 / 0.07 : 0,
            model.Views.Global, model.Views.GlobalScaleMin, train.Schedule.WarmupSteps));
    }

    [TestMethod]
    public void The_line_overrides_a_recipe_and_shares_of_steps_follow_it()
    {
        var (_, train) = Parse("--recipe", "dino", "--steps", "1000", "--teacher-temp", "0.05", "--warmup", "7", "--data", "demo", "--out", At("r"));
        Assert.AreEqual((1000, 0.05, 7, 300),
            (train.TotalSteps, train.TeacherTemperature, train.Schedule.WarmupSteps, train.TeacherTemperatureWarmup));
    }

    [TestMethod]
    public void A_printed_recipe_can_be_changed_and_given_as_a_file()
    {
        var (code, text, _) = CommandLineRun.Of("recipes", "dino");
        Assert.AreEqual(0, code);
        File.WriteAllText(At("my.recipe"), text.Replace("--center-momentum 0.9", "--center-momentum 0.8 # mine"));
        Assert.AreEqual(0.8, Parse("--recipe", At("my.recipe"), "--data", "demo", "--out", At("r")).Train.CenterMomentum);
        File.WriteAllText(At("bad.recipe"), "# mine\n--lr 0.1\n--centre-momentum 0.9\n");
        Assert.Contains("line 3: '--centre-momentum' is no option", Assert.ThrowsExactly<ArgumentException>(() =>
            Parse("--recipe", At("bad.recipe"), "--data", "demo", "--out", At("r"))).Message);
        File.WriteAllText(At("out.recipe"), "--out elsewhere\n");
        Assert.Contains("line 1", Assert.ThrowsExactly<ArgumentException>(() => Parse("--recipe", At("out.recipe"), "--data", "demo", "--out",
            At("r"))).Message);
        File.WriteAllText(At("value.recipe"), "--lr much\n");
        Assert.Contains("--lr much", Assert.ThrowsExactly<ArgumentException>(() => Parse("--recipe", At("value.recipe"), "--data", "demo",
            "--out", At("r"))).Message);
        Assert.Contains("silc, siglip", Assert.ThrowsExactly<FileNotFoundException>(() => Parse("--recipe", "dinov9", "--data", "demo", "--out",
            At("r"))).Message);
    }

    [TestMethod]
    public void Recipes_are_listed()
    {
        var (code, text, _) = CommandLineRun.Of("recipes");
        Assert.AreEqual(0, code);
        foreach (var name in RecipeFile.Names) Assert.Contains($"{name} ", text);
        var siglip2 = CommandLineRun.Of("recipes", "siglip2").Output;
        foreach (var missing in (string[])["LocCa's boxes", "other resolutions", "left out"]) Assert.Contains(missing, siglip2);
    }

    // The line that began a run goes on with it, as after a crash.
    [TestMethod]
    public void A_run_by_recipe_goes_on_by_the_same_line_and_by_its_folder()
    {
        string[] line = ["train", "--recipe", "dino", .. small, "--out", At("run")];
        Assert.AreEqual(0, CommandLineRun.Of([.. line, "--steps", "2"]).Code);
        var (code, _, error) = CommandLineRun.Of([.. line, "--steps", "3", "--warmup", "0", "--teacher-temp-warmup", "1", "--resume"]);
        Assert.AreEqual(0, code, error);
        (code, _, error) = CommandLineRun.Of("train", "--resume", At("run"), "--steps", "4", "--schedule", "stair", "--stairs", "3=0.5");
        Assert.AreEqual(0, code, error);
        var train = Checkpoint.Open(RunFolder.Checkpoints(At("run"))[0].Path).Train;
        Assert.AreEqual((4, ScheduleKind.Stair, new Stair(3, 0.5)), (train.TotalSteps, train.Schedule.Kind, train.Schedule.Stairs[0]));
    }

    // Every official setting is within reach of the line.
    [TestMethod]
    [DataRow("--beta1 0.8", "Beta1", "0.8")]
    [DataRow("--beta2 0.95", "Beta2", "0.95")]
    [DataRow("--bf16-momentum", "BFloat16Momentum", "True")]
    [DataRow("--clip-norm 0.3", "ClipNorm", "0.3")]
    [DataRow("--clip-by-tensor", "ClipByTensor", "True")]
    [DataRow("--epsilon 1e-6", "Epsilon", "1E-06")]
    [DataRow("--timescale 77", "Schedule.Timescale", "77")]
    [DataRow("--shift 5", "Schedule.Shift", "5")]
    [DataRow("--schedule linear", "Schedule.Kind", "Linear")]
    [DataRow("--schedule polynomial --power 2", "Schedule.Power", "2")]
    [DataRow("--schedule stair --stairs 10=0.5,20=0.1", "Schedule.Stairs.Count", "2")]
    [DataRow("--lr-end 0.1", "Schedule.End", "0.1")]
    [DataRow("--teacher-temp 0.07", "TeacherTemperature", "0.07")]
    [DataRow("--teacher-temp-start 0.04 --teacher-temp-warmup 30", "TeacherTemperatureWarmup", "30")]
    [DataRow("--ema 0.996 --ema-end 1", "EmaMomentumEnd", "1")]
    [DataRow("--student-temp 0.2", "StudentTemperature", "0.2")]
    [DataRow("--center-momentum 0.99", "CenterMomentum", "0.99")]
    [DataRow("--freeze-last-layer 9", "FrozenLastLayerSteps", "9")]
    [DataRow("--wd-end 0.4", "WeightDecayEnd", "0.4")]
    [DataRow("--max-scale 100", "LogitScaleMax", "100")]
    public void Every_official_setting_is_within_reach_of_the_line(string options, string field, string value)
    {
        object? found = Parse([.. options.Split(' '), "--data", "demo", "--out", At("r")]).Train;
        foreach (var part in field.Split('.')) found = part == "Count" ? ((IReadOnlyList<Stair>)found!).Count
            : found!.GetType().GetProperty(part)!.GetValue(found);
        Assert.AreEqual(value, Convert.ToString(found, CultureInfo.InvariantCulture));
    }

    static (SilcConfig Model, TrainConfig Train) Parse(params string[] words)
    {
        var parsed = SilcCommand.Root().Parse(["train", .. words]);
        Assert.IsEmpty(parsed.Errors, string.Join("; ", parsed.Errors.Select(error => error.Message)));
        if (parsed.GetValue(TrainOptions.Recipes) is { } recipe) parsed = RecipeFile.Open(recipe).Under(parsed);
        return (TrainOptions.ModelOf(parsed, Tokenizers.Open("bytes")), TrainOptions.TrainingOf(parsed));
    }
}
