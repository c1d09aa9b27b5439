namespace Silc.Tests;

/// <summary>A job on two hosts, which are network namespaces of this machine with names of their own; their ranks speak TCP.</summary>
[TestClass, DoNotParallelize]
public sealed class DistributedHostTests : TempFolder
{
    internal static readonly Beside Jobs = Beside.Of<DistributedHostTests>(("hosts", test => test.TrainOnTwoHosts()));

    [ClassCleanup]
    public static void StopJobs() => Jobs.Stop();

    static void Up()
    {
        JobProcess.Require(JobProcess.OpenMpi, "ip", "unshare");
        if (!Environment.IsPrivilegedProcess) Assert.Inconclusive("network namespaces are for root");
        Down();
        var (exit, _, errors) = Peer.Run("bash", Script("hosts.sh"), "up")!.Value;
        if (exit != 0) Assert.Inconclusive($"no network namespaces here: {errors.Trim()}");
    }

    static void Down() => Peer.Run("bash", Script("hosts.sh"), "down");

    [TestMethod]
    public void Two_hosts_are_one_process_and_a_cut_link_ends_the_job_at_the_timeout() => Jobs.Take("hosts");

    void TrainOnTwoHosts()
    {
        Up();
        try
        {
            Train();
            Cut();
        }
        finally
        {
            Down();
        }
    }

    void Train()
    {
        using (var job = Start("hosts"))
        {
            Assert.AreEqual(0, job.ExitCode, job.Output);
            StringAssert.Contains(job.Output, "ranks    2, 1 of them on this machine, by MPI (Open MPI");
        }
        DistributedRunTests.Same(DistributedRunTests.One, At("hosts"));
    }

    void Cut()
    {
        using var cut = Start("cut", "--steps", "4000", "--collective-timeout", "4");
        cut.WaitFor("step 3/4000");
        Peer.Run("ip", "link", "set", "silcd2", "down");
        // Neither mpirun nor the other host can be told: each rank's watchdog ends it.
        Assert.IsTrue(cut.WaitFor(() => cut.Output.Contains("has waited ", StringComparison.Ordinal)), cut.Output);
        StringAssert.Matches(cut.Output, new(@"\[rank 0 of 2, host silch1\] has waited [4-9] s"));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (Ranks() > 0 && clock.Elapsed < TimeSpan.FromSeconds(20)) Thread.Sleep(100);
        Assert.AreEqual(0, Ranks(), "ranks that are left");
    }

    // Of the second job, wherever they hang in the tree: those of the far host are no children of mpirun.
    int Ranks() => Directory.EnumerateDirectories("/proc").Count(folder => File.Exists($"{folder}/cmdline") && Words(folder).Contains(At("cut"))
        && Words(folder) is [_, "exec", ..]);

    static string[] Words(string folder)
    {
        try
        {
            return File.ReadAllText($"{folder}/cmdline").Split('\0');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    JobProcess Start(string folder, params string[] more)
    {
        File.WriteAllText(At("hostfile"), "silch1 slots=1\nsilch2 slots=1\n");
        return new(["ip", "netns", "exec", "silch1", "unshare", "--uts", "sh", "-c", "hostname silch1; exec \"$@\"", "sh", JobProcess.OpenMpi,
            "-n", "2", "--hostfile", At("hostfile"), "--map-by", "ppr:1:node", "--bind-to", "none", "--mca", "plm_rsh_agent", Script("rsh.sh"),
            "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "eth0", "--mca", "oob_tcp_if_include", "eth0",
            .. JobProcess.Silc(DistributedRunTests.Line("", At(folder), more))]);
    }

    static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Distributed", name);
}
