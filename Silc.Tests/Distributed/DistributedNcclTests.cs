namespace Silc.Tests;

/// <summary>NCCL's way of exchanging, on a stand-in for its library, and the context that it wants, on a stand-in for the driver.</summary>
[TestClass, DoNotParallelize]
public sealed class DistributedNcclTests : TempFolder
{
    internal static readonly Beside Jobs = Beside.Of<DistributedNcclTests>(
        ("train", test => test.Train()),
        ("MOCK_NCCL_HANG_AT", test => test.End("MOCK_NCCL_HANG_AT", "has waited")),
        ("MOCK_NCCL_FAIL_AT", test => test.End("MOCK_NCCL_FAIL_AT", "reports remote process exited or there was a network error")),
        ("one GPU", test => test.ShareOne()),
        ("nowhere", test => test.FindNothing()),
        ("context", test => test.WorkInPrimary()),
        ($"takes CUDA {false}", test => test.Stage(false)),
        ($"takes CUDA {true}", test => test.Stage(true)));

    [ClassCleanup]
    public static void StopJobs() => Jobs.Stop();

    /// <summary>Of 4 ranks, with moments in shards, so that every exchange there is takes place.</summary>
    [TestMethod]
    public void Ranks_meet_through_MPI() => Jobs.Take("train");

    void Train()
    {
        const int ranks = 4;
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, ranks, Line("nccl", "--collective", "nccl", "--shard-moments"),
            ("SILC_NCCL", Mock.Nccl()));
        Assert.AreEqual(0, code, output);
        StringAssert.Contains(output, $"ranks    {ranks}, {ranks} of them on this machine, by NCCL 22705 (");
        DistributedRunTests.Same(DistributedRunTests.One, At("nccl"));
    }

    [TestMethod]
    [DataRow("MOCK_NCCL_HANG_AT")]
    [DataRow("MOCK_NCCL_FAIL_AT")]
    public void An_exchange_that_hangs_or_fails_ends_the_job(string how) => Jobs.Take(how);

    void End(string how, string says)
    {
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2, Line("nccl", "--collective", "nccl", "--collective-timeout", "3"),
            ("SILC_NCCL", Mock.Nccl()), (how, "60"), ("MOCK_NCCL_WHO", "1"));
        Assert.AreEqual(Watchdog.Lost, code, output);
        StringAssert.Contains(output, says);
        StringAssert.Contains(output, " of 2, host ");
    }

    [TestMethod]
    public void Two_ranks_on_one_GPU_are_told_what_to_do() => Jobs.Take("one GPU");

    void ShareOne()
    {
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2, Line("nccl", "--collective", "nccl"), ("SILC_NCCL", Mock.Nccl()),
            ("MOCK_NCCL_GPU", "0"));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        StringAssert.Contains(output, "Duplicate GPU detected; ranks that share a GPU need --collective mpi");
    }

    [TestMethod]
    public void A_library_that_is_not_there_is_named() => Jobs.Take("nowhere");

    void FindNothing()
    {
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2, Line("nccl", "--collective", "nccl"), ("SILC_NCCL", "/nowhere/libnccl.so"));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        StringAssert.Contains(output, "NCCL was not found, tried /nowhere/libnccl.so: install libnccl2");
    }

    /// <summary>Streams and memory of a rank lie in the GPU's primary context, and ILGPU destroys its own in the end.</summary>
    [TestMethod]
    public void A_rank_works_in_the_primary_context() => Jobs.Take("context");

    void WorkInPrimary()
    {
        var log = At("cuda.log");
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2, ["bench", "collectives", "--largest", "1", "--steps", "1", "--device", "cuda"],
            ("SILC_NCCL", Mock.Nccl()), ("LD_LIBRARY_PATH", Mock.CudaFolder()), ("MOCK_CUDA_LOG", log));
        Assert.AreEqual(0, code, output);
        StringAssert.Contains(output, "by NCCL 22705 (");
        var lines = File.ReadAllLines(log);
        Assert.IsNotEmpty(lines.Where(line => line == "memory primary"));
        Assert.IsNotEmpty(lines.Where(line => line == "stream primary"));
        CollectionAssert.AreEquivalent(Array.Empty<string>(), lines.Where(line => line.StartsWith("memory ", StringComparison.Ordinal)
            || line.StartsWith("stream ", StringComparison.Ordinal)).Where(line => !line.EndsWith("primary", StringComparison.Ordinal)).ToArray());
        Assert.HasCount(2, lines.Where(line => line == "released primary"));
        Assert.DoesNotContain("destroyed primary", lines);
        Assert.Contains("destroyed own", lines);
    }

    /// <summary>MPI's exchanges go through page-locked memory, which is freed in the GPU's context, unless the library takes the GPU's own.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void MPI_takes_the_memory_of_a_GPU_or_page_locked_copies(bool takesCuda) => Jobs.Take($"takes CUDA {takesCuda}");

    void Stage(bool takesCuda)
    {
        var log = At("cuda.log");
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2,
            ["bench", "collectives", "--largest", "1", "--steps", "1", "--device", "cuda", "--collective", "mpi"],
            [("LD_LIBRARY_PATH", Mock.CudaFolder()), ("MOCK_CUDA_LOG", log),
                .. takesCuda ? new[] { (MpiLibrary.Variable, Mock.MpiWithCuda()) } : []]);
        Assert.AreEqual(0, code, output);
        StringAssert.Contains(output, takesCuda ? "by MPI (Open MPI with CUDA, " : "by MPI (Open MPI, ");
        var lines = File.ReadAllLines(log);
        int locked = lines.Count(line => line.StartsWith("page-locked ", StringComparison.Ordinal));
        Assert.AreEqual(takesCuda, locked == 0, string.Join('\n', lines));
        Assert.AreEqual(locked, lines.Count(line => line == "freed own"), "page-locked memory that is left, or freed without a context");
        Assert.AreEqual(takesCuda, lines.Contains("memory primary"));
    }

    string[] Line(string folder, params string[] more) => DistributedRunTests.Line("", At(folder), more);
}
