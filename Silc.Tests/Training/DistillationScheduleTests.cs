namespace Silc.Tests;

/// <summary>What DINO changes over a run, and what it bounds, in steps of a tiny model.</summary>
[TestClass]
public sealed class DistillationScheduleTests : TempFolder
{
    const string Prototypes = "head/prototypes/kernel", Gains = "head/prototypes/gain/kernel";

    static readonly SilcConfig withGains = TinyRun.Config with { Head = TinyRun.Config.Head with { Gains = true } };

    static readonly TrainConfig everything = TinyRun.Recipe with
    {
        TotalSteps = 6,
        ClipNorm = 0.05,
        ClipByTensor = true,
        WeightDecayEnd = 1e-3,
        EmaMomentumEnd = 1,
        TeacherTemperatureStart = 0.09,
        TeacherTemperatureWarmup = 3,
        FrozenLastLayerSteps = 2,
        LogitScaleMax = 10.01,
    };

    [TestMethod, EveryDevice]
    public void The_teacher_follows_with_a_momentum_that_rises_to_its_end(string device)
    {
        using var run = new TinyRun(device, TinyRun.Recipe with { TotalSteps = 4, EmaMomentum = 0.5, EmaMomentumEnd = 1 });
        for (int step = 0; step < 4; step++)
        {
            var momentum = 1 - 0.25 * (1 + Math.Cos(Math.PI * step / 4));
            Assert.AreEqual(momentum, run.Trainer.Config.TeacherMomentumAt(step), 1e-12);
            var before = run.Read(run.Teacher.Parameters.Values);
            run.Steps(step);
            var student = run.Read(run.Model.Parameters.Values.Columns(0, before.Length));
            Close.To([.. before.Zip(student, (old, now) => momentum * old + (1 - momentum) * now)], run.Read(run.Teacher.Parameters.Values),
                Close.Float32, $"step {step}");
        }
    }

    [TestMethod, EveryDevice]
    public void The_teacher_temperature_goes_linearly_to_its_own(string device)
    {
        var train = TinyRun.Recipe with { TeacherTemperatureStart = 0.04, TeacherTemperatureWarmup = 3, TeacherTemperature = 0.07 };
        using var run = new TinyRun(device, train);
        foreach (var (step, temperature) in new[] { 0.04, 0.05, 0.06, 0.07, 0.07 }.Index())
        {
            Assert.AreEqual(temperature, train.TeacherTemperatureAt(step), 1e-12);
            var center = run.Read(run.Teacher.Center);
            Matrix? teacher = null, student = null;
            run.Trainer.Probe = (name, tensor) =>
            {
                var seen = new Matrix(tensor.Rows, tensor.Cols).With([.. run.Read(tensor).Select(value => (double)value)]);
                if (name == "teacher_logits") teacher = seen;
                if (name == "student_logits") student = seen;
            };
            var metrics = run.Step(run.Batch(step));
            var targets = Naive.TeacherSoftmax(teacher!, new Matrix(1, center.Length).With([.. center.Select(value => (double)value)]), temperature);
            Close.To([Naive.DinoCrossEntropy(student!, targets, 4, 0.1, skipSame: false, 4).Values.Sum()], [(float)metrics.Distillation],
                Close.LargeExponents, $"loss of step {step}");
        }
    }

    // Then with bias corrections of its own: the first update of AdamW is as long as the learning rate.
    [TestMethod, EveryDevice]
    public void Prototypes_stand_still_and_then_begin_as_at_a_first_step(string device)
    {
        foreach (var optimizer in Enum.GetValues<OptimizerKind>())
        {
            using var run = new TinyRun(device, TinyRun.Recipe with { FrozenLastLayerSteps = 2, WeightDecay = 0, Optimizer = optimizer }, withGains);
            float[] Of(string name) => run.Read(run.Model.Parameters[name].Value);
            float[] start = Of(Prototypes), gains = Of(Gains), other = Of("head/Dense_0/kernel");
            run.Steps(0, 1);
            Close.Bits(start, Of(Prototypes), "prototypes");
            Close.Bits(gains, Of(Gains), "gains");
            Assert.IsFalse(other.SequenceEqual(Of("head/Dense_0/kernel")));
            run.Steps(2);
            var first = optimizer == OptimizerKind.AdamW ? 3e-3 : 3e-4;      // Adafactor's momentum takes a tenth
            foreach (var (before, after) in gains.Zip(Of(Gains))) Assert.AreEqual(first, Math.Abs(after - before), 0.01 * first);
            Assert.IsFalse(start.SequenceEqual(Of(Prototypes)));
            var teacher = run.Read(run.Teacher.Parameters[Prototypes].Value);
            Close.To([.. start.Zip(Of(Prototypes), (old, now) => 0.9 * old + 0.1 * now)], teacher, Close.Float32, "the teacher follows");
        }
    }

    [TestMethod, EveryDevice]
    public void Each_tensor_is_clipped_by_its_own_norm(string device)
    {
        const double most = 0.02;
        using var plain = new TinyRun(device);
        using var clipped = new TinyRun(device, TinyRun.Recipe with { ClipNorm = most, ClipByTensor = true });
        var (free, bound) = (plain.Step(plain.Batch(1)), clipped.Step(clipped.Batch(1)));
        Assert.AreEqual(free.GradNorm, bound.GradNorm);
        int longer = 0;
        foreach (var p in plain.Model.Parameters.All)
        {
            double[] gradient = [.. plain.Read(p.Grad).Select(value => (double)value)];
            var norm = Math.Sqrt(gradient.Sum(value => value * value));
            if (norm > most) longer++;
            Close.To([.. gradient.Select(value => value * Math.Min(1, most / (norm + 1e-6)))],
                clipped.Read(clipped.Model.Parameters[p.Name].Grad), Close.Float32, p.Name);
        }
        Assert.IsGreaterThan(3, longer);
        Assert.IsLessThan(plain.Model.Parameters.All.Count, longer);
    }

    [TestMethod, EveryDevice]
    public void The_factor_on_cosines_stays_below_its_cap(string device)
    {
        using var free = new TinyRun(device, TinyRun.Recipe with { LearningRate = 0.1 });
        using var capped = new TinyRun(device, TinyRun.Recipe with { LearningRate = 0.1, LogitScaleMax = 10.5 });
        foreach (var run in new[] { free, capped })
        {
            run.Model.Device.Upload<float>([(float)Math.Log(10.4)], run.Model.LogitScale.Value.View.SubView(0, 1));
            run.Steps(1);
        }
        var (grown, kept) = (Math.Exp(free.Read(free.Model.LogitScale.Value)[0]), Math.Exp(capped.Read(capped.Model.LogitScale.Value)[0]));
        Assert.AreNotEqual(10.4, grown, 0.1);
        Assert.AreEqual(Math.Min(grown, 10.5), kept, 1e-5);
    }

    [TestMethod]
    public void Weight_decay_goes_to_its_end_by_half_a_cosine()
    {
        var train = new TrainConfig(TotalSteps: 100, WeightDecay: 0.04) { WeightDecayEnd = 0.4 };
        var quarter = 0.4 - 0.18 * (1 + Math.Sqrt(0.5));
        foreach (var (step, decay) in new[] { (0, 0.04), (25, quarter), (50, 0.22), (100, 0.4) }) Assert.AreEqual(decay, train.WeightDecayAt(step),
            1e-12);
        using var run = new TinyRun(TestDevices.OneThread,
            TinyRun.Recipe with { TotalSteps = 2, LearningRate = 0, WeightDecay = 0.1, WeightDecayEnd = 0.3 });
        var kernel = run.Model.Parameters["txt/head/kernel"].Value;
        var before = run.Read(kernel);
        run.Steps(0, 1);
        Close.To([.. before.Select(value => value * 0.9 * 0.8)], run.Read(kernel), Close.Float32, "0.1, then 0.2");
    }

    [TestMethod]
    public void A_run_that_is_resumed_amid_all_schedules_ends_with_the_same_bits()
    {
        using var whole = new TinyRun(TestDevices.OneThread, everything, withGains);
        whole.Steps(1, 2, 3, 4, 5, 6);
        foreach (var at in new[] { 1, 4 })
        {
            using (var begun = new TinyRun(TestDevices.OneThread, everything, withGains))
            {
                begun.Steps(Enumerable.Range(1, at));
                begun.Trainer.Save(At("half.safetensors"));
            }
            using var resumed = new TinyRun(TestDevices.OneThread, everything, withGains, seed: 5);
            resumed.Trainer.Load(At("half.safetensors"));
            resumed.Steps(Enumerable.Range(at + 1, 6 - at));
            TinyRun.SameBits(whole.State(), resumed.State());
        }
    }

    // Numbers of runs without any of it are those of the golden steps.
    [TestMethod]
    public void Configurations_of_earlier_checkpoints_mean_what_they_did()
    {
        const string earlier = """
            {"BatchSize":4,"TotalSteps":6,"Optimizer":"AdamW","LearningRate":0.001,"EmaMomentum":0.9,"TeacherTemperature":0.04,
             "Schedule":{"Kind":"Rsqrt","WarmupSteps":3,"CooldownSteps":2,"Timescale":50}}
            """;
        var train = ConfigJson.Read<TrainConfig>(earlier, "file", "key").Check();
        Assert.AreEqual((1e-8, false, null, 0, null),
            (train.Epsilon, train.ClipByTensor, train.WeightDecayEnd, train.FrozenLastLayerSteps, train.LogitScaleMax));
        Assert.AreEqual((0.9, 0.04, 1e-4), (train.TeacherMomentumAt(5), train.TeacherTemperatureAt(0), train.WeightDecayAt(5)));
        Assert.AreEqual(new Schedule(ScheduleKind.Rsqrt, 3, 2, 50).At(5, 6), train.Schedule.At(5, 6));
        var model = ConfigJson.Read<SilcConfig>("""{"ImageSize":64,"Head":{"Hidden":8,"Bottleneck":4,"Prototypes":16}}""", "file", "key");
        Assert.AreEqual((ImageRule.Own, false), (model.Images, model.Head.Gains));
    }

    [TestMethod]
    public void Gains_of_prototypes_travel_with_the_head()
    {
        using var run = new TinyRun(TestDevices.OneThread, TinyRun.Recipe, withGains);
        run.Steps(1);
        foreach (var format in new[] { ModelFormat.Silc, ModelFormat.Npz })
        {
            var path = run.Model.Export(At($"m{format}{(format == ModelFormat.Npz ? ".npz" : "")}"), format)[0];
            using var file = ModelFile.Open(path);
            Assert.IsTrue(file.Config.Head.Gains);
            Close.Bits(run.Read(run.Model.Parameters[Gains].Value), file.Weights.All(Gains, 40), format.ToString());
        }
    }

    [TestMethod]
    public void What_does_not_fit_is_named()
    {
        Refused("warm-up steps of the teacher temperature", new TrainConfig { TeacherTemperatureWarmup = 3 });
        Refused("teacher momentum at the end", new TrainConfig { EmaMomentumEnd = 1.5 });
        Refused("clip norm above 0", new TrainConfig(ClipNorm: 0) { ClipByTensor = true });
        Refused("must rise", new TrainConfig(Schedule: new Schedule(ScheduleKind.Stair) { Stairs = [new(5, 0.1), new(5, 0.01)] }));
        Refused("for the schedule stair", new TrainConfig(Schedule: new Schedule() { Stairs = [new(5, 0.1)] }));
        Refused("largest factor", new TrainConfig { LogitScaleMax = 0 });

        static void Refused(string words, TrainConfig train) =>
            Assert.Contains(words, Assert.ThrowsExactly<ArgumentException>(() => train.Check()).Message);
    }
}
