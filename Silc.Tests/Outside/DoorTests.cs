namespace Silc.Tests;

/// <summary>What users can put in the place of ours, from their own assembly: a source, a tokenizer, a schedule, a search for neighbours.</summary>
[TestClass]
public sealed class DoorTests : TempFolder
{
    const string Program = """
        public static class Program
        {
            public static (double Rate, int Steps, double[] Losses, string Found) Run(string folder)
            {
                using var device = Device.Cpu(threads: 1);
                var tower = new TowerConfig(Width: 32, Depth: 1, Heads: 2, MlpDim: 48);
                var config = new SilcConfig(tower, tower, ImageSize: 16, PatchSize: 8, TextLength: 8, VocabSize: 128,
                    Head: new HeadConfig(20, 12, 40), Views: new ViewConfig(Global: 1, Local: 1, LocalSize: 8));
                using var model = SilcModel.Create(device, config, seed: 1, new Letters());
                var source = new Squares();
                var losses = new List<double>();
                double rate = 0;
                using var run = new TrainRun(model, source, new TrainConfig(BatchSize: 8, TotalSteps: 6, LearningRate: 0.01));
                run.Trainer.Schedule = step => 0.5 / (1 + step);
                run.Run(report =>
                {
                    losses.Add(report.Metrics.Loss);
                    rate = report.Metrics.LearningRate;
                }, reportEvery: 1);

                var names = Enumerable.Range(0, source.Count).Select(i => $"{i}").ToArray();
                var index = new EmbeddingIndex(model.EmbedImages(source), names, names);
                int asked = 0;
                var hits = Search.Find(index, model.EmbedTexts(["a dark square"]), k: 3, (queries, candidates, k) =>
                {
                    asked++;
                    return Neighbours.Find(queries, candidates, k);
                });
                model.Save(Path.Combine(folder, "model.safetensors"));
                using var again = SilcModel.Load(device, Path.Combine(folder, "model.safetensors"), new Letters());
                var same = again.EmbedTexts(["dark"]).Values.Span.SequenceEqual(model.EmbedTexts(["dark"]).Values.Span);
                return (rate, losses.Count, losses.ToArray(), $"{hits[0].Count} {asked} {same}");
            }
        }

        sealed class Squares : IImageTextSource
        {
            public string Name => "squares";

            public int Count => 32;

            public ImageTextPair Read(int index)
            {
                var rgba = new byte[4 * 24 * 24];
                Array.Fill(rgba, (byte)(8 * index));
                return new($"square {index}", new RgbImage(24, 24, rgba), [index < 16 ? "a dark square" : "a bright square"]);
            }
        }

        sealed class Letters : Tokenizer
        {
            public override int VocabSize => 128;

            public override int[] Encode(string text) => text.Where(char.IsAscii).Select(letter => (int)letter).ToArray();

            public override int[] Tokens(string text, int length)
            {
                var ids = new int[length];
                Encode(text).Take(length - 1).ToArray().CopyTo(ids, 0);
                return ids;
            }
        }
        """;

    const string Together = """
        public static class Together
        {
            public static (double[] One, double[] Two) Run()
            {
                var one = ICollective.Join("none");
                var losses = new double[2][];
                var threads = ICollective.Threads(2).Select(rank => new Thread(() => losses[rank.Rank] = Train(rank))).ToList();
                threads.ForEach(thread => thread.Start());
                threads.ForEach(thread => thread.Join());
                return (Train(one), losses[0]);
            }

            static double[] Train(ICollective ranks)
            {
                using var device = Device.Cpu(threads: 1);
                var tower = new TowerConfig(Width: 32, Depth: 1, Heads: 2, MlpDim: 48);
                var config = new SilcConfig(tower, tower, ImageSize: 16, PatchSize: 8, TextLength: 8, VocabSize: 300,
                    Head: new HeadConfig(20, 12, 40), Views: new ViewConfig(Global: 1, Local: 1, LocalSize: 8));
                using var model = SilcModel.Create(device, config, seed: 1);
                using var trainer = new Trainer(model, new TrainConfig(BatchSize: 8, TotalSteps: 3), ranks);
                var losses = new List<double>();
                for (int step = 0; step < 3; step++)
                {
                    var random = new Random(step);
                    var batch = new Batch(config, 8 / ranks.Size);
                    for (int i = 0; i < 8; i++)
                        for (int pixel = 0; pixel < 768; pixel++)
                        {
                            var value = random.NextSingle();
                            int own = i - ranks.Rank * batch.Size;
                            if (own < 0 || own >= batch.Size) continue;
                            batch.Global[own * 768 + pixel] = value;
                            if (pixel < 192) batch.Local[own * 192 + pixel] = value;
                            if (pixel < 8) batch.Tokens[own * 8 + pixel] = (int)(300 * value);
                        }
                    trainer.Step(batch);
                    losses.Add(trainer.ReadMetrics().Loss);
                }
                return losses.ToArray();
            }
        }
        """;

    [TestMethod]
    public void Two_ranks_as_threads_train_from_another_assembly()
    {
        var (one, two) = ((double[], double[]))OutsideCompiler.Run(Together, "Together", "Run")!;
        foreach (var (expected, actual) in one.Zip(two)) Assert.AreEqual(expected, actual, Close.Reordered * Math.Abs(expected));
        Assert.HasCount(3, two);
    }

    [TestMethod]
    public void Own_source_tokenizer_schedule_and_search_work_from_another_assembly()
    {
        var (rate, steps, losses, found) = ((double, int, double[], string))OutsideCompiler.Run(Program, "Program", "Run", Root)!;
        Assert.AreEqual(0.01 * 0.5 / 6, rate, 1e-12);
        Assert.AreEqual(6, steps);
        Assert.IsTrue(losses.All(double.IsFinite));
        Assert.AreEqual("3 1 True", found);
    }
}
