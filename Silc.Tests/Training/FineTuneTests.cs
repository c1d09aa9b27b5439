namespace Silc.Tests;

/// <summary>Frozen parameters, learning rates by name, and training that begins with the weights of another model.</summary>
[TestClass]
public sealed class FineTuneTests : TempFolder
{
    static readonly TrainConfig contrastive = TinyRun.Recipe with { DistillationWeight = 0 };

    static readonly SilcConfig noLocalViews = TinyRun.Config with { Views = TinyRun.Config.Views with { Local = 0 } };

    [TestMethod, EveryDevice]
    public void What_is_frozen_stays_and_the_rest_learns_as_before(string device)
    {
        foreach (var optimizer in Enum.GetValues<OptimizerKind>())
            foreach (var pattern in new[] { "img/.*", "txt/.*", "img/(Transformer|embedding)/.*|t", ".*/kernel" })
            {
                var recipe = contrastive with { Optimizer = optimizer };
                using TinyRun all = new(device, recipe, noLocalViews),
                    some = new(device, recipe with { RateRules = [new(pattern, 0)] }, noLocalViews);
                var before = Values(some.Model);
                var (_, metrics) = (all.Step(all.Batch(1)), some.Step(some.Batch(1)));
                var (free, frozen, squares) = (Values(all.Model), Values(some.Model), 0.0);
                foreach (var p in some.Model.Parameters.All)
                {
                    var isFrozen = System.Text.RegularExpressions.Regex.IsMatch(p.Name, $"^({pattern})$");
                    Close.Bits((isFrozen ? before : free)[p.Name], frozen[p.Name], $"{optimizer}, {pattern}: {p.Name}");
                    if (!isFrozen) squares += all.Read(all.Model.Parameters[p.Name].Grad).Sum(g => (double)g * g);
                }
                Assert.AreEqual(Math.Sqrt(squares), metrics.GradNorm, 1e-4 * metrics.GradNorm, pattern);
            }
    }

    [TestMethod, EveryDevice]
    public void A_locked_tower_keeps_no_activations(string device)
    {
        var deep = noLocalViews with { Image = noLocalViews.Image with { Depth = 4 } };
        using TinyRun all = new(device, contrastive, deep), locked = new(device, contrastive with { RateRules = [RateRule.LockedImage] }, deep);
        Assert.IsTrue(locked.Trainer.ActivationBytes < 0.6 * all.Trainer.ActivationBytes,
            $"{locked.Trainer.ActivationBytes} bytes instead of {all.Trainer.ActivationBytes}");
        // In slices too: the cached gradients then only reach the text tower.
        using var cut = new TinyRun(device, contrastive with { RateRules = [RateRule.LockedImage], Accumulate = 2 }, deep);
        locked.Step(locked.Batch(1));
        cut.Step(cut.Batch(1));
        Close.To(locked.Read(locked.Model.Parameters.Grads), cut.Read(cut.Model.Parameters.Grads), 1e-5, "gradients");
    }

    [TestMethod, EveryDevice]
    public void A_multiplier_scales_the_step_and_not_the_decay(string device)
    {
        foreach (var optimizer in Enum.GetValues<OptimizerKind>())
        {
            var recipe = TinyRun.Recipe with { Optimizer = optimizer, WeightDecay = 0.01 };
            using TinyRun one = new(device, recipe), half = new(device, recipe with { RateRules = [new("txt/.*", 0.5), new("head/.*", 1)] });
            var before = Values(one.Model);
            one.Steps(1);
            half.Steps(1);
            var (whole, scaled) = (Values(one.Model), Values(half.Model));
            foreach (var (name, start) in before)
            {
                if (!name.StartsWith("txt/", StringComparison.Ordinal))
                {
                    Close.Bits(whole[name], scaled[name], name);
                    continue;
                }
                var decay = DecayRule.For(DecayRule.Default, name) * 0.01;
                for (int i = 0; i < start.Length; i++)
                    Assert.AreEqual(0.5 * (whole[name][i] - start[i] + decay * start[i]), scaled[name][i] - start[i] + decay * start[i],
                        1e-6, $"{optimizer}, {name}");
            }
        }
    }

    [TestMethod]
    [DataRow("image/.*", 0.5, "no parameter matches 'image/.*'")]
    [DataRow("image/.*", 0.5, "img/embedding/kernel")]
    [DataRow(".*", 0.0, "nothing is left to train")]
    [DataRow("img/.*", 0.0, "--distillation 0")]
    public void Rules_that_cannot_be_meant_are_refused(string pattern, double multiplier, string says)
    {
        var rules = TinyRun.Recipe with { RateRules = [new(pattern, multiplier)] };
        Assert.Contains(says, Assert.ThrowsExactly<ArgumentException>(() => new TinyRun("cpu", rules)).Message);
    }

    [TestMethod, EveryDevice]
    public void What_the_weights_lack_is_drawn_and_the_teacher_begins_as_a_copy(string device)
    {
        var there = TestDevices.Open(device);
        using var source = SilcModel.Create(there, TinyRun.Config, seed: 3);
        source.Export(At("towers.npz"), ModelFormat.Npz);
        using var file = ModelFile.Open(At("towers.npz"));
        var weights = file.Weights.WithImageSize(24) with { HasHead = false };
        var config = TinyRun.Config with { ImageSize = 24, Contrastive = ContrastiveKind.Sigmoid };
        using var model = SilcModel.From(there, weights, config, seed: 5);
        using var fresh = SilcModel.Create(there, config, seed: 5);
        using var trainer = new Trainer(model, TinyRun.Recipe);
        var (old, drawn, teacher) = (Values(source), Values(fresh), trainer.Teacher!.Parameters.ToArrays()
            .ToDictionary(array => array.Name, array => array.Values));
        foreach (var (name, values) in Values(model))
        {
            if (name == ModelWeights.Positions) Assert.HasCount(9 * config.Image.Width, values);
            else Close.Bits(name == "b" || name.StartsWith("head/", StringComparison.Ordinal) ? drawn[name] : old[name], values, name);
            if (teacher.TryGetValue(name, out var copy)) Close.Bits(values, copy, name);
        }
        Assert.IsTrue(teacher.ContainsKey("head/prototypes/kernel") && teacher.ContainsKey("img/embedding/kernel"));

        var says = Assert.ThrowsExactly<ArgumentException>(() => SilcModel.From(there, file.Weights, TinyRun.Config with { TextLength = 6 })).Message;
        Assert.Contains("'txt/pos_embedding' has shape (1, 5, 24)", says);
        Assert.Contains("(1, 6, 24)", says);
    }

    [TestMethod, EveryDevice]
    public void A_checkpoint_brings_its_teacher_and_center(string device)
    {
        using var run = new TinyRun(device);
        run.Steps(1, 2, 3).Trainer.Save(At("run.safetensors"));
        using var file = ModelFile.Open(At("run.safetensors"));
        Assert.IsFalse(file.Extra.Any(name => name.StartsWith("teacher/", StringComparison.Ordinal)));
        using var model = SilcModel.From(run.Model.Device, file.Weights, file.Config);
        using var trainer = new Trainer(model, TinyRun.Recipe);
        trainer.Teacher!.Load(file.Teacher!);
        foreach (var (mine, theirs) in trainer.Teacher.Parameters.ToArrays().Zip(run.Teacher.Parameters.ToArrays()))
            Close.Bits(theirs.Values, mine.Values, mine.Name);
        Close.Bits(run.Read(run.Teacher.Center), run.Read(trainer.Teacher.Center), "center");
        Assert.IsTrue(run.Read(run.Teacher.Center).Any(value => value != 0));

        using var wider = new TinyRun(device, config: TinyRun.Config with { Head = new(20, 12, 41) });
        Assert.Contains("another image tower or head", Assert.ThrowsExactly<ArgumentException>(() => wider.Teacher.Load(file.Teacher!)).Message);
    }

    static Dictionary<string, float[]> Values(SilcModel model) =>
        model.Parameters.ToArrays().ToDictionary(array => array.Name, array => array.Values);
}
