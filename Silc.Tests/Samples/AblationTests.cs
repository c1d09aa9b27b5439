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
    public void Every_headline_is_one_number_of_the_demo()
    {
        using var model = SilcModel.Create(TestDevices.Open("cpu"), config, tokenizer: words);
        var demo = Suite.Open("demo");
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
    }

    AblationFolder Open() => new(At("out"), new("demo", "words", config, train));

    static double[] Values(AblationFolder folder, string metric) => [.. folder.Rows.Where(row => row.Metric == metric).Select(row => row.Value)];

    static void Climb(AblationFolder folder, ContrastiveKind loss, int seed) =>
        Assert.IsTrue(new Ladder(TestDevices.Open("cpu"), config, train, words, suite, folder).Climb(loss, seed, images, CancellationToken.None));

    void Bad(string says, params string[] options)
    {
        var (code, _, error) = CommandLineTests.Run(["ablate", .. options, "--out", At("bad")]);
        Assert.AreEqual(Silc.Samples.Commands.SilcCommand.Failed, code);
        StringAssert.Contains(error, says);
        Assert.IsFalse(Directory.Exists(At("bad")));
    }
}
