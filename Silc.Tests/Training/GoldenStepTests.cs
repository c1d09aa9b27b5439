using System.Text.Json;

namespace Silc.Tests;

/// <summary>
/// Whole training steps against PyTorch in double precision: every .npz in Golden, which <c>make_steps.py</c> there writes, and in the folder that
/// SILC_GOLDEN_DIR names. The files' sizes and recipe come from their own <c>config</c>.
/// </summary>
[TestClass]
public sealed class GoldenStepTests
{
    public static IEnumerable<object[]> Cases =>
        from file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Golden"), "*.npz")
            .Concat(Environment.GetEnvironmentVariable("SILC_GOLDEN_DIR") is { Length: > 0 } more ? Directory.EnumerateFiles(more, "*.npz") : [])
        where Path.GetFileName(file).StartsWith("silc", StringComparison.Ordinal)
        from device in TestDevices.Names
        select new object[] { file, device };

    [TestMethod, DynamicData(nameof(Cases))]
    public void Steps_agree_with_PyTorch(string file, string device) => Check(new(file), TestDevices.Open(device), new Solo());

    /// <summary>The steps of a golden file, by one of some ranks, which all check what they hold.</summary>
    internal static void Check(GoldenRun golden, Device device, ICollective collective)
    {
        using var model = SilcModel.Create(device, golden.Config);
        model.Parameters.Load(golden.Arrays, "params0/");
        using var trainer = new Trainer(model, golden.Train, collective);
        trainer.Teacher!.Parameters.Load(golden.Arrays, "teacher0/");
        model.Device.Upload<float>(golden["center0"], trainer.Teacher.Center.View);

        for (int step = 1; step <= golden.Steps; step++)
        {
            string at = $"step{step}/";
            var seen = new Dictionary<string, float[]>();
            trainer.Probe = (name, tensor) => seen[name] = model.Device.Download(tensor.View.SubView(0, tensor.Count));
            trainer.Step(Ranks.Part(golden.Config, golden.Batch(step), collective.Rank, collective.Size));
            var metrics = trainer.ReadMetrics();

            if (collective.IsAlone)
                foreach (var (name, values) in seen) Close.To(golden[$"{at}out/{name}"], values, Close.Step, at + name);
            CollectionAssert.AreEquivalent(new[] { "z_image", "z_text", "teacher_logits", "student_logits" }, seen.Keys);
            foreach (var (term, value) in metrics.Losses) Close.To(golden[$"{at}out/{term.Name}"], [(float)value], Close.Step, at + term.Name);
            var known = LossTerm.All.Where(term => golden.Arrays.ContainsKey($"{at}out/{term.Name}"));
            CollectionAssert.AreEqual(known.ToArray(), metrics.Losses.Select(loss => loss.Term).ToArray());
            Close.To(golden[$"{at}out/total"], [(float)metrics.Loss], Close.Step, at + "total");
            Close.To(golden[$"{at}grad_norm"], [(float)metrics.GradNorm], Close.Step, at + "grad_norm");
            Close.To(golden[$"{at}out/center"], model.Device.Download(trainer.Teacher.Center.View), Close.Step, at + "center");
            foreach (var p in model.Parameters.All)
            {
                Close.To(golden[$"{at}grads/{p.Name}"], model.Device.Download(p.Grad.View),
                    golden.IsNoise(at, p.Name) ? double.PositiveInfinity : Close.Step, $"{at}grads/{p.Name}");
                Close.To(golden[$"{at}params/{p.Name}"], model.Device.Download(p.Value.View),
                    golden.IsNoise(at, p.Name) ? Close.RoundingNoise : golden.UpdateTolerance, $"{at}params/{p.Name}");
            }
            foreach (var p in trainer.Teacher.Parameters.All)
                Close.To(golden[$"{at}teacher/{p.Name}"], model.Device.Download(p.Value.View),
                    golden.IsNoise(at, p.Name) ? Close.RoundingNoise : golden.UpdateTolerance, $"{at}teacher/{p.Name}");
        }
    }

    /// <summary>One golden file.</summary>
    internal sealed class GoldenRun
    {
        readonly JsonElement config;

        public GoldenRun(string file)
        {
            var stored = Npz.Read(file);
            config = JsonDocument.Parse(stored["config"].Bytes).RootElement;
            var layout = stored.TryGetValue("layout", out var text)
                ? JsonDocument.Parse(text.Bytes).RootElement.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value) : [];
            Arrays = stored.Where(entry => entry.Key is not ("config" or "layout"))
                .Select(entry => entry.Value.ToNamedArray())
                .SelectMany(array => layout.TryGetValue(array.Name, out var parts) ? Parts(array, parts) : [array])
                .ToDictionary(array => array.Name);
            var gelu = Has("gelu") && Text("gelu") == "exact" ? GeluKind.Exact : GeluKind.Tanh;
            Config = new SilcConfig(
                new TowerConfig(Int("width"), Int("depth"), Int("heads"), Int("mlp"), gelu),
                new TowerConfig(Int("text_width"), Int("text_depth"), Int("text_heads"), Int("text_mlp"), gelu),
                Int("image"), Int("patch"), Int("text_len"), Int("vocab"),
                new HeadConfig(Int("head_hidden"), Int("head_bottleneck"), Int("prototypes")),
                new ViewConfig(Int("globals"), Int("locals"), Int("local"), Plain: Is("plain")),
                Text("contrastive") == "sigmoid" ? ContrastiveKind.Sigmoid : ContrastiveKind.Softmax);
            Train = new TrainConfig(Int("batch"), Steps,
                Optimizer: Text("optimizer") == "adafactor" ? OptimizerKind.Adafactor : OptimizerKind.AdamW,
                LearningRate: Number("lr"), WeightDecay: Number("wd"), ClipNorm: Number("clip"), Schedule: new(ScheduleKind.Constant),
                DistillationWeight: Number("lambda"), StudentTemperature: Number("tau_s"), TeacherTemperature: Number("tau_t"),
                EmaMomentum: Number("ema"),
                GlobalToGlobal: Is("global_to_global"), Accumulate: Has("accumulate") ? Int("accumulate") : 1,
                KoLeoWeight: Has("koleo") ? Number("koleo") : 0);
        }

        public IReadOnlyDictionary<string, NamedArray> Arrays { get; }

        public SilcConfig Config { get; }

        public TrainConfig Train { get; }

        public int Steps => Int("steps");

        public float[] this[string name] => Arrays[name].Values;

        public double UpdateTolerance => Train.Optimizer == OptimizerKind.AdamW ? Close.AdamStep : Close.Step;

        // A softmax does not feel a constant added to its keys: the key bias has a gradient of rounding errors alone, in PyTorch's double
        // as here, and an optimizer that divides by its size turns their signs into whole steps. Nothing depends on the result.
        public bool IsNoise(string at, string name) =>
            name.EndsWith("/key/bias", StringComparison.Ordinal) && this[$"{at}grads/{name}"].All(g => Math.Abs(g) < 1e-6);

        // A packed array holds several, one after another: NAME in params0 is params0/NAME.
        static IEnumerable<NamedArray> Parts(NamedArray whole, JsonElement parts)
        {
            int start = 0;
            foreach (var part in parts.EnumerateArray())
            {
                int[] shape = [.. part[1].EnumerateArray().Select(size => size.GetInt32())];
                int count = shape.Aggregate(1, (a, b) => a * b);
                yield return new($"{whole.Name}/{part[0].GetString()}", shape, whole.Values[start..(start + count)]);
                start += count;
            }
            Assert.AreEqual(whole.Values.Length, start, $"values of {whole.Name}");
        }

        public Batch Batch(int step)
        {
            var batch = new Batch(Config, Train.BatchSize);
            this[$"step{step}/batch/global"].CopyTo(batch.Global, 0);
            this[$"step{step}/batch/local"].CopyTo(batch.Local, 0);
            if (Is("plain")) this[$"step{step}/batch/plain"].CopyTo(batch.Plain, 0);
            for (int i = 0; i < batch.Tokens.Length; i++) batch.Tokens[i] = (int)this[$"step{step}/batch/tokens"][i];
            return batch;
        }

        // Files of the first two recipes leave out what came later.
        bool Has(string key) => config.TryGetProperty(key, out _);

        bool Is(string key) => Has(key) && config.GetProperty(key).GetBoolean();

        int Int(string key) => config.GetProperty(key).GetInt32();

        double Number(string key) => config.GetProperty(key).GetDouble();

        string Text(string key) => config.GetProperty(key).GetString()!;
    }
}
