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

    /// <summary>The stand-in takes no text for a newer GPU than its own.</summary>
    [TestMethod]
    public void Turing_trains_in_float32()
    {
        var (code, output) = Train(["--steps", "2"], ("MOCK_CUDA_CAPABILITY", "7.5"));
        Assert.AreEqual(0, code, output);
        StringAssert.Contains(output, "sm_75, driver 12.4");
        Assert.HasCount(1 + 2, File.ReadAllLines(Path.Combine(At("run"), "metrics.csv")), output);
        (code, output) = Train(["--steps", "2", "--overwrite"], ("MOCK_CUDA_CAPABILITY", "7.5"), ("MOCK_CUDA_REFUSE", ".target sm_75"));
        Assert.AreEqual(SilcCommand.Failed, code, $"the texts are not for sm_75: {output}");
        StringAssert.Contains(output, "error   : no '.target sm_75' here");
    }

    [TestMethod]
    [DataRow("bf16"), DataRow("tf32")]
    public void Turing_refuses_products_that_it_does_not_have(string precision)
    {
        var (code, output) = Train(["--steps", "1", "--precision", precision], ("MOCK_CUDA_CAPABILITY", "7.5"));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        StringAssert.Contains(output, $"cuda:0 (no GPU, sm_75, driver 12.4) multiplies in float32 only, not in {precision}: choose that, or an "
            + "NVIDIA GPU of compute capability 8.0 or newer");
    }

    [TestMethod]
    public void A_kernel_that_does_not_assemble_is_named_with_the_assemblers_log()
    {
        var (code, output) = Run(["bench", "matmul", "64", "64", "64", "--device", "cuda:0", "--precision", "tf32"],
            ("MOCK_CUDA_REFUSE", "mma.sync"));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        StringAssert.Contains(output, "error: NVIDIA's driver answered CUDA_ERROR_INVALID_PTX to the kernel TensorCoreGemm<Tf32Mma, "
            + "KMajor<Tf32Mma>, ");
        StringAssert.Contains(output, "Its assembler says: ptxas application ptx input, line 7; error   : no 'mma.sync' here | "
            + "ptxas fatal   : Ptx assembly aborted");
    }

    (int Code, string Output) Train(string[] more, params (string, string)[] variables) =>
        Run(["train", "--data", "demo", "--batch", "4", "--image-size", "32", "--text-length", "24", "--local-views", "1", "--ema", "0.9",
            "--log-every", "1", "--device", "cuda:0", "--out", At("run"), .. more], variables);

    static (int Code, string Output) Run(string[] line, params (string, string)[] variables)
    {
        using var job = new JobProcess(JobProcess.Silc(line), [("LD_LIBRARY_PATH", Mock.CudaFolder()), .. variables]);
        return (job.ExitCode, job.Output);
    }
}
