namespace Silc.Tests;

/// <summary>
/// <c>silc</c> on a stand-in for NVIDIA's driver: what it says of a GPU that is too old, that fails, and of variables it does not know.
/// </summary>
[TestClass]
public sealed class CudaDriverTests : TempFolder
{
    [TestMethod]
    public void A_GPU_before_Turing_is_refused_by_name()
    {
        var (code, output) = Train(["--steps", "1"], ("MOCK_CUDA_CAPABILITY", "7.0"));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        StringAssert.Contains(output, "cuda:0 (no GPU, sm_70, driver 12.4) is older than compute capability 7.5 (Turing)");
    }

    [TestMethod]
    public void An_unknown_value_of_a_variable_is_refused_by_name()
    {
        var (code, output) = Train(["--steps", "1"], ("SILC_BF16_STAGES", "7"));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        StringAssert.Contains(output, "error: SILC_BF16_STAGES is '7': it takes 3, 2 or 4, and is 3 where it is not set");
    }

    /// <summary>A step of this model has some 900 launches.</summary>
    [TestMethod]
    public void A_kernel_that_fails_ends_the_run_with_its_checkpoints_kept()
    {
        var (code, output) = Train(["--steps", "40", "--save-every", "1"], ("MOCK_CUDA_FAIL_AT", "4000"));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        StringAssert.Contains(output, "error: a kernel failed on the GPU, which is lost to this process: CUDA_ERROR_ILLEGAL_ADDRESS (");
        StringAssert.Contains(output, "Checkpoints on disk are whole: silc train --resume goes on from the newest");
        var newest = RunFolder.Newest(At("run")).Checkpoint.Step;
        Assert.IsTrue(newest is > 1 and < 40, $"the newest checkpoint is of step {newest}: {output}");
        Assert.IsEmpty(Directory.GetFiles(At("run"), "*.tmp", SearchOption.AllDirectories));
    }

    (int Code, string Output) Train(string[] more, params (string, string)[] variables)
    {
        using var job = new JobProcess(JobProcess.Silc(["train", "--data", "demo", "--batch", "4", "--image-size", "32", "--text-length", "24",
            "--local-views", "1", "--ema", "0.9", "--log-every", "1", "--device", "cuda:0", "--out", At("run"), .. more]),
            [("LD_LIBRARY_PATH", Mock.CudaFolder()), .. variables]);
        return (job.ExitCode, job.Output);
    }
}
