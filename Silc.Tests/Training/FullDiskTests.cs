namespace Silc.Tests;

/// <summary>Disks that are full, read-only or in the way: a clear error, nothing half-written, and the last good checkpoint stays.</summary>
[TestClass]
public sealed class FullDiskTests : TempFolder
{
    static readonly SilcConfig config = TinyRun.Config with { VocabSize = 258 };

    [TestMethod]
    public void What_lies_in_the_way_is_named()
    {
        Directory.CreateDirectory(At("run/checkpoints/step-00000004.safetensors"));       // a folder where the file belongs
        var message = Train("run", 6);
        foreach (var words in new[] { "stopped after step 4", At("run/checkpoints/step-00000004.safetensors"), "bytes",
            "are free", "The newest checkpoint is", "step-00000002" })
            Assert.Contains(words, message);
        OnlyWhole("run", 2);
        Directory.Delete(At("run/checkpoints/step-00000004.safetensors"));
        Assert.AreEqual("", Train("run", 6));
        SameAsWhole("run");
    }

    [TestMethod]
    public void A_run_below_a_file_is_refused()
    {
        File.WriteAllText(At("file"), "");
        Assert.Contains(At("file"), Train("file/run", 2));
    }

    [TestMethod]
    public void A_disk_that_fills_up_costs_no_checkpoint()
    {
        using var disk = new SmallDisk(At("disk"), "size=4m");
        var message = Train("disk/run", 8, step =>
        {
            if (step == 5) Fill(At("disk/filler"));
        });
        foreach (var words in new[] { "stopped after step 6", "step-00000006.safetensors", "full", "it needs", "bytes",
            " are free there", "step-00000004" })
            Assert.Contains(words, message);
        OnlyWhole("disk/run", 4);
        File.Delete(At("disk/filler"));
        Assert.AreEqual("", Train("disk/run", 8));
        SameAsWhole("disk/run", 8);
    }

    [TestMethod]
    public void A_read_only_disk_is_named_and_left_alone()
    {
        using var disk = new SmallDisk(At("disk"), "size=64m");
        Assert.AreEqual("", Train("disk/run", 4));
        disk.Remount("ro");
        foreach (var name in new[] { "run", "new" })
        {
            var message = Train($"disk/{name}", 8);
            foreach (var words in new[] { At($"disk/{name}"), "ead-only" }) Assert.Contains(words, message);
        }
        OnlyWhole("disk/run", 4);
        disk.Remount("rw");
        Assert.AreEqual("", Train("disk/run", 8));
        SameAsWhole("disk/run", 8);
    }

    // A checkpoint every 2 steps; the message of the error that ended it.
    string Train(string name, int steps, Action<long>? after = null)
    {
        try
        {
            using var folder = RunFolder.Open(At(name), new(EverySteps: 2, Keep: 2));
            using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, 1, new ByteTokenizer());
            using var run = new TrainRun(model, new FakeSource(12), TinyRun.Recipe with { TotalSteps = steps }, folder);
            run.Run(report => after?.Invoke(report.Metrics.Step), reportEvery: 1);
            return "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.Message;
        }
    }

    void OnlyWhole(string name, long newest)
    {
        var (checkpoint, skipped) = RunFolder.Newest(At(name));
        Assert.AreEqual((newest, 0), (checkpoint.Step, skipped.Count));
        Assert.IsEmpty(Directory.GetFiles(At(name), "*.tmp", SearchOption.AllDirectories));
    }

    void SameAsWhole(string name, int steps = 6)
    {
        Assert.AreEqual("", Train("whole", steps));
        CollectionAssert.AreEqual(File.ReadAllBytes(At("whole/model.safetensors")),
            File.ReadAllBytes(At($"{name}/model.safetensors")));
    }

    static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (var block = new byte[4096]; ;) file.Write(block);
        }
        catch (IOException)
        {
        }
    }
}
