namespace Silc.Tests;

/// <summary>A model that several threads share, as those of a web service do.</summary>
[TestClass]
public sealed class ThreadTests
{
    const int Callers = 4, Rounds = 15;

    static readonly SilcConfig Config = TinyRun.Config with { VocabSize = 4096 };

    [TestMethod, EveryDevice]
    public void EachCallerGetsItsOwnRows(string name)
    {
        using var model = SilcModel.Create(TestDevices.Open(name), Config, seed: 1, new WordTokenizer());
        Func<Vectors>[] calls =
        [
            () => model.EmbedTexts(["a red star"]),
            () => model.EmbedTexts([.. Enumerable.Range(0, 140).Select(i => $"text {i}")]),
            () => model.EmbedPixels(Pixels(1, Config.ImageSize)),
            () => model.EmbedPixels(Pixels(40, Config.ImageSize)),
            () => model.EmbedPatchPixels(Pixels(2, Config.ImageSize), Config.ImageSize),
            () => model.EmbedPatchPixels(Pixels(1, 24), 24, PatchFeature.LastBlockValues),
            () => model.PoolAttention(Pixels(3, Config.ImageSize), Config.ImageSize),
            () => model.Device.FindNeighbours(Random(5, 8), Random(70, 8), 3).Score,
        ];
        // A second model makes its buffers, for which the device only measures, while the first is at work.
        var right = calls.Select(call => call()).ToArray();
        Together(Callers, caller =>
        {
            using var own = SilcModel.Create(model.Device, Config, seed: 1, new WordTokenizer());
            Same(right[0], own.EmbedTexts(["a red star"]));
            for (int i = 0; i < Rounds; i++) Same(right[(i + caller) % calls.Length], calls[(i + caller) % calls.Length]());
        });
    }

    [TestMethod, EveryDevice]
    public void EmbeddingAndSavingLeaveATrainingAlone(string name)
    {
        using var alone = new TinyRun(name, config: Config);
        using var shared = new TinyRun(name, config: Config);
        using var folder = new TemporaryFolder();
        alone.Steps(Enumerable.Range(0, 12));
        using var trained = new CancellationTokenSource();
        Together(Callers, caller =>
        {
            if (caller == 0)
            {
                shared.Steps(Enumerable.Range(0, 12));
                trained.Cancel();
                return;
            }
            do
            {
                // Two copies of one caption have one embedding, whichever step the weights are of.
                var z = shared.Model.EmbedTokens([.. Enumerable.Repeat(7, 140 * Config.TextLength)]);
                for (int c = 0; c < z.Width; c++) Assert.AreEqual(z[0, c], z[139, c], "rows of one call are of different weights");
                shared.Model.Save(folder.File($"{caller}.safetensors"));
            }
            while (!trained.IsCancellationRequested);
        });
        TinyRun.SameBits(alone.State(), shared.State());
    }

    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void WhatWasDisposedSaysSo(string name)
    {
        var (device, pixels) = (TestDevices.Open(name), Pixels(1, Config.ImageSize));
        var run = new TinyRun(name, config: Config);
        var batch = run.Batch(0);
        using var folder = new TemporaryFolder();
        run.Step(batch);
        run.Model.EmbedPixels(pixels);
        run.Model.Dispose();
        foreach (var use in (Action[])[
            () => run.Model.EmbedPixels(pixels), () => run.Model.EmbedTokens(new int[Config.TextLength]),
                () => run.Model.EmbedPatchPixels(pixels, Config.ImageSize),
            () => run.Model.PoolAttention(pixels, Config.ImageSize), () => _ = run.Model.Temperature,
            () => run.Model.Save(folder.File("m.safetensors")),
            () => run.Model.Export(folder.File("m.npz"), ModelFormat.Npz), () => run.Model.Parameters.ToArrays(),
            () => run.Model.Parameters.ZeroGrads(),
            () => run.Step(batch), () => run.Trainer.ReadMetrics(), () => run.Trainer.Save(folder.File("t.safetensors")),
            () => new Trainer(run.Model, TinyRun.Recipe), () => new Teacher(run.Model)])
            Assert.Contains(Assert.ThrowsExactly<ObjectDisposedException>(use).ObjectName, (string[])[nameof(SilcModel), nameof(Parameters)]);
        Assert.IsEmpty(folder.Files, "what cannot be written leaves nothing");
        run.Trainer.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => run.Step(batch));
        run.Dispose();
        run.Dispose();
        using var next = SilcModel.Create(device, Config);
        Assert.AreEqual(Config.EmbedDim, next.EmbedPixels(pixels).Width, "the device goes on");
    }

    [TestMethod]
    public void ADeviceMayGoBeforeWhatLivesOnIt()
    {
        var device = Device.Cpu(2);
        var model = SilcModel.Create(device, Config, seed: 1, new WordTokenizer());
        var trainer = new Trainer(model, TinyRun.Recipe);
        model.EmbedTexts(["a"]);
        var used = Together(Callers, _ =>
        {
            while (true) model.EmbedTexts(["a"]);
        }, () =>
        {
            Thread.Sleep(50);
            device.Dispose();
        });
        foreach (var error in used) Assert.IsInstanceOfType<ObjectDisposedException>(error);
        Assert.HasCount(Callers, used);
        foreach (var use in (Action[])[
            () => model.EmbedTexts(["a"]), () => SilcModel.Create(device, Config), device.Synchronize,
                () => device.FindNeighbours(Random(1, 2), Random(1, 2), 1),
            () => trainer.ReadMetrics(), () => device.StartProfile()])
            Assert.AreEqual(nameof(Device), Assert.ThrowsExactly<ObjectDisposedException>(use).ObjectName);
        trainer.Dispose();
        model.Dispose();
        device.Dispose();
    }

    [TestMethod]
    public void AModelMayGoWhileOthersUseIt()
    {
        using var device = Device.Cpu(2);
        for (int i = 0; i < 5; i++)
        {
            var model = SilcModel.Create(device, Config, seed: 1, new WordTokenizer());
            var used = Together(Callers, _ =>
            {
                while (true) model.EmbedTexts(["a", "b"]);
            }, () =>
            {
                Thread.Sleep(20);
                model.Dispose();
            });
            foreach (var error in used) Assert.AreEqual(nameof(SilcModel), Assert.IsInstanceOfType<ObjectDisposedException>(error).ObjectName);
        }
    }

    [TestMethod]
    public void ARunMayBeDisposedWhileItTrains()
    {
        using var device = Device.Cpu(2);
        var model = SilcModel.Create(device, Config, seed: 1, new WordTokenizer());
        var run = new TrainRun(model, new DemoSource(64, seed: 0, size: 24), TinyRun.Recipe with { TotalSteps = int.MaxValue });
        var used = Together(1, _ => run.Run(), () =>
        {
            Thread.Sleep(200);
            model.Dispose();
            run.Dispose();
        });
        Assert.IsInstanceOfType<ObjectDisposedException>(used.Single());
    }

    // What each thread threw; fails with it unless something else is done meanwhile, which is what they are to notice.
    static List<Exception> Together(int threads, Action<int> work, Action? meanwhile = null)
    {
        var errors = new List<Exception>();
        var all = Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            try
            {
                work(number);
            }
            catch (Exception error)
            {
                lock (errors) errors.Add(error);
            }
        })).ToList();
        all.ForEach(thread => thread.Start());
        meanwhile?.Invoke();
        all.ForEach(thread => thread.Join());
        if (meanwhile is null && errors.Count > 0) throw new AggregateException(errors);
        return errors;
    }

    static void Same(Vectors right, Vectors z) => Close.Bits([.. right.Values.Span], [.. z.Values.Span], "rows of one caller");

    static float[] Pixels(int count, int side) => [.. Random(count, side * side * 3).Values.Span];

    static Vectors Random(int rows, int cols)
    {
        var (random, values) = (new Random(rows), new float[rows, cols]);
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < cols; c++) values[r, c] = random.NextSingle() * 2 - 1;
        return values;
    }
}
