using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Silc.Tests;

/// <summary><c>silc train</c> under mpirun, of Open MPI and of MPICH, against one process: the same run, whatever goes wrong.</summary>
[TestClass, DoNotParallelize]
public sealed partial class DistributedRunTests : IDisposable
{
    internal const int Steps = 8;

    static readonly TemporaryFolder shared = new();
    /// <summary>The folder of one process's run, which all compare with.</summary>
    internal static string One => one.Value;

    static readonly Lazy<string> one = new(() =>
    {
        var (code, _, error) = CommandLineTests.Run(Line("one"));
        Assert.AreEqual(0, code, error);
        return At("one");
    });

    /// <summary>The folder of a run of two ranks by Open MPI, whose bits others of two ranks have, and what it printed.</summary>
    internal static (string Folder, string Output) Two => two.Value;

    static readonly Lazy<(string, string)> two = new(() =>
    {
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2, Line("two"));
        Assert.AreEqual(0, code, output);
        return (At("two"), output);
    });

    // The longest first.
    internal static readonly Beside Jobs = Beside.Of<DistributedRunTests>(
        ("other ranks", test => test.GoOnWithOtherRanks()),
        ($"one process, {JobProcess.OpenMpi} 4", test => test.BeOneProcess(JobProcess.OpenMpi, 4)),
        ($"USR1, {JobProcess.OpenMpi}", test => test.EndByUser(JobProcess.OpenMpi)),
        ($"USR1, {JobProcess.Mpich}", test => test.EndByUser(JobProcess.Mpich)),
        ($"hang, {JobProcess.OpenMpi}", test => test.Hang(JobProcess.OpenMpi)),
        ($"hang, {JobProcess.Mpich}", test => test.Hang(JobProcess.Mpich)),
        ($"one process, {JobProcess.OpenMpi} 2", test => test.BeOneProcess(JobProcess.OpenMpi, 2)),
        ($"one process, {JobProcess.Mpich} 2", test => test.BeOneProcess(JobProcess.Mpich, 2)),
        ("throw", test => test.Fail("throw", 134)),
        ("exit", test => test.Fail("exit", 1)),
        ("abort", test => test.Fail("abort", 7)),
        ("data", test => test.FailToRead()),
        ("skip", test => test.Skip()),
        ("three", test => test.CutIntoThree()),
        ("other library", test => test.TakeTheOtherLibrary()),
        ("bench", _ => TimeCollectives()));

    readonly TemporaryFolder own = new();

    public void Dispose() => own.Dispose();

    [ClassCleanup]
    public static void StopJobs() => Jobs.Stop();

    // Other classes compare with it, too.
    [AssemblyCleanup]
    public static void CleanUpAll()
    {
        Beside.StopAll();
        shared.Dispose();
    }

    [TestMethod]
    [DataRow(JobProcess.OpenMpi, 2)]
    [DataRow(JobProcess.OpenMpi, 4)]
    [DataRow(JobProcess.Mpich, 2)]
    public void A_job_is_one_process(string mpirun, int ranks) => Jobs.Take($"one process, {mpirun} {ranks}");

    void BeOneProcess(string mpirun, int ranks)
    {
        JobProcess.Require(JobProcess.OpenMpi, mpirun);
        var (folder, output) = mpirun == JobProcess.OpenMpi && ranks == 2 ? Two : Run();
        // One console and one folder.
        for (int step = 1; step <= Steps; step++) Assert.HasCount(2, output.Split($"step {step}/{Steps} "), output);
        StringAssert.Contains(output, $"ranks    {ranks}, {ranks} of them on this machine, by MPI (");
        Assert.IsFalse(output.Contains('\e'), "escape sequences");
        CollectionAssert.AreEquivalent(Files(one.Value), Files(folder));
        Same(folder);
        // With two ranks a sum has one order: by either library it has the same bits.
        if (ranks == 2) SameBits(Two.Folder, folder);

        (string, string) Run()
        {
            var (code, output) = JobProcess.Run(mpirun, ranks, Line("job", own.File("job")));
            Assert.AreEqual(0, code, output);
            return (own.File("job"), output);
        }
    }

    [TestMethod]
    public void Ranks_that_do_not_divide_the_batch_end_the_job_with_one_line() => Jobs.Take("three");

    void CutIntoThree()
    {
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 3, Line("job", own.File("job")));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        Assert.HasCount(2, output.Split("error: "), output);
        StringAssert.Contains(output, "a batch of 8 cannot be cut into 3 equal parts, one for each rank; 1, 2, 4, 8 ranks can");
        Assert.IsFalse(Directory.Exists(own.File("job/checkpoints")), output);
    }

    [TestMethod]
    public void The_other_librarys_launcher_is_named() => Jobs.Take("other library");

    void TakeTheOtherLibrary()
    {
        JobProcess.Require(JobProcess.Mpich);
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2, Line("job", own.File("job")), ("SILC_MPI", MpiLibrary.MpichFile));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        StringAssert.Contains(output, "mpirun of Open MPI started 2 processes, but libmpich.so.12 sees 1: set SILC_MPI=libmpi.so.40");
    }

    [TestMethod]
    [DataRow(JobProcess.OpenMpi)]
    [DataRow(JobProcess.Mpich)]
    public void A_rank_that_hangs_ends_the_job_at_the_timeout(string mpirun) => Jobs.Take($"hang, {mpirun}");

    void Hang(string mpirun)
    {
        using var job = JobProcess.Start(mpirun, 2, Line("job", own.File("job"), "--collective-timeout", "3"), ("SILC_FAULT", "1:4:hang"));
        job.WaitFor($"step 3/{Steps}");
        var clock = Stopwatch.StartNew();
        Assert.AreEqual(Watchdog.Lost, job.ExitCode, job.Output);
        StringAssert.Contains(job.Output, "[rank 0 of 2, host ");
        // A busy machine looks a little later.
        StringAssert.Matches(job.Output, new("has waited [3-9] s in the all-gather of step 4: another rank hangs, or cannot be reached"));
        Assert.IsEmpty(job.Ranks());
    }

    [TestMethod]
    [DataRow("throw")]
    [DataRow("exit")]
    [DataRow("abort")]
    public void A_rank_that_fails_ends_the_job(string kind) => Jobs.Take(kind);

    void Fail(string kind, int code)
    {
        using var job = JobProcess.Start(JobProcess.OpenMpi, 2, Line("job", own.File("job")), ("SILC_FAULT", $"1:4:{kind}"));
        Assert.AreEqual(code, job.ExitCode, job.Output);
        Assert.IsEmpty(job.Ranks());
    }

    /// <summary>A rank leaves out one all-reduce: both sides are named where each exchange is compared, as debug builds do.</summary>
    [TestMethod]
    public void A_rank_that_skips_an_exchange_is_named() => Jobs.Take("skip");

    void Skip()
    {
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2, Line("job", own.File("job")), ("SILC_FAULT", "1:4:skip"),
            ("SILC_CHECK_EXCHANGES", "1"));
        Assert.AreEqual(Watchdog.Lost, code, output);
        StringAssert.Matches(output, SkippedOne());
    }

    [GeneratedRegex(@"rank 1 makes other exchanges than rank 0: number \d+ since the last vote is a reduce-scatter of [\d,]+ values on rank 1, "
        + "an all-reduce of 8 values on rank 0")]
    private static partial Regex SkippedOne();

    [TestMethod]
    public void Data_that_fails_on_one_rank_costs_no_step() => Jobs.Take("data");

    void FailToRead()
    {
        var folder = own.File("job");
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2, Line("job", folder), ("SILC_FAULT", "1:4:data"));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        StringAssert.Contains(output, "[rank 1 of 2, host ");
        StringAssert.Contains(output, "error: SILC_FAULT asked for data that cannot be read");
        Assert.AreEqual(3, RunFolder.Newest(folder).Checkpoint.Step);
    }

    /// <summary>4 ranks with moments in shards, then 2 with all, then one process.</summary>
    [TestMethod]
    public void A_run_goes_on_with_other_ranks() => Jobs.Take("other ranks");

    void GoOnWithOtherRanks()
    {
        var folder = own.File("job");
        using (var job = JobProcess.Start(JobProcess.OpenMpi, 4, [.. Line("job", folder), "--save-every", "2", "--shard-moments"],
            ("SILC_FAULT", "2:4:kill")))
            Assert.AreEqual(137, job.ExitCode, job.Output);
        Assert.AreEqual(2, RunFolder.Newest(folder).Checkpoint.Step);
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2, ["train", "--resume", folder], ("SILC_FAULT", "1:7:kill"));
        Assert.AreEqual(137, code, output);
        StringAssert.Contains(output, "resumed  after step 2, ");
        Resume(folder, null, 1);
        Same(folder);
    }

    /// <summary>
    /// A clean end: MPICH's mpirun passes USR1 on at once and kills nobody, but says 0 itself; Open MPI 4.1.4 passes it to nobody, so a rank is told,
    /// and whichever it is ends all.
    /// </summary>
    [TestMethod]
    [DataRow(JobProcess.OpenMpi)]
    [DataRow(JobProcess.Mpich)]
    public void USR1_ends_the_run_after_the_step_at_hand(string mpirun) => Jobs.Take($"USR1, {mpirun}");

    void EndByUser(string mpirun)
    {
        var folder = own.File("job");
        using (var job = JobProcess.Start(mpirun, 2, Line("job", folder, "--steps", "4000")))
        {
            job.WaitFor("step 3/4000");
            if (mpirun == JobProcess.Mpich) job.Signal("USR1");
            else job.Signal("USR1", job.Ranks()[^1]);
            var code = job.ExitCode;
            if (mpirun == JobProcess.OpenMpi) Assert.AreEqual(130, code, job.Output);
            StringAssert.Contains(job.Output, "Stopped. To go on:");
        }
        Assert.IsGreaterThanOrEqualTo(3, RunFolder.Newest(folder).Checkpoint.Step);
        Assert.IsTrue(File.Exists(Path.Combine(folder, RunFolder.ModelName)));
    }

    [TestMethod]
    public void Runs_that_differ_are_told_apart()
    {
        using var run = new TinyRun(TestDevices.OneThread);
        using var faster = new TinyRun(TestDevices.OneThread, TinyRun.Recipe with { LearningRate = 3.1e-3 });
        Keep(run, "a");
        Keep(run, "same");
        Keep(faster, "b");
        var (code, output, _) = CommandLineTests.Run("ranks", "check", own.File("a"), own.File("same"));
        Assert.AreEqual(0, code, output);
        StringAssert.Contains(output, "the same but for rounding");
        (code, output, _) = CommandLineTests.Run("ranks", "check", own.File("a"), own.File("b"));
        Assert.AreEqual(SilcCommand.Failed, code, output);
        StringAssert.Contains(output, "they differ");

        void Keep(TinyRun of, string name)
        {
            if (of.Trainer.Steps == 0) of.Steps(1, 2);
            Directory.CreateDirectory(own.File($"{name}/checkpoints"));
            of.Trainer.Save(own.File($"{name}/checkpoints/step-00000002.safetensors"));
        }
    }

    [TestMethod]
    public void The_collectives_are_timed() => Jobs.Take("bench");

    static void TimeCollectives()
    {
        var (code, output) = JobProcess.Run(JobProcess.OpenMpi, 2, ["bench", "collectives", "--largest", "1", "--steps", "2", "--device", "cpu"]);
        Assert.AreEqual(0, code, output);
        StringAssert.Contains(output, "all-reduce ms");
        StringAssert.Contains(output, "1,024 KiB");
    }

    // A block a tower and few prototypes: what a job takes is the start of its processes.
    static readonly string[] Small = ["--set", "model.image.depth=1", "--set", "model.text.depth=1", "--set", "model.head.prototypes=64"];

    internal static string[] Line(string name, string? folder = null, params string[] more)
    {
        var steps = Array.IndexOf(more, "--steps") is >= 0 and var at ? more[at + 1] : $"{Steps}";
        return
        [
            "train", "--data", "demo", "--steps", steps, "--batch", "8", "--image-size", "32", "--text-length", "24", "--local-views", "1",
            "--ema", "0.9", "--log-every", "1", "--device", "cpu", .. Small, "--out", folder ?? At(name),
            .. more.Where((word, i) => word != "--steps" && (i == 0 || more[i - 1] != "--steps")),
        ];
    }

    static string At(string name) => shared.File(name);

    /// <summary>The checkpoint of one process, by silc ranks check.</summary>
    static void Same(string folder) => Same(one.Value, folder);

    internal static void Same(string one, string folder)
    {
        var (code, output, error) = CommandLineTests.Run("ranks", "check", one, folder);
        Assert.AreEqual(0, code, output + error);
    }

    internal static void Resume(string folder, string? mpirun, int ranks)
    {
        var (code, output) = mpirun is not null ? JobProcess.Run(mpirun, ranks, ["train", "--resume", folder])
            : CommandLineTests.Run("train", "--resume", folder) is var (exit, said, error) ? (exit, said + error) : default;
        Assert.AreEqual(0, code, output);
    }

    internal static void SameBits(string expected, string actual) => TinyRun.SameBits(Arrays(expected), Arrays(actual));

    static IReadOnlyDictionary<string, float[]> Arrays(string folder) => Safetensors.Read(RunFolder.Checkpoints(folder)[0].Path).Arrays
        .Where(entry => entry.Key != Seal.Name).ToDictionary(entry => entry.Key, entry => entry.Value.Floats());

    static string[] Files(string folder) => [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(folder, file)).Where(file => !file.Contains("tfevents", StringComparison.Ordinal))];
}
