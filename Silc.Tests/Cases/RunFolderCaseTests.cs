namespace Silc.Tests;

/// <summary>Folders of runs that are replaced, removed, renamed or without room.</summary>
[TestClass]
public sealed class RunFolderCaseTests : TempFolder
{
    static readonly SilcConfig config = TinyRun.Config with { VocabSize = 258 };

    [TestMethod]
    [DataRow("removed", DisplayName = "folder-removed-under-a-run, nothing in its place")]
    [DataRow("renamed"), DataRow("replaced", DisplayName = "folder-removed-under-a-run"), DataRow("renamed and replaced")]
    public void A_run_whose_folder_is_anothers_stops_and_writes_nothing_more(string change)
    {
        var error = Assert.ThrowsExactly<IOException>(() => Train("run", 4000, seed: 1, after: step =>
        {
            if (step != 3) return;
            if (change.StartsWith("renamed", StringComparison.Ordinal)) Directory.Move(At("run"), At("old"));
            else Directory.Delete(At("run"), recursive: true);
            if (change.EndsWith("replaced", StringComparison.Ordinal)) Train("run", 2, seed: 2);
        }));
        Assert.Contains(At("run"), error.Message);
        Assert.Contains("removed, renamed or replaced", error.Message);
        if (change.StartsWith("renamed", StringComparison.Ordinal)) Assert.AreEqual(2L, RunFolder.Newest(At("old")).Checkpoint.Step);
        if (!change.EndsWith("replaced", StringComparison.Ordinal))
        {
            Assert.IsFalse(Directory.Exists(At("run")));
            return;
        }
        Train("alone", 2, seed: 2);
        Assert.AreEqual(2L, RunFolder.Newest(At("run")).Checkpoint.Step);
        Assert.HasCount(1, RunFolder.Checkpoints(At("run")));
        CollectionAssert.AreEqual(File.ReadAllBytes(At("alone/model.safetensors")), File.ReadAllBytes(At("run/model.safetensors")));
    }

    [TestMethod]
    [DataRow("data that cannot be read"), DataRow("stopped at once")]
    public void The_run_that_is_overwritten_stays_until_a_step_is_done(string failure)
    {
        Train("run", 3, seed: 1);
        var before = Content("run");
        using (var folder = RunFolder.Create(At("run"), overwrite: true))
        {
            using var model = Model(2);
            var source = new FakeSource(12, _ =>
            {
                if (failure.StartsWith("data", StringComparison.Ordinal)) throw new IOException("the disk went away");
            });
            using var run = new TrainRun(model, source, TinyRun.Recipe with { TotalSteps = 5 }, folder);
            if (failure.StartsWith("data", StringComparison.Ordinal)) Assert.ThrowsExactly<InvalidDataException>(() => run.Run());
            else Assert.AreEqual(RunEnd.Stopped, run.Run(stop: new(canceled: true)));
            Assert.IsTrue(folder.Replaces);
        }
        var after = Content("run");
        CollectionAssert.AreEquivalent(before.Keys.ToArray(), after.Keys.ToArray());
        foreach (var (file, bytes) in before) CollectionAssert.AreEqual(bytes, after[file], file);
    }

    [TestMethod]
    public void A_disk_without_room_for_a_checkpoint_is_found_before_the_first_step()
    {
        using var disk = new SmallDisk(At("disk"), "size=64k");
        var steps = 0;
        var error = Assert.ThrowsExactly<IOException>(() => Train("disk/run", 3, seed: 1, after: _ => steps++));
        foreach (var words in new[] { At("disk/run"), "0.1 MB free", "a checkpoint of this run takes", "make room" })
            Assert.Contains(words, error.Message);
        Assert.AreEqual(0, steps);
    }

    [TestMethod]
    public void A_disk_with_room_for_one_checkpoint_alone_is_a_warning()
    {
        using var disk = new SmallDisk(At("disk"), "size=1300k");
        using var folder = RunFolder.Create(At("disk/run"), new(Keep: 3));
        using var model = Model(1);
        using var run = new TrainRun(model, new FakeSource(12), TinyRun.Recipe with { TotalSteps = 2 }, folder);
        Assert.Contains("the newest 3 checkpoints stay", folder.Warning ?? "");
        run.Run();
        // What was foretold is what was written.
        var written = new FileInfo(RunFolder.Newest(At("disk/run")).Checkpoint.Path).Length;
        Assert.AreEqual(written, run.Trainer.CheckpointBytes, 0.15 * written);
    }

    [TestMethod]
    public void A_run_that_diverges_leaves_its_weights_and_says_where()
    {
        using var folder = RunFolder.Create(At("run"));
        using var model = Model(1);
        var recipe = TinyRun.Recipe with { TotalSteps = 500, MaxSkippedSteps = 3, LearningRate = 1e6 };
        using var run = new TrainRun(model, new FakeSource(12), recipe, folder);
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => run.Run(reportEvery: 1));
        var skipped = (long)run.Trainer.Steps - 3;
        Assert.Contains(
            $"the weights are those of step {skipped}, the last good one, in {folder.At(RunFolder.ModelName)}; there is no checkpoint",
            error.Message);
        var left = Safetensors.Read(folder.At(RunFolder.ModelName));
        foreach (var array in model.Parameters.ToArrays()) Close.Bits(array.Values, left.Arrays[array.Name].Floats(), array.Name);
        Assert.IsTrue(left.Arrays["txt/Embed_0/embedding"].Floats().All(float.IsFinite));
    }

    Dictionary<string, byte[]> Content(string folder) => Directory.EnumerateFiles(At(folder), "*.safetensors", SearchOption.AllDirectories)
        .ToDictionary(file => file, File.ReadAllBytes);

    static SilcModel Model(int seed) => SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, seed, new ByteTokenizer());

    void Train(string name, int steps, int seed, Action<long>? after = null)
    {
        using var folder = RunFolder.Create(At(name), new(EverySteps: 2, Keep: 1));
        using var model = Model(seed);
        using var run = new TrainRun(model, new FakeSource(12), TinyRun.Recipe with { TotalSteps = steps }, folder);
        run.Run(report => after?.Invoke(report.Metrics.Step), reportEvery: 1);
    }
}
