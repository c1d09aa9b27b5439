using System.Collections.Concurrent;
using System.Globalization;

namespace Silc.Tests;

/// <summary>
/// <c>kill -9</c> on one random rank of a job at random moments, and the same line again at once. Twice; <c>SILC_KILLS=20</c> does it often, and
/// prints a line for each.
/// </summary>
[TestClass, DoNotParallelize]
public sealed class DistributedKillTests : TempFolder
{
    const int UsualKills = 2, SaveEvery = 2, Ranks = 2;

    internal static readonly Beside Jobs = Beside.Of<DistributedKillTests>(("kills", test => test.LoseRanks()));

    static readonly ConcurrentQueue<string> said = [];

    public TestContext TestContext { get; set; } = null!;

    [ClassCleanup]
    public static void StopJobs() => Jobs.Stop();

    [TestMethod]
    public void A_job_that_loses_a_rank_at_any_moment_ends_with_the_same_bits()
    {
        try
        {
            Jobs.Take("kills");
        }
        finally
        {
            foreach (var line in said) TestContext.WriteLine(line);
        }
    }

    void LoseRanks()
    {
        JobProcess.Require(JobProcess.OpenMpi);
        var kills = int.TryParse(Environment.GetEnvironmentVariable("SILC_KILLS"), CultureInfo.InvariantCulture, out var count) ? count : UsualKills;
        string[] steps = kills == UsualKills ? [] : ["--steps", $"{6 + 3 * kills}"];
        var (code, output) = steps is [] ? (0, DistributedRunTests.Two.Output)
            : JobProcess.Run(JobProcess.OpenMpi, Ranks, DistributedRunTests.Line("", At("whole"), steps));
        Assert.AreEqual(0, code, output);
        var whole = steps is [] ? DistributedRunTests.Two.Folder : At("whole");

        // The same line begins the run, and goes on with it.
        string[] line = [.. DistributedRunTests.Line("", At("run"), steps), "--save-every", $"{SaveEvery}", "--keep", "2", "--resume"];
        var random = new Random();
        int done = 0;
        for (; done < kills; done++)
        {
            using var job = JobProcess.Start(JobProcess.OpenMpi, Ranks, line);
            long before = Newest();
            // At its start, between steps, during a save.
            if (done % 3 == 1) Thread.Sleep(random.Next(3000));
            else job.WaitFor(() => Newest() > before);
            if (done % 3 == 2) job.WaitFor(() => Directory.EnumerateFiles(At("run/checkpoints"), "*.tmp").Any());
            else Thread.Sleep(random.Next(100));
            if (job.Ranks() is not { Count: > 0 } ranks)
            {
                if (job.HasExited) break;
                continue;
            }
            var victim = random.Next(ranks.Count);
            job.Signal("KILL", ranks[victim]);
            var exit = job.ExitCode;
            said.Enqueue($"kill {done + 1} of rank {victim}: code {exit}, newest checkpoint {Newest()}");
            if (exit == 0) break;       // it had ended
            Assert.AreEqual(137, exit, job.Output);
            Assert.IsEmpty(job.Ranks());
        }
        Assert.IsTrue(done > 0, "the run ended before a rank could be killed");
        (code, output) = JobProcess.Run(JobProcess.OpenMpi, Ranks, line);
        Assert.AreEqual(0, code, output);
        Assert.IsFalse(output.Contains("skipped  ", StringComparison.Ordinal), output);
        DistributedRunTests.SameBits(whole, At("run"));
        CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(whole, RunFolder.ModelName)), File.ReadAllBytes(At("run/model.safetensors")));
        Assert.IsEmpty(Directory.GetFiles(At("run"), "*.tmp", SearchOption.AllDirectories));
        said.Enqueue($"{done} kills, the same bits");
    }

    long Newest() => RunFolder.Checkpoints(At("run")) is [var first, ..] ? first.Step : 0;
}
