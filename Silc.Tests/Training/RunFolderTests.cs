using System.Diagnostics;

namespace Silc.Tests;

/// <summary>Run folders under <see cref="TrainRun"/>: which checkpoints are written, kept and gone on from, and what failures leave.</summary>
[TestClass]
public sealed class RunFolderTests : TempFolder
{
    static readonly SilcConfig config = TinyRun.Config with { VocabSize = 258 };

    static TrainConfig Recipe(int steps) => TinyRun.Recipe with { TotalSteps = steps };

    [TestMethod]
    public void The_newest_and_every_mth_stay()
    {
        Train(8, new(EverySteps: 1, Keep: 2, KeepEvery: 3));
        Assert.AreEqual("8 7 6 3", Steps());
        Train(11, new(EverySteps: 4, Keep: 1));         // every 4th and the last; those from before are no longer kept
        Assert.AreEqual("11", Steps());
    }

    [TestMethod]
    public void Checkpoints_are_written_by_the_clock()
    {
        Train(3, new(EveryMinutes: 1e-9, Keep: 9));
        Assert.AreEqual("3 2 1", Steps());
    }

    [TestMethod]
    public void A_run_goes_on_to_the_same_bits_and_metrics()
    {
        foreach (var optimizer in Enum.GetValues<OptimizerKind>())
        {
            var recipe = Recipe(8) with { Optimizer = optimizer, Schedule = new(ScheduleKind.Cosine, WarmupSteps: 2) };
            var whole = Train(recipe, $"whole {optimizer}", new());
            Train(recipe, $"parts {optimizer}", new(EverySteps: 3, Keep: 9));
            File.Delete(RunFolder.Checkpoints(At($"parts {optimizer}"))[0].Path);        // that of the end: a killed run has none
            var rest = Train(recipe, $"parts {optimizer}", new());
            TinyRun.SameBits(Arrays($"whole {optimizer}"), Arrays($"parts {optimizer}"));
            // Step 8's means are over steps 5 to 8, of which the checkpoint, of step 6, has seen two.
            Assert.AreEqual(whole[^1], rest[^1]);
        }
    }

    [TestMethod]
    [DataRow("flip", "checksum")]
    [DataRow("cut", "damaged or not a safetensors file")]
    [DataRow("empty", "it has 0 bytes")]
    [DataRow("version", "format 2")]
    public void A_damaged_checkpoint_is_skipped_with_its_reason(string damage, string reason)
    {
        Train(6, new(EverySteps: 2, Keep: 9));
        var whole = Arrays();
        var newest = RunFolder.Checkpoints(Root)[0].Path;
        var bytes = File.ReadAllBytes(newest);
        if (damage == "flip") bytes[bytes.Length / 2] ^= 16;
        File.WriteAllBytes(newest, damage switch { "cut" => bytes[..^1], "empty" => [], _ => bytes });
        if (damage == "version") Safetensors.WriteSealed(newest, [],
            new Dictionary<string, string> { ["silc.checkpoint"] = "2" });

        using (var folder = RunFolder.Resume(Root))
        {
            Assert.AreEqual(4, folder.Start!.Step);
            Assert.AreEqual(newest, folder.Skipped.Single().Path);
            Assert.Contains(reason, folder.Skipped[0].Reason);
        }
        // Of the two that stay, the damaged one must not take the place of a good one.
        Train(5, new(Keep: 1));
        Assert.AreEqual("6 5", Steps());
        Train(6, new(Keep: 1));
        Assert.AreEqual("6", Steps());
        TinyRun.SameBits(whole, Arrays());
    }

    [TestMethod]
    public void A_folder_without_a_whole_checkpoint_is_refused()
    {
        Assert.Contains("has no checkpoint", Assert.ThrowsExactly<FileNotFoundException>(() => RunFolder.Resume(Root)).Message);
        Train(2, new(EverySteps: 1));
        foreach (var (_, path) in RunFolder.Checkpoints(Root)) File.AppendAllText(path, "x");
        var message = Assert.ThrowsExactly<InvalidDataException>(() => RunFolder.Resume(Root)).Message;
        foreach (var word in new[] { "none of the 2 checkpoints", "step-00000001", "step-00000002", "bytes" })
            Assert.Contains(word, message);
    }

    [TestMethod]
    public void A_run_is_not_overwritten_unasked()
    {
        Train(2, new());
        var message = Assert.ThrowsExactly<IOException>(() => RunFolder.Create(Root)).Message;
        Assert.Contains("holds a run already", message);
        using (var folder = RunFolder.Create(Root, overwrite: true))
        {
            Assert.AreEqual("2", Steps());         // until something takes its place
            using var model = Model();
            using var run = new TrainRun(model, new FakeSource(12), Recipe(1), folder);
            run.Run();
        }
        Assert.AreEqual("1", Steps());
    }

    [TestMethod]
    public void Two_processes_do_not_share_a_folder()
    {
        Train(2, new());
        using var first = RunFolder.Resume(Root);
        Assert.Contains("in use", Assert.ThrowsExactly<IOException>(() => RunFolder.Resume(Root)).Message);
        first.Dispose();
        RunFolder.Resume(Root).Dispose();
    }

    /// <summary>mpirun ends before its ranks do: who starts the next job at once waits for the lock, and goes on.</summary>
    [TestMethod]
    public void A_folder_whose_process_is_ending_is_waited_for()
    {
        Train(2, new());
        var ending = RunFolder.Resume(Root);
        using var timer = new Timer(_ => ending.Dispose(), null, 500, Timeout.Infinite);
        var clock = Stopwatch.StartNew();
        using var next = RunFolder.Resume(Root);
        // It was held all this time, and the owner's word is the new one's.
        Assert.IsGreaterThanOrEqualTo(TimeSpan.FromSeconds(0.4), clock.Elapsed);
        next.RequireOwned(2);
        Assert.ThrowsExactly<IOException>(() => ending.RequireOwned(2));
    }

    [TestMethod]
    public void What_a_killed_process_left_is_cleared_away()
    {
        Train(2, new());
        File.WriteAllText(At("checkpoints/step-00000003.safetensors.abcdefg1.xyz.tmp"), "half");
        File.WriteAllText(At("metrics.csv.abcdefg1.xyz.tmp"), "half");
        File.WriteAllText(At("mine.tmp"), "whole");
        Train(3, new());
        CollectionAssert.AreEquivalent(new[] { "mine.tmp" }, Directory.GetFiles(Root, "*.tmp", SearchOption.AllDirectories)
            .Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void Another_configuration_or_source_is_named_with_both_values()
    {
        Train(2, new());
        Refused("BatchSize 4, now 6", Recipe(3) with { BatchSize = 6 }, config, 12);
        Refused("Schedule.WarmupSteps 0, now 5", Recipe(3) with { Schedule = new(ScheduleKind.Constant, 5) }, config, 12);
        Refused("Views.Local 2, now 1", Recipe(3), config with { Views = config.Views with { Local = 1 } }, 12);
        Refused("the 12 pairs of fake, fake has 13 now", Recipe(3), config, 13);

        void Refused(string says, TrainConfig recipe, SilcConfig config, int count)
        {
            using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, 1, new ByteTokenizer());
            using var folder = RunFolder.Resume(Root);
            Assert.Contains(says, Assert.ThrowsExactly<ArgumentException>(() =>
                new TrainRun(model, new FakeSource(count), recipe, folder)).Message);
        }
    }

    [TestMethod]
    public void A_fork_leaves_the_first_run_alone()
    {
        Train(Recipe(4), "first", new(EverySteps: 2));
        var before = Directory.GetFiles(At("first"), "*", SearchOption.AllDirectories).Order()
            .Select(file => (file, File.GetLastWriteTimeUtc(file))).ToArray();
        using (var folder = RunFolder.Fork(At("first/checkpoints/step-00000002.safetensors"), At("second")))
            Train(Recipe(4), folder);
        TinyRun.SameBits(Arrays("first"), Arrays("second"));
        CollectionAssert.AreEqual(before, Directory.GetFiles(At("first"), "*", SearchOption.AllDirectories).Order()
            .Select(file => (file, File.GetLastWriteTimeUtc(file))).ToArray());
        Assert.ThrowsExactly<IOException>(() => RunFolder.Fork(At("first/checkpoints/step-00000002.safetensors"), At("second")));
    }

    [TestMethod]
    public void A_model_is_loaded_from_a_folder_a_model_or_a_checkpoint()
    {
        Train(3, new(EverySteps: 1));
        var device = TestDevices.Open(TestDevices.OneThread);
        var text = new[] { "a red star" };
        using SilcModel folder = SilcModel.Load(device, Root), file = SilcModel.Load(device, At("model.safetensors")),
            last = SilcModel.Load(device, RunFolder.Checkpoints(Root)[0].Path),
                first = SilcModel.Load(device, RunFolder.Checkpoints(Root)[2].Path);
        CollectionAssert.AreEqual(file.EmbedTexts(text).ToArray2D(), folder.EmbedTexts(text).ToArray2D());
        CollectionAssert.AreEqual(file.EmbedTexts(text).ToArray2D(), last.EmbedTexts(text).ToArray2D());
        CollectionAssert.AreNotEqual(file.EmbedTexts(text).ToArray2D(), first.EmbedTexts(text).ToArray2D());

        // The model of an earlier end, with a run that went on and was killed.
        File.Copy(At("model.safetensors"), At("before"));
        Train(5, new());
        File.Move(At("before"), At("model.safetensors"), overwrite: true);
        Assert.AreEqual(RunFolder.Checkpoints(Root)[0].Path, RunFolder.NewestWeights(Root));
        using var newest = SilcModel.Load(device, Root);
        CollectionAssert.AreNotEqual(file.EmbedTexts(text).ToArray2D(), newest.EmbedTexts(text).ToArray2D());

        var bytes = File.ReadAllBytes(RunFolder.Checkpoints(Root)[0].Path);
        bytes[^100] ^= 1;
        File.WriteAllBytes(At("bad.safetensors"), bytes);
        Assert.Contains("checksum", Assert.ThrowsExactly<InvalidDataException>(() =>
            SilcModel.Load(device, At("bad.safetensors"))).Message);
    }

    [TestMethod]
    public void Data_that_fails_leaves_a_checkpoint()
    {
        using var folder = RunFolder.Create(Root);
        using var model = Model();
        int reads = 0;
        var source = new FakeSource(12, _ =>
        {
            if (Interlocked.Increment(ref reads) > 60) throw new InvalidOperationException("the data went away");
        });
        using var run = new TrainRun(model, source, Recipe(1000), folder);
        Assert.Contains("the data went away", Assert.ThrowsExactly<InvalidDataException>(() => run.Run()).Message);
        Assert.IsTrue(run.Trainer.Steps > 0);
        Assert.AreEqual(run.Trainer.Steps, RunFolder.Newest(Root).Checkpoint.Step);
    }

    string Steps() => string.Join(' ', RunFolder.Checkpoints(Root).Select(checkpoint => checkpoint.Step));

    IReadOnlyDictionary<string, float[]> Arrays(string folder = "") =>
        Safetensors.Read(RunFolder.Checkpoints(At(folder))[0].Path).Arrays
        .Where(entry => entry.Key != Seal.Name).ToDictionary(entry => entry.Key, entry => entry.Value.Floats());

    static SilcModel Model() => SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, 1, new ByteTokenizer());

    void Train(int steps, SavePolicy policy) => Train(Recipe(steps), "", policy);

    List<StepMetrics> Train(TrainConfig recipe, string name, SavePolicy policy)
    {
        using var folder = RunFolder.Open(At(name), policy);
        return Train(recipe, folder);
    }

    static List<StepMetrics> Train(TrainConfig recipe, RunFolder folder)
    {
        using var model = Model();
        using var run = new TrainRun(model, new FakeSource(12), recipe, folder);
        var metrics = new List<StepMetrics>();
        run.Run(report => metrics.Add(report.Metrics), reportEvery: 4);
        return metrics;
    }
}
