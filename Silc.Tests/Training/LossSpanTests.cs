namespace Silc.Tests;

/// <summary>Losses that begin or end in the middle of a run.</summary>
[TestClass]
public sealed class LossSpanTests
{
    static readonly TrainConfig contrast = TinyRun.Recipe with { DistillationWeight = 0, ClipNorm = 1 };

    // What a loss is switched on with, and the same run without it.
    static readonly Dictionary<string, (LossTerm Term, TrainConfig With, TrainConfig Without)> cases = new()
    {
        ["distillation"] = (LossTerm.Distillation, contrast with { DistillationWeight = 0.5 }, contrast),
        ["distillation, last layer"] = (LossTerm.Distillation, contrast with { DistillationWeight = 0.5, FrozenLastLayerSteps = 2 },
            contrast with { FrozenLastLayerSteps = 2 }),
        ["distillation, slices, between views"] = (LossTerm.Distillation,
            contrast with { DistillationWeight = 0.5, Accumulate = 2, GlobalToGlobal = true }, contrast with { Accumulate = 2 }),
        ["masked patches"] = (LossTerm.Mask, TinyRun.Recipe with { MaskWeight = 0.5 }, TinyRun.Recipe),
        ["masked patches alone, shared head"] = (LossTerm.Mask, contrast with { MaskWeight = 0.5, Masks = new(SharedHead: true) }, contrast),
        ["gram"] = (LossTerm.Gram, TinyRun.Recipe with { GramWeight = 5, Gram = new(1) }, TinyRun.Recipe),
        ["decoder"] = (LossTerm.Decoder, TinyRun.Recipe with { DecoderWeight = 0.5 }, TinyRun.Recipe),
        ["second captions"] = (LossTerm.Dual, TinyRun.Recipe with { DualWeight = 0.5 }, TinyRun.Recipe),
        ["second captions alone, slices"] = (LossTerm.Dual, contrast with { DualWeight = 0.5, Accumulate = 2 }, contrast with { Accumulate = 2 }),
        ["located captions"] = (LossTerm.Located, TinyRun.Recipe with { DecoderWeight = 0.5, LocatedWeight = 0.7 },
            TinyRun.Recipe with { DecoderWeight = 0.5 }),
        ["koleo"] = (LossTerm.KoLeo, TinyRun.Recipe with { KoLeoWeight = 0.3 }, TinyRun.Recipe),
    };

    static SilcConfig Config(TrainConfig train) =>
        TinyRun.Config with
        {
            Views = TinyRun.Config.Views with { SecondCaption = train.DualWeight > 0, Located = train.LocatedWeight > 0 ? 9 : 0 },
        };

    static TrainConfig From(TrainConfig train, LossTerm term, int start, int? end = null) =>
        train with { Spans = [new(term.Name, start, end)] };

    /// <summary>Every array of the run without the loss, to the last bit; from the start on another run.</summary>
    [TestMethod, EveryDevice]
    public void Until_its_start_a_run_is_that_without_the_loss(string device)
    {
        foreach (var (name, (term, with, without)) in cases)
            foreach (var optimizer in Enum.GetValues<OptimizerKind>())
            {
                using TinyRun late = new(device, From(with, term, 2) with { Optimizer = optimizer }, Config(with), tokenizer: TinyRun.Words);
                using TinyRun never = new(device, without with { Optimizer = optimizer }, tokenizer: TinyRun.Words);
                var (expected, actual) = (never.Steps(1, 2).State(), late.Steps(1, 2).State());
                foreach (var (array, values) in expected) Close.Bits(values, actual[array], $"{name}, {optimizer}: {array}");
                Assert.IsNull(late.Trainer.ReadMetrics().Losses.Of(term));
                expected = never.Steps(3).State();
                actual = late.Steps(3).State();
                Assert.IsTrue(expected.Any(array => !array.Value.SequenceEqual(actual[array.Key])), $"{name}: nothing changes");
                Assert.IsGreaterThan(0, late.Trainer.ReadMetrics().Losses.Of(term)!.Value);
            }
    }

    /// <summary>From a checkpoint before the start, of the start itself, and after it.</summary>
    [TestMethod, EveryDevice]
    public void A_run_that_goes_on_across_the_start_has_the_same_bits(string device)
    {
        foreach (var (name, (term, with, _)) in cases)
        {
            using var folder = new TemporaryFolder();
            var recipe = From(with, term, 2, 4);
            using var whole = new TinyRun(device, recipe, Config(with), tokenizer: TinyRun.Words);
            foreach (var step in Enumerable.Range(1, 5))
            {
                whole.Trainer.Save(folder.File($"{step}"));
                whole.Steps(step);
            }
            foreach (var at in Enumerable.Range(2, 4))
            {
                using var again = new TinyRun(device, recipe, Config(with), seed: 7, tokenizer: TinyRun.Words);
                again.Trainer.Load(folder.File($"{at}"));
                TinyRun.SameBits(whole.State(), again.Steps(Enumerable.Range(at, 6 - at)).State());
            }
        }
    }

    /// <summary>
    /// The teacher begins as a copy of the student, the head as one that was never trained, and its first update is Adam's first: of the size of the
    /// learning rate, whatever the gradient.
    /// </summary>
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void Distillation_begins_with_a_copy_of_the_student_and_a_fresh_head(string device)
    {
        var recipe = From(contrast with { DistillationWeight = 0.5, EmaMomentum = 1, WeightDecay = 0.01, ClipNorm = 0 }, LossTerm.Distillation, 2);
        using var run = new TinyRun(device, recipe, TinyRun.Config with { Views = TinyRun.Config.Views with { LocalSize = 16 } });
        var before = run.Steps(1, 2).State();
        var after = run.Steps(3).State();
        using var fresh = SilcModel.Create(run.Model.Device, run.Model.Config, recipe.Seed);
        foreach (var p in run.Teacher.Parameters.All)
        {
            bool inHead = p.Name.StartsWith("head/", StringComparison.Ordinal);
            Close.Bits(inHead ? run.Read(fresh.Parameters[p.Name].Value) : before[p.Name], after[$"teacher/{p.Name}"], p.Name);
        }
        var name = "head/Dense_2/bias";     // which does not decay
        var moved = after[name].Zip(run.Read(fresh.Parameters[name].Value), (now, was) => Math.Abs(now - was)).ToArray();
        Assert.IsTrue(moved.All(step => step < 1.001 * recipe.LearningRate));
        Assert.AreEqual(recipe.LearningRate, moved.Max(), 1e-3 * recipe.LearningRate);
    }

    /// <summary>A loss that ends has no gradient from there on; a report that it ran in for a part has the mean over that part.</summary>
    [TestMethod]
    public void A_report_has_the_mean_over_the_steps_in_which_a_loss_ran()
    {
        var recipe = TinyRun.Recipe with { KoLeoWeight = 0.3 };
        using TinyRun ends = new(TestDevices.OneThread, From(recipe, LossTerm.KoLeo, 0, 2)), whole = new(TestDevices.OneThread, recipe);
        double[] each = [.. Enumerable.Range(1, 2).Select(step => whole.Step(whole.Batch(step)).Losses.Of(LossTerm.KoLeo)!.Value)];
        var report = ends.Steps(1, 2, 3, 4).Trainer.ReadMetrics();
        Assert.AreEqual(each.Average(), report.Losses.Of(LossTerm.KoLeo)!.Value, 1e-6);
        Assert.IsNull(ends.Step(ends.Batch(5)).Losses.Of(LossTerm.KoLeo));
    }

    [TestMethod]
    public void Spans_that_cannot_be_are_refused()
    {
        Refused("ends after 3 steps (--koleo-end) and starts after 3 (--koleo-start)", new LossSpan("koleo", 3, 3));
        Refused("first step of the loss koleo (--koleo-start)", new LossSpan("koleo", -1));
        Refused("the loss 'kolja'; there are contrastive, distillation, koleo, mask, gram, decoder", new LossSpan("kolja"));
        Refused("the loss koleo has several spans", new LossSpan("koleo"), new LossSpan("koleo", 3));
        Refused("no loss runs from step 9 on", new LossSpan("contrastive", 0, 9), new LossSpan("distillation", 0, 9), new LossSpan("koleo", 0, 8));

        foreach (var alone in new[] { TinyRun.Recipe, TinyRun.Recipe with { DecoderWeight = 1, Spans = [new("decoder", 2)] } })
            Assert.Contains("set DecoderWeight (--decoder)", Assert.ThrowsExactly<ArgumentException>(() =>
                (alone with { LocatedWeight = 1 }).Check()).Message);

        static void Refused(string says, params LossSpan[] spans) => Assert.Contains(says,
            Assert.ThrowsExactly<ArgumentException>(() => (TinyRun.Recipe with { KoLeoWeight = 0.1, Spans = spans }).Check()).Message);
    }
}
