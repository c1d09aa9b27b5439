using Silc.Samples.Ablation;

namespace Silc.Tests;

/// <summary><c>silc ablate</c>: its runs, its files and its table.</summary>
[TestClass, DoNotParallelize]
public sealed class AblationTests : TempFolder
{
    static readonly Tokenizer words = Tokenizers.Open("words");

    static readonly SilcConfig config = SilcConfig.Preset("mini") with
    {
        Image = new(32, 1, 2, 48),
        Text = new(32, 1, 2, 48),
        ImageSize = 16,
        PatchSize = 8,
        TextLength = 8,
        VocabSize = words.VocabSize,
        Head = new(24, 16, 32),
        Views = new(Global: 2, Local: 2, LocalSize: 8),
    };

    static readonly TrainConfig train = new(BatchSize: 4, TotalSteps: 3, EmaMomentum: 0.5);

    static readonly IImageTextSource images = new DemoSource(16, seed: 0, size: 32);

    // What a rung was measured with, as numbers.
    static readonly Suite suite = new(
        model => [new("all", 1, "weights",
        [new("sum", model.Device.Download(model.Parameters.Values.View.SubView(0, model.Parameters.Values.Cols))
        .Sum(x => Math.Abs((double)x))), new("views", model.Config.Views.Global), new("local views", model.Config.Views.Local)])],
        [new("sum", "all", "weights", "sum"), new("views", "all", "weights", "views")]);

    [TestMethod]
    public void The_ladder_is_climbed_once_and_goes_on_where_it_was()
    {
        using var folder = Open();
        Climb(folder, ContrastiveKind.Softmax, seed: 3);
        string[] rungs = ["contrastive only", "+ additional views", "+ EMA", "+ self-distillation"];
        CollectionAssert.AreEqual(rungs, folder.Rows.Select(row => row.Rung).Distinct().ToArray());
        CollectionAssert.AreEqual(new double[] { 1, 2, 2, 2 }, Values(folder, "views"));
        CollectionAssert.AreEqual(new double[] { 0, 0, 0, 2 }, Values(folder, "local views"));
        // Same training, other weights.
        Assert.AreNotEqual(Values(folder, "sum")[1], Values(folder, "sum")[2]);
        Assert.AreEqual(Values(folder, "contrastive")[1], Values(folder, "contrastive")[2]);
        Assert.IsTrue(Values(folder, "distillation") is [0, 0, 0, > 0]);

        // As if it had been killed in the last run: only that one is done again, with the same numbers.
        var before = Values(folder, "sum");
        File.WriteAllLines(folder.TablePath, File.ReadAllLines(folder.TablePath).Where(line => !line.Contains("self-distillation")));
        folder.Dispose();
        using var again = Open();
        var (rows, seconds) = (again.Rows.Count, Values(again, "seconds"));
        Climb(again, ContrastiveKind.Softmax, seed: 3);
        Assert.AreEqual(folder.Rows.Count, again.Rows.Count);
        Assert.IsTrue(rows < again.Rows.Count);
        CollectionAssert.AreEqual(before, Values(again, "sum"));
        CollectionAssert.AreEqual(seconds, Values(again, "seconds")[..3]);

        Climb(again, ContrastiveKind.Sigmoid, seed: 4);
        again.Dispose();
        using var last = Open();
        CollectionAssert.AreEqual(again.Rows.ToArray(), last.Rows.ToArray());
    }

    /// <summary>Each further loss of the recipe is one more rung on top, and on no lower one.</summary>
    [TestMethod]
    public void A_further_loss_has_a_rung_of_its_own()
    {
        var recipe = train with
        {
            DistillationWeight = 0.5,
            KoLeoWeight = 0.2,
            MaskWeight = 0.25,
            GramWeight = 2,
            DecoderWeight = 1,
            DualWeight = 1,
            LocatedWeight = 1
        };
        var runs = LadderRun.Of(recipe);
        CollectionAssert.AreEqual((string[])["contrastive only", "+ additional views", "+ self-distillation", "+ KoLeo", "+ Masked patches",
            "+ Gram anchoring", "+ Decoder", "+ Second captions", "+ Located captions"], runs.Select(run => run.Name).ToArray());
        var weights = runs.Select(run => run.Training(recipe, 1)).Select(one => (one.ContrastiveWeight, one.DistillationWeight, one.KoLeoWeight));
        CollectionAssert.AreEqual(((double, double, double)[])[(1, 0, 0), (1, 0, 0), (1, 0.5, 0), (1, 0.5, 0.2), (1, 0.5, 0.2), (1, 0.5, 0.2),
            (1, 0.5, 0.2), (1, 0.5, 0.2), (1, 0.5, 0.2)], weights.ToArray());
        CollectionAssert.AreEqual((double[])[0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25, 0.25],
            runs.Select(run => run.Training(recipe, 1).MaskWeight).ToArray());
        var views = runs.Select(run => run.Model(config with { Views = config.Views with { Located = 20 } }, ContrastiveKind.Softmax).Views);
        CollectionAssert.AreEqual((int[])[0, 0, 2, 2, 2, 2, 2, 2, 2], views.Select(of => of.Local).ToArray());
        CollectionAssert.AreEqual((bool[])[.. Enumerable.Repeat(false, 7), true, true], views.Select(of => of.SecondCaption).ToArray());
        CollectionAssert.AreEqual((int[])[.. Enumerable.Repeat(0, 8), 20], views.Select(of => of.Located).ToArray());
    }

    /// <summary>Centering by Sinkhorn-Knopp is no loss, and has a rung all the same, above that of the mean.</summary>
    [TestMethod]
    public void Sinkhorn_has_a_rung_between_distillation_and_further_losses()
    {
        var recipe = train with { KoLeoWeight = 0.2, Centering = Centering.Sinkhorn };
        var runs = LadderRun.Of(recipe);
        CollectionAssert.AreEqual((string[])["contrastive only", "+ additional views", "+ self-distillation", "+ Sinkhorn-Knopp", "+ KoLeo"],
            runs.Select(run => run.Name).ToArray());
        CollectionAssert.AreEqual((Centering[])[Centering.Mean, Centering.Mean, Centering.Mean, Centering.Sinkhorn, Centering.Sinkhorn],
            runs.Select(run => run.Training(recipe, 1).Centering).ToArray());
        Assert.AreEqual(0, runs[3].Training(recipe, 1).KoLeoWeight);
    }

    /// <summary>A variation is the recipe but for its options, from the same weights, and its row is called by them.</summary>
    [TestMethod]
    public void Variations_change_their_options_alone()
    {
        var line = Line("--koleo", "0.25", "--set", "model.head.prototypes=32");
        var variations = Variation.Of(line, ["--koleo 0", "  --mask 0.5   --set model.head.prototypes=24 ", "--global-to-global"]);
        CollectionAssert.AreEqual((string[])["the recipe", "--koleo 0", "--mask 0.5 --set model.head.prototypes=24", "--global-to-global"],
            variations.Select(variation => variation.Name).ToArray());
        var runs = variations.Select(variation => variation.Run(words, ContrastiveKind.Sigmoid, seed: 5)).ToList();
        CollectionAssert.AreEqual((double[])[0.25, 0, 0.25, 0.25], runs.Select(run => run.Training.KoLeoWeight).ToArray());
        CollectionAssert.AreEqual((double[])[0, 0, 0.5, 0], runs.Select(run => run.Training.MaskWeight).ToArray());
        CollectionAssert.AreEqual((int[])[32, 32, 24, 32], runs.Select(run => run.Model.Head.Prototypes).ToArray());
        CollectionAssert.AreEqual((bool[])[false, false, false, true], runs.Select(run => run.Training.GlobalToGlobal).ToArray());
        foreach (var run in runs)
        {
            Assert.AreEqual((5, 4, 8, ContrastiveKind.Sigmoid),
                (run.Training.Seed, run.Training.BatchSize, run.Model.PatchSize, run.Model.Contrastive));
            // The recipe's own model is measured, not an average.
            Assert.IsFalse(run.Rungs.Single().Averaged);
        }

        using var folder = Open();
        Assert.IsTrue(new RungTrainer(TestDevices.Open("cpu"), words, suite, folder, maxBad: 0.1).Climb(runs, images, CancellationToken.None));
        CollectionAssert.AreEqual(variations.Select(variation => variation.Name).ToArray(), folder.Rows.Select(row => row.Rung).Distinct().ToArray());
        Assert.AreEqual(4, Values(folder, "sum").Distinct().Count());
        Assert.IsTrue(folder.Rows.Single(row => row.Metric == LossTerm.Mask.Name).Rung.StartsWith("--mask", StringComparison.Ordinal));
    }

    [TestMethod]
    public void Variations_that_are_none_are_refused()
    {
        var line = Line();
        void Refused(string says, params string[] given) => StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => Variation.Of(line, given)).Message, says);
        Refused("--vary \"\" changes nothing", "");
        Refused("--vary \"--nonsense 1\": Unrecognized command or argument '--nonsense'", "--nonsense 1");
        Refused("--seed is no part of a recipe that can vary", "--seed 3");
        Refused("--tokenizer is no part of a recipe", "--koleo 0 --tokenizer bytes");
        Refused("--data is no part of a recipe", "--data demo:hard");
        Refused("--vary \"--koleo  0\" is given twice", "--koleo 0", "--koleo  0");
        var odd = Variation.Of(line, ["--set model.image.heads=5"])[1];
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => odd.Run(words, ContrastiveKind.Softmax, 0)).Message,
            "--vary \"--set model.image.heads=5\": ");
    }

    // The small model's line.
    static System.CommandLine.ParseResult Line(params string[] more) => TrainLine.Bare().Parse(["--data", "demo", "--tokenizer", "words",
        "--steps", "3", "--batch", "4", "--image-size", "16", "--text-length", "8", "--ema", "0.5", "--set", "model.image.width=32",
        "--set", "model.image.depth=1",
        "--set", "model.image.heads=2", "--set", "model.text.width=32", "--set", "model.text.depth=1", "--set", "model.text.heads=2", "--set",
        "model.views.localSize=8", "--set", "model.patchSize=8", .. more]);

    [TestMethod]
    public void Numbers_of_other_settings_are_not_mixed()
    {
        Open().Dispose();
        var error = Assert.ThrowsExactly<ArgumentException>(
            () => new AblationFolder(At("out"), new("demo", "words", config, train with { LearningRate = 0.5 })));
        StringAssert.Contains(error.Message, "Training.LearningRate 0.001, now 0.5");
        File.WriteAllText(At("out/ablation.csv"), "loss,rung,seed,pictures,method,metric,value\nsoftmax,+ EMA,x,all,m,v,1\n");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Open()).Message, "ablation.csv line 2: seed 'x'");
    }

    [TestMethod]
    public void The_table_says_mean_and_spread_and_marks_the_best()
    {
        AblationRow Row(string rung, int seed, double value) => new("softmax", rung, seed, "all", "weights", "sum", value);
        AblationRow[] rows = [Row("a", 0, 0.25), Row("a", 1, 0.27), Row("+ b", 0, 0.30), Row("+ b", 1, 0.40), Row("+ b", 2, 0.35)];
        Assert.AreEqual("""
            | loss | rung | sum | seeds |
            | --- | --- | ---: | ---: |
            | softmax | a | 26.0 ± 1.4 | 2 |
            | softmax | + b | **35.0 ± 5.0** | 3 |

            """, AblationTable.Markdown(rows, [suite.Columns[0]]).Replace('\u00A0', ' '));
    }

    [TestMethod]
    [DataRow("demo"), DataRow("demo:hard")]
    public void Every_headline_is_one_number_of_the_demo(string data)
    {
        using var model = SilcModel.Create(TestDevices.Open("cpu"), config, tokenizer: words);
        var demo = Suite.Open(data);
        Assert.AreEqual(data == "demo:hard", demo.Columns.Any(column => column.Name == "relation"));
        var rows = demo.Measure(model).SelectMany(
            score => score.Metrics.Select(metric => new AblationRow("", "", 0, score.Images, score.Method, metric.Name, metric.Value))).ToList();
        foreach (var column in demo.Columns) Assert.AreEqual(1, rows.Count(column.Is), column.Name);
    }

    [TestMethod]
    public void What_has_no_ladder_is_refused()
    {
        Bad("the ladder is measured by classes, captions and masks", "--data", "captions.csv");
        Bad("--losses cosine: there is no image-text loss 'cosine'", "--data", "demo", "--losses", "cosine");
        Bad("--distillation 0 leaves the ladder without its top rung", "--data", "demo", "--distillation", "0");
        Bad("--local-views 0 leaves self-distillation nothing", "--data", "demo", "--local-views", "0");
        Bad("additional views need two", "--data", "demo", "--views", "siglip2");
        Bad("--seeds is 0", "--data", "demo", "--seeds", "0");
        Bad("Option '--data' is required");
        Bad("--vary \"--patch 4\": Unrecognized", "--data", "demo", "--vary", "--patch 4");
        File.WriteAllText(At("init.json"), """{"data": "demo", "init": "runs/a"}""");
        Bad($"--init of --config {At("init.json")} is not for silc ablate, whose runs begin with new weights", "--config", At("init.json"));
        File.WriteAllText(At("stop.json"), """{"data": "demo", "on-collapse": "stop", "minutes": null, "top-blocks": 0}""");
        Bad("--on-collapse of --config", "--config", At("stop.json"));
        Bad("--boxes is not for silc ablate", "--data", "demo", "--boxes", "instances.json");
        // A model that cannot be is told before the first run.
        Bad("--vary \"--set model.image.heads=5\": ", "--data", "demo", "--vary", "--set model.image.heads=5");
        Bad("--local-views 0: self-distillation needs local views", "--data", "demo", "--vary", "--local-views 0");
        Bad("--batch 1: ", "--data", "demo", "--vary", "--batch 1");
        // A choice that is none.
        Bad("--vary \"--koleo 0\" is the recipe", "--data", "demo", "--vary", "--koleo 0");
        Bad("the recipe sets values of the model, model.patchSize=4 among them, which stand above --preset", "--data", "demo",
            "--set", "model.patchSize=4", "--vary", "--preset ti");
    }

    /// <summary>A file of silc train is the recipe, image-text loss and data included, and the line wins.</summary>
    [TestMethod]
    public void The_recipe_may_be_a_file()
    {
        File.WriteAllText(At("recipe.json"), """{"data": "captions.csv", "contrastive": "sigmoid", "koleo": 0.25, "save-minutes": 5}""");
        Bad("--data captions.csv: the ladder is measured by classes", "--config", At("recipe.json"));
        Bad("--distillation 0 leaves the ladder", "--config", At("recipe.json"), "--data", "demo", "--distillation", "0");
        // What does not fit is the file's.
        File.WriteAllText(At("odd.json"), """{"data": "demo", "model": {"image": {"heads": 5}}}""");
        Bad($"--config {At("odd.json")}: ", "--config", At("odd.json"));

        var command = Silc.Samples.Commands.AblateCommand.Create();
        ContrastiveKind[] Losses(System.CommandLine.ParseResult line, params string[] more) =>
            [.. Silc.Samples.Commands.AblateCommand.LossesOf(command.Parse(["--out", "x", .. more]), line)];
        var sigmoid = RunConfig.Open(At("recipe.json")).Under(TrainLine.Bare().Parse([]));
        Assert.AreEqual(0.25, TrainOptions.TrainingOf(sigmoid).KoLeoWeight);
        CollectionAssert.AreEqual((ContrastiveKind[])[ContrastiveKind.Sigmoid], Losses(sigmoid, "--config", At("recipe.json")));
        CollectionAssert.AreEqual((ContrastiveKind[])[ContrastiveKind.Softmax], Losses(Line(), "--data", "demo", "--vary", "--koleo 0"));
        CollectionAssert.AreEqual((ContrastiveKind[])[ContrastiveKind.Softmax, ContrastiveKind.Sigmoid], Losses(Line(), "--data", "demo"));
        CollectionAssert.AreEqual((ContrastiveKind[])[ContrastiveKind.Softmax],
            Losses(sigmoid, "--config", At("recipe.json"), "--losses", "softmax"));
    }

    AblationFolder Open() => new(At("out"), new("demo", "words", config, train));

    static double[] Values(AblationFolder folder, string metric) => [.. folder.Rows.Where(row => row.Metric == metric).Select(row => row.Value)];

    static void Climb(AblationFolder folder, ContrastiveKind loss, int seed) =>
        Assert.IsTrue(new RungTrainer(TestDevices.Open("cpu"), words, suite, folder, maxBad: 0.1).Climb(
            LadderRun.Of(train).Select(run => run.Of(config, train, loss, seed)), images, CancellationToken.None));

    void Bad(string says, params string[] options)
    {
        var (code, _, error) = CommandLineTests.Run(["ablate", .. options, "--out", At("bad")]);
        Assert.AreEqual(Silc.Samples.Commands.SilcCommand.Failed, code);
        StringAssert.Contains(error, says);
        Assert.IsFalse(Directory.Exists(At("bad")));
    }
}
