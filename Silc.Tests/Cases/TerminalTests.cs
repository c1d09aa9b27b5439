using System.Diagnostics;
using System.Text.Json;
using Silc.Samples.Training;

namespace Silc.Tests;

/// <summary>Output as terminals, pipes, logs and servers want it.</summary>
[TestClass, DoNotParallelize]
public sealed class TerminalTests : TempFolder
{
    const char Escape = '\e';

    [TestMethod]
    [DataRow("NO_COLOR=1 TERM=xterm", false)]
    [DataRow("NO_COLOR= TERM=xterm", true)]
    [DataRow("TERM=dumb", false)]
    [DataRow("TERM=xterm", true)]
    public void ErrorsAreColouredWhereThatIsWanted(string environment, bool coloured)
    {
        if (OperatingSystem.IsWindows() || !Exists("script")) Assert.Inconclusive("needs script, which plays a terminal");
        var (_, output, _) = Shell($"unset NO_COLOR; export {environment}; script -qc '\"$DOTNET\" exec \"$SILC\" nope' /dev/null");
        Assert.MatchesRegex("error: .*nope", output);
        Assert.AreEqual(coloured, output.Contains(Escape), output.Replace(Escape, '^'));
    }

    [TestMethod]
    public void SearchInAPipeGivesPathsThatExist()
    {
        var model = Index();
        var (code, output, error) = Shell($"\"$DOTNET\" exec \"$SILC\" search red 'a dog' --model '{model}' --index v.npy --device cpu | cat");
        Assert.AreEqual(0, code, error);
        var lines = output.Trim().Split('\n').Select(line => line.Split('\t')).ToList();
        Assert.HasCount(4, lines);
        CollectionAssert.AreEqual(new[] { "red", "red", "a dog", "a dog" }, lines.Select(line => line[1]).ToArray());
        foreach (var line in lines)
        {
            Assert.HasCount(5, line);
            Assert.IsTrue(File.Exists(At(line[0])), line[0]);
            Assert.Contains("caption of", line[4]);
        }
        (code, output, error) =
            Shell($"\"$DOTNET\" exec \"$SILC\" search red --model '{model}' --index v.npy --device cpu | grep -o '[^ ]*1.png' | xargs ls");
        Assert.AreEqual(0, code, error);
        Assert.IsTrue(File.Exists(At(output.Trim())), output);
    }

    [TestMethod]
    public void SearchAnswersInJson()
    {
        var (code, output, error) = Shell($"\"$DOTNET\" exec \"$SILC\" search red --json --model '{Index()}' --index v.npy --device cpu");
        Assert.AreEqual(0, code, error);
        var hits = output.Trim().Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.HasCount(2, hits);
        for (int i = 0; i < 2; i++)
        {
            Assert.AreEqual("red", hits[i].GetProperty("query").GetString());
            Assert.AreEqual(i + 1, hits[i].GetProperty("rank").GetInt32());
            Assert.IsTrue(File.Exists(At(hits[i].GetProperty("path").GetString()!)));
            Assert.StartsWith("caption of", hits[i].GetProperty("title").GetString()!);
        }
        Assert.IsGreaterThanOrEqualTo(hits[1].GetProperty("score").GetSingle(), hits[0].GetProperty("score").GetSingle());
    }

    [TestMethod]
    [DataRow("--json")]
    [DataRow("--json -")]
    public void ScoresAreJsonAloneWhereThatIsAskedFor(string option)
    {
        var model = Index();
        string[] line = ["eval", "retrieval", "--model", model, "--data", At("t.csv"), "--device", "cpu"];
        var (code, printed, error) = CommandLineRun.Of([.. line, .. option.Split(' ')]);
        Assert.AreEqual(0, code, error);
        Assert.AreEqual(0, CommandLineRun.Of([.. line, "--json", At("s.json")]).Code);
        Assert.AreEqual(File.ReadAllText(At("s.json")), printed);
        Assert.AreEqual(4, JsonDocument.Parse(printed).RootElement.GetProperty("scores").GetArrayLength());
    }

    [TestMethod]
    public void TablesInAPipeAreLinesThatSplitAtTwoSpaces()
    {
        var (code, output, error) = Shell($"\"$DOTNET\" exec \"$SILC\" eval retrieval --model '{Index()}' --data t.csv --device cpu | cat");
        Assert.AreEqual(0, code, error);
        var lines = output.Trim().Split('\n').Select(line => System.Text.RegularExpressions.Regex.Split(line.Trim(), "  +")).ToList();
        Assert.HasCount(5, lines);
        CollectionAssert.AreEqual(new[] { "images", "n", "method", "R@1", "R@5", "R@10" }, lines[0]);
        foreach (var line in lines[1..])
        {
            Assert.HasCount(6, line);
            Assert.AreEqual("2", line[1]);
        }
    }

    [TestMethod]
    [DataRow(64, 1)]
    [DataRow(159, 1)]
    [DataRow(160, 0)]
    public void TooFewOpenFilesAreSaidBeforeAnythingIsDone(int limit, int expected)
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("the limit is counted on Linux");
        var (code, _, error) =
            Shell($"ulimit -n {limit}; \"$DOTNET\" exec \"$SILC\" train --data demo --steps 1 --batch 2 --image-size 16 --text-length 8 "
            + "--tokenizer words --device cpu --out run");
        Assert.AreEqual(expected, code, error);
        if (expected == 0) return;
        Assert.Contains($"ulimit -n is {limit}, and silc needs 160", error);
        Assert.IsFalse(Directory.Exists(At("run")));
    }

    [TestMethod]
    [DataRow(">&-", 1, "error: cannot write to standard output: it is closed")]
    [DataRow(">/dev/full", 1, "error: cannot write to standard output: No space left on device")]
    [DataRow("2>&-", 0, "")]
    [DataRow("| true", 0, "")]
    public void AnOutputThatIsClosedOrFullIsNoCrash(string where, int expected, string said)
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("needs /dev/full");
        var (code, _, error) = Shell($"SILC_DEVICE=cpu \"$DOTNET\" exec \"$SILC\" devices {where}");
        Assert.AreEqual(expected, code);
        Assert.AreEqual(said, error.Trim());
        (code, _, _) = Shell("\"$DOTNET\" exec \"$SILC\" nope 2>&-");
        Assert.AreEqual(2, code);
    }

    [TestMethod]
    [DataRow(int.MaxValue, "step 10/600  contrast 3.214 + distill 5.870  120 samples/s  data wait 30 % (decode is slow)  eta 1:02:03  2 skipped")]
    [DataRow(61, "step 10/600  contrast 3.214 + distill 5.870  eta 1:02:03")]
    [DataRow(30, "step 10/600")]
    [DataRow(5, "step 10/600")]
    public void ALineOfTrainingFitsIntoTheTerminal(int room, string expected)
    {
        var metrics = new StepMetrics(10, 9.1, [new(LossTerm.Contrastive, 3.214), new(LossTerm.Distillation, 5.87)], 1, 1e-3, 10, 0, 2, 0, null);
        var report = new TrainReport(metrics, 600, 120, 0.3, "decode", TimeSpan.FromMinutes(1), new TimeSpan(1, 2, 3));
        Assert.AreEqual(expected, TrainProgress.Line(report, room));
    }

    // Two images deep in folders, with captions that a table of a terminal's width breaks.
    string Index()
    {
        var model = CaseModel.In(Root);
        var folder = string.Join('/', Enumerable.Range(0, 6).Select(i => $"averyveryverylongfoldername_{i}"));
        Directory.CreateDirectory(At(folder));
        for (int i = 0; i < 2; i++) ImageFile.Write(At($"{folder}/{i}.png"), Images.Noise(16, 16, i));
        var caption = string.Concat(Enumerable.Repeat("caption of a\timage ", 9));
        File.WriteAllText(At("t.csv"), $"filepath,title\n{folder}/0.png,\"{caption}0\"\n{folder}/1.png,caption of another\n");
        var (code, _, error) = CommandLineRun.Of("embed", "--model", model, "--data", At("t.csv"), "--out", At("v.npy"), "--device", "cpu");
        Assert.AreEqual(0, code, error);
        return model;
    }

    static bool Exists(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    (int Code, string Output, string Error) Shell(string line)
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("needs a shell");
        var start = new ProcessStartInfo("sh", ["-c", line]) { WorkingDirectory = Root, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET"] = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        start.Environment["SILC"] = Path.Combine(AppContext.BaseDirectory, "silc.dll");
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
