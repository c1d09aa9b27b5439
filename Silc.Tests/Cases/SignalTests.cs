using System.Runtime.InteropServices;

namespace Silc.Tests;

/// <summary>Signals that ask a run to end, on the real program.</summary>
[TestClass, DoNotParallelize]
public sealed partial class SignalTests : TempFolder
{
    const int Hup = 1, Int = 2, Term = 15;

    [TestMethod]
    [DataRow(Hup, DisplayName = "hangup-loses-the-run"), DataRow(Term)]
    public void A_run_that_is_asked_to_end_leaves_a_checkpoint(int signal)
    {
        RequireSignal(signal);
        using var silc = new SilcProcess("train", "--data", "demo", "--steps", "100000", "--batch", "4", "--image-size", "16", "--text-length", "8",
            "--tokenizer", "words", "--log-every", "1", "--device", "cpu", "--out", At("run"));
        Assert.IsTrue(silc.WaitFor(() => silc.Output.Contains("step 3/", StringComparison.Ordinal)), silc.Output);
        Assert.AreEqual(0, Kill(silc.Id, signal));
        Assert.IsFalse(silc.WaitFor(() => false));
        Assert.AreEqual(128 + signal, silc.ExitCode, silc.Output);
        var checkpoint = RunFolder.Newest(At("run")).Checkpoint;
        Assert.IsTrue(checkpoint.Step >= 3);
        Assert.IsTrue(File.Exists(At("run/model.safetensors")));
        StringAssert.Contains(silc.Output, "silc train --resume");
    }

    [TestMethod]
    [DataRow(Hup), DataRow(Int), DataRow(Term)]
    public void The_demo_ends_with_the_code_of_its_signal(int signal)
    {
        RequireSignal(signal);
        using var silc = new SilcProcess("--steps", "100000", "--device", "cpu", "--out", At("demo"));
        Assert.IsTrue(silc.WaitFor(() => silc.Output.Contains("step 1/", StringComparison.Ordinal)
            || silc.Output.Contains("step 20/", StringComparison.Ordinal)), silc.Output);
        Assert.AreEqual(0, Kill(silc.Id, signal));
        Assert.IsFalse(silc.WaitFor(() => false));
        Assert.AreEqual(128 + signal, silc.ExitCode, silc.Output);
        Assert.IsTrue(File.Exists(At("demo/model.safetensors")));
    }

    static void RequireSignal(int signal)
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("Windows has no signals");
        if (LongWorkTests.IsIgnored(signal))
            Assert.Inconclusive($"whoever started the tests lets signal {signal} be ignored, which programs leave as it is");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
