using System.Text.Json;

namespace Silc.Tests;

/// <summary>Optimizers, learning rates, losses and whole steps as big_vision and optax compute them.</summary>
[TestClass]
public sealed class WorldOptimizerTests
{
    const int Steps = 60;

    // Of make_optim.py, which names the formulas.
    static readonly (string Name, int[] Shape)[] parameters =
    [
        ("a/kernel", [33, 34]), ("b/query/kernel", [40, 2, 33]), ("c/out/kernel", [3, 16, 48]), ("d/embedding", [64, 31]),
        ("e/kernel", [32, 32]), ("f/bias", [7]), ("t", [1]),
    ];

    [TestMethod]
    public void Adafactor_moves_parameters_as_big_vision_does()
    {
        foreach (var path in WorldFolder.Files("bv-adafactor*.npz"))
        {
            var golden = Npz.Read(path);
            var cap = Setting(golden, "beta2_cap") ?? (path.Contains("-95") ? 0.95 : 0.999);
            var train = Recipe(golden) with { Optimizer = OptimizerKind.Adafactor, Beta2 = cap };
            Follow(golden, train, "float32/", 1e-4);
            // Values of bfloat16 turn at halves: one that falls on the other side is off by the last of 8 bits, times a step.
            Follow(golden, train with { BFloat16Momentum = true }, "bfloat16/", 1e-3);
        }
    }

    [TestMethod]
    public void Adam_moves_parameters_as_big_vision_does()
    {
        foreach (var path in WorldFolder.Files("bv-adam*.npz"))
        {
            var golden = Npz.Read(path);
            Follow(golden, Recipe(golden) with { Beta2 = Setting(golden, "beta2") ?? 0.95 }, "", 1e-4);
        }
    }

    // As in optax by bfloat16(0.9) = 0.8984375.
    [TestMethod]
    public void The_momentum_of_bfloat16_has_a_factor_of_bfloat16()
    {
        using var run = new Optimized(new TrainConfig(Optimizer: OptimizerKind.Adafactor, LearningRate: 1, WeightDecay: 0, ClipNorm: 0,
            Schedule: new(ScheduleKind.Constant), BFloat16Momentum: true), [("f/bias", [7])]);
        double momentum = 0, at = 0;
        for (int step = 1; step <= 20; step++)
        {
            run.Step([[1, 1, 1, 1, 1, 1, 1]], 0);
            var average = 0.8984375 * momentum + 0.1;        // a constant gradient divides to 1
            (momentum, at) = (BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits((float)average) + 0x8000 & 0xffff0000), at - average);
        }
        Assert.AreEqual(at, run.Read("f/bias")[0] - run.Start("f/bias")[0], 2e-3);
        // The factor 0.9 ends 1 % further.
        Assert.IsGreaterThan(-20 + 10 * (1 - Math.Pow(0.9, 20)) * 0.9, at);
    }

    [TestMethod]
    public void Learning_rates_are_those_of_big_vision()
    {
        foreach (var path in WorldFolder.Files("bv-schedules*.npz"))
            foreach (var (name, stored) in Npz.Read(path))
            {
                var words = name.Split('/');
                var kind = Enum.Parse<ScheduleKind>(words[0], ignoreCase: true);
                int total = int.Parse(words[1]);
                var schedule = new Schedule(kind, int.Parse(words[2]), int.Parse(words[3]));
                schedule.Check();
                var at = Enumerable.Range(0, 38).Select(i => (int)(i * (total / 37.0))).Distinct().ToArray();
                at[^1] = total;
                var values = stored.Floats();
                Assert.HasCount(values.Length, at, name);
                for (int i = 0; i < at.Length; i++) Assert.AreEqual(values[i], schedule.At(at[i], total), 1e-6, $"{path}: {name} at step {at[i]}");
            }
    }

    [TestMethod]
    public void Losses_and_their_gradients_are_those_of_big_vision()
    {
        foreach (var path in WorldFolder.Files("bv-losses*.npz"))
        {
            var golden = Npz.Read(path);
            foreach (var batch in golden.Keys.Select(name => name.Split('/')[0]).Distinct())
                foreach (var kind in new[] { "sigmoid", "softmax" })
                    if (golden.ContainsKey($"{batch}/{kind}/loss")) Contrast(golden, batch, kind, path);
        }
    }

    public static IEnumerable<object[]> StepFiles => WorldFolder.Files("bv-step*.npz").Select(path => new object[] { path });

    [TestMethod, DynamicData(nameof(StepFiles))]
    public void Whole_steps_are_those_of_big_vision_and_DINO(string path) =>
        new GoldenStepTests().Steps_agree_with_PyTorch(path, TestDevices.OneThread);

    static void Contrast(IReadOnlyDictionary<string, StoredArray> golden, string batch, string kind, string path)
    {
        var device = TestDevices.Open(TestDevices.OneThread);
        using var image = On(golden[$"{batch}/image"]);
        using var text = On(golden[$"{batch}/text"]);
        int n = image.Before.Rows, width = image.Before.Cols;
        using DeviceMatrix t = On(golden[$"{batch}/t"]), b = On(golden[$"{batch}/b"]), dT = New(1, 1), dB = New(1, 1), cosines = New(n, n),
            rowLoss = New(n, 1),
            dImage = New(n, width), dText = New(n, width);
        device.Ops.CosineSimilarity(image, text, cosines);
        if (kind == "sigmoid") device.Ops.SigLip(cosines, t, b, dT, dB, rowLoss, 1);
        else device.Ops.InfoNce(cosines, t, dT, rowLoss, 1);
        device.Ops.MatMul(cosines, text, dImage);
        device.Ops.MatMul(cosines, image, dText, Transpose.A);
        var what = $"{path}: {batch}/{kind}";
        Close.To(golden[$"{batch}/{kind}/loss"].Floats(), [rowLoss.Read("loss").Sum()], 1e-5, $"{what} loss");
        Close.To(golden[$"{batch}/{kind}/grad_image"].Floats(), dImage.Read("dImage"), 1e-5, $"{what} images");
        Close.To(golden[$"{batch}/{kind}/grad_text"].Floats(), dText.Read("dText"), 1e-5, $"{what} texts");
        Close.To(golden[$"{batch}/{kind}/grad_t"].Floats(), dT.Read("dT"), 2e-5, $"{what} t");
        if (kind == "sigmoid") Close.To(golden[$"{batch}/{kind}/grad_b"].Floats(), dB.Read("dB"), 1e-5, $"{what} b");

        DeviceMatrix New(int rows, int cols) => new(device, new Matrix(rows, cols), cols);

        DeviceMatrix On(StoredArray array)
        {
            int[] shape = array.Shape.Length == 2 ? array.Shape : [1, 1];
            return new(device, new Matrix(shape[0], shape[1]).With([.. array.Floats().Select(value => (double)value)]), shape[1]);
        }
    }

    static void Follow(IReadOnlyDictionary<string, StoredArray> golden, TrainConfig train, string prefix, double tolerance)
    {
        using var run = new Optimized(train, parameters);
        var (norms, schedule) = (golden["grad_norm"].Floats(), golden["schedule"].Floats());
        for (int step = 1; step <= Steps; step++)
        {
            var norm = run.Step([.. parameters.Select(p => Gradient(Count(p.Shape), step))], step - 1);
            Assert.AreEqual(norms[step - 1], norm, 1e-5 * norms[step - 1], $"gradient norm of step {step}");
            Assert.AreEqual(schedule[step - 1], train.Schedule.At(step - 1, Steps), 1e-6);
            foreach (var (name, _) in parameters)
            {
                if (!golden.TryGetValue($"{prefix}{step}/{name}", out var expected)) continue;
                float[] start = run.Start(name), want = expected.Floats();
                // Relative to how far parameters have moved.
                Close.To([.. want.Zip(start, (a, b) => a - b)], [.. run.Read(name).Zip(start, (a, b) => a - b)], tolerance, $"{prefix}{step}/{name}");
            }
        }
    }

    static TrainConfig Recipe(IReadOnlyDictionary<string, StoredArray> golden) => new(TotalSteps: Steps,
        LearningRate: Setting(golden, "learning_rate") ?? 1e-2,
        WeightDecay: Setting(golden, "weight_decay") ?? 1e-2, Beta1: Setting(golden, "momentum") ?? 0.9, ClipNorm: Setting(golden, "clip") ?? 0.25,
        Schedule: new(ScheduleKind.Rsqrt, (int)(Setting(golden, "warmup") ?? 4), (int)(Setting(golden, "cooldown") ?? 10),
            Setting(golden, "timescale") ?? 8));

    static double? Setting(IReadOnlyDictionary<string, StoredArray> golden, string name) => golden.TryGetValue("config", out var config)
        && JsonDocument.Parse(config.Bytes).RootElement.TryGetProperty(name, out var value) ? value.GetDouble() : null;

    static float[] Gradient(int count, int step) => [.. Enumerable.Range(0, count).Select(i =>
        (float)(0.01 * Math.Pow(10, -(step % 3)) * Math.Sin(0.37 * i + 0.91 * step) * Math.Cos(0.013 * i * step)))];

    static int Count(int[] shape) => shape.Aggregate(1, (a, b) => a * b);

    /// <summary>Parameters and what moves them, without a model.</summary>
    sealed class Optimized : IDisposable
    {
        readonly TrainConfig train;
        readonly Parameters all;
        readonly IOptimizer optimizer;
        readonly StepState state;
        readonly DeviceMatrix losses;
        readonly (string Name, int[] Shape)[] shapes;

        public Optimized(TrainConfig train, (string Name, int[] Shape)[] shapes)
        {
            (this.shapes, this.train) = (shapes, train with { DecayRules = [new(".*/kernel", 1), new(".*", 0)] });
            all = new(TestDevices.Open(TestDevices.OneThread), shapes.ToDictionary(weight => weight.Name, weight => weight.Shape));
            foreach (var (name, shape) in shapes) all.Add(name, Count(shape) / shape[^1], shape[^1], Inits.Zeros);
            all.Allocate(seed: 0, gradients: true);
            foreach (var (name, _) in shapes) all.Device.Upload<float>(Start(name), all[name].Value.View.SubView(0, all[name].Count));
            optimizer = train.Optimizer == OptimizerKind.Adafactor ? new Adafactor(all, this.train) : new AdamW(all, this.train);
            (state, losses) = (new(all.Device), new(all.Device, new Matrix(1, 2), 2));
        }

        public float[] Start(string name) => [.. Enumerable.Range(0, Count(shapes.Single(p => p.Name == name).Shape)).Select(i =>
            (float)Math.Sin(1.7 * i))];

        /// <summary>One update, whose gradient's norm is returned.</summary>
        public float Step(float[][] gradients, int step)
        {
            foreach (var ((name, _), gradient) in shapes.Zip(gradients)) all.Device.Upload<float>(gradient,
                all[name].Grad.View.SubView(0, gradient.Length));
            var schedule = train.Schedule.At(step, train.TotalSteps);
            state.Set(train.LearningRate * schedule, train.WeightDecay * schedule);
            state.ResetSums();
            all.Device.Ops.GradNorm(all.Grads, losses, state, (float)train.ClipNorm, (float)train.Beta1, (float)train.Beta2);
            optimizer.Step(state, null, default);
            return state.Read()[StepState.SumNorm];
        }

        public float[] Read(string name) => all.Device.Download(all[name].Value.View.SubView(0, all[name].Count));

        public void Dispose()
        {
            losses.Dispose();
            state.Dispose();
            optimizer.Dispose();
            all.Dispose();
        }
    }
}
