using System.Diagnostics;
using System.Globalization;

namespace Silc.Tests;

/// <summary>
/// <c>kill -9</c> on the real program at random moments: while it starts, resumes, trains and saves. By default a few times; to do it often,
/// <c>SILC_KILLS=100 dotnet test -c Release --filter KillTests --logger "console;verbosity=detailed"</c>, which prints a line for each.
/// </summary>
[TestClass, DoNotParallelize]
public sealed class KillTests : TempFolder
{
    const int UsualKills = 3, SaveEvery = 2;

    static readonly string[] moments = ["during a save", "between steps", "at its start", "during its first save"];

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void A_run_that_is_killed_at_any_moment_ends_with_the_same_bits()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("SILC_KILLS"), out var count) ? count : UsualKills;
        var steps = 8 + 4 * kills;
        var (code, _, error) = CommandLineTests.Run(Line("whole", steps));
        Assert.AreEqual(0, code, error);

        // The same line begins the run, and goes on with it.
        string[] line = [.. Line("run", steps), "--save-every", $"{SaveEvery}", "--keep", "2", "--resume"];
        var random = new Random();
        int done = 0, halves = 0;
        while (done < kills)
        {
            var moment = moments[done % moments.Length];
            var (ended, killedAt, half) = KillOnce(line, moment, random);
            if (ended) break;
            done++;
            if (half) halves++;
            var (newest, row) = (Newest(), LastRow());
            TestContext.WriteLine(
                $"kill {done}, {moment}: last row {row}, newest checkpoint {newest}, "
                + $"{(half ? "a half-written one" : "none half-written")}; {killedAt.TotalSeconds:F1} s");
            Assert.IsTrue(row - newest <= SaveEvery, $"step {row} was reported, the newest checkpoint is of step {newest}");
        }
        TestContext.WriteLine($"{done} kills, {halves} of them with a checkpoint half-written");
        Assert.IsTrue(done > 0, "the run ended before it could be killed");

        var newestBefore = Newest();
        var (resumedCode, output, resumedError) = CommandLineTests.Run("train", "--resume", At("run"), "--save-every", "0");
        Assert.AreEqual(0, resumedCode, resumedError);
        Assert.IsFalse(resumedError.Contains("skipped"), resumedError);         // whatever has the name of a checkpoint is whole
        StringAssert.Contains(output, $"after step {newestBefore},");
        CollectionAssert.AreEqual(File.ReadAllBytes(At("whole/model.safetensors")),
            File.ReadAllBytes(At("run/model.safetensors")));
        TinyRun.SameBits(Arrays("whole"), Arrays("run"));
        CollectionAssert.AreEqual(Rows("whole", 9), Rows("run", 9));
        Assert.IsEmpty(Directory.GetFiles(At("run"), "*.tmp", SearchOption.AllDirectories));
    }

    (bool Ended, TimeSpan After, bool Half) KillOnce(string[] line, string moment, Random random)
    {
        var clock = Stopwatch.StartNew();
        var before = Halves().ToHashSet();
        var newest = Newest();
        using var silc = new SilcProcess(line);
        if (moment == moments[2]) Thread.Sleep(random.Next(2000));
        else if (moment == moments[3]) silc.WaitFor(Writing);
        else if (silc.WaitFor(() => Newest() > newest))
        {
            Thread.Sleep(random.Next(80));
            if (moment == moments[0]) silc.WaitFor(Writing);
        }
        var ended = silc.HasExited;
        silc.Kill();
        if (ended) StringAssert.Contains(silc.Output, "wrote", silc.Output);
        return (ended, clock.Elapsed, Writing());

        bool Writing() => Halves().Any(file => !before.Contains(file));
    }

    string[] Line(string folder, int steps) =>
    [
        "train", "--data", "demo", "--steps", $"{steps}", "--batch", "4", "--image-size", "32", "--text-length", "24",
            "--local-views", "1",
        "--ema", "0.9", "--log-every", "1", "--device", "cpu", "--out", At(folder),
    ];

    long Newest() => RunFolder.Checkpoints(At("run")) is [var first, ..] ? first.Step : 0;

    IEnumerable<string> Halves() =>
        Directory.Exists(At("run/checkpoints")) ? Directory.EnumerateFiles(At("run/checkpoints"), "*.tmp") : [];

    // Of a file that can be read whatever happened: whole rows under a header.
    long LastRow()
    {
        if (!File.Exists(At("run/metrics.csv"))) return 0;
        var lines = File.ReadAllText(At("run/metrics.csv")).Split('\n');
        Assert.AreEqual("", lines[^1]);
        Assert.StartsWith("step,loss", lines[0]);
        foreach (var row in lines[..^1]) Assert.HasCount(lines[0].Split(',').Length, row.Split(','));
        return lines.Length == 2 ? 0 : long.Parse(lines[^2].Split(',')[0], CultureInfo.InvariantCulture);
    }

    // All but times, which differ from run to run.
    string[] Rows(string folder, int columns) =>
        [.. File.ReadAllLines(At($"{folder}/metrics.csv")).Select(line => string.Join(',', line.Split(',')[..columns]))];

    IReadOnlyDictionary<string, float[]> Arrays(string folder) =>
        Safetensors.Read(RunFolder.Checkpoints(At(folder))[0].Path).Arrays
        .Where(entry => entry.Key != Seal.Name).ToDictionary(entry => entry.Key, entry => entry.Value.Floats());
}
