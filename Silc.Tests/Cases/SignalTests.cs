using System.Runtime.InteropServices;

namespace Silc.Tests;

/// <summary>Signals that ask a run to end, on the real program.</summary>
[TestClass, DoNotParallelize]
public sealed partial class SignalTests : TempFolder
{
    const int Hup = 1, Term = 15;

    [TestMethod]
    [DataRow(Hup, DisplayName = "hangup-loses-the-run"), DataRow(Term)]
    public void A_run_that_is_asked_to_end_leaves_a_checkpoint(int signal)
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("Windows has no signals");
        using var silc = new SilcProcess("train", "--data", "demo", "--steps", "100000", "--batch", "4", "--image-size", "16", "--text-length", "8",
            "--tokenizer", "words", "--log-every", "1", "--device", "cpu", "--out", At("run"));
        Assert.IsTrue(silc.WaitFor(() => silc.Output.Contains("step 3/", StringComparison.Ordinal)), silc.Output);
        Assert.AreEqual(0, Kill(silc.Id, signal));
        Assert.IsFalse(silc.WaitFor(() => false));
        Assert.AreEqual(130, silc.ExitCode, silc.Output);
        var checkpoint = RunFolder.Newest(At("run")).Checkpoint;
        Assert.IsTrue(checkpoint.Step >= 3);
        Assert.IsTrue(File.Exists(At("run/model.safetensors")));
        StringAssert.Contains(silc.Output, "silc train --resume");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
