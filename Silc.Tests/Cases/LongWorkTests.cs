using System.Diagnostics;
using Silc.Samples.Terminals;

namespace Silc.Tests;

/// <summary>Long work shows its progress, and ends in order after a signal.</summary>
[TestClass, DoNotParallelize]
public sealed class LongWorkTests : TempFolder
{
    [TestMethod]
    [DataRow("TERM", 143)]
    [DataRow("INT", 130)]
    [DataRow("HUP", 129)]
    public void EmbedSaysHowFarItIsAndKeepsWhatIsDoneWhenItIsStopped(string signal, int expected)
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("signals are Unix's");
        if (IsIgnored(expected - 128)) Assert.Inconclusive($"whoever started the tests lets {signal} be ignored, which programs leave as it is");
        string model;
        using (var device = Device.Cpu())
        using (var mini = SilcModel.Create(device, SilcConfig.Mini with { VocabSize = 4096 }, seed: 1, new WordTokenizer()))
            mini.Save(model = At("model.safetensors"));
        File.WriteAllText(At("v.npy"), "");
        using var process = new SilcProcess("embed", "--model", model, "--data", "demo", "--out", At("v.npy"), "--device", "cpu");
        if (!process.WaitFor(() => process.Output.Contains(" left")) && process.ExitCode == 0)
            Assert.Inconclusive("this machine is done before there is anything to say");
        Assert.MatchesRegex(@"images [\d,]+/16,384  [\d.,]+/s  \d+:\d\d:\d\d left", process.Output);
        process.Signal(signal);
        Assert.AreEqual(expected, process.ExitCode, process.Output);
        Assert.AreEqual(0, new FileInfo(At("v.npy")).Length, "what was asked for is not written by half");
        var index = EmbeddingIndex.Load(At("v.partial.npy"));
        Assert.Contains($"kept the first {index.Count:N0} of 16,384 vectors", process.Output);
        Assert.IsGreaterThan(0, index.Count);
        using var again = Device.Cpu();
        using var loaded = SilcModel.Load(again, model);
        var demo = Silc.Samples.Data.DemoSet.Drawn(seed: 0, DemoLevel.Plain);
        var right = loaded.EmbedImages(new SubsetSource(demo, Enumerable.Range(0, 32)));
        for (int i = 0; i < 32; i++) Close.To(right.Row(i).ToArray(), index.Rows.Row(i).ToArray(), Close.Chained, $"row {i}");
        Assert.AreEqual(demo.Read(31).Captions[0], index.Titles[31]);
    }

    // As docker run starts it: the kernel gives process 1 no signal that it has no handler for, and the shell let it ignore Ctrl-C.
    [TestMethod]
    [DataRow("INT", 130)]
    [DataRow("TERM", 143)]
    public void EmbedEndsAsProcessOneOfAContainer(string signal, int expected)
    {
        var attempt = new ProcessStartInfo("sh", ["-c", "unshare -pf --mount-proc true"]) { RedirectStandardError = true };
        using var tried = OperatingSystem.IsLinux() ? Process.Start(attempt) : null;
        tried?.WaitForExit();
        if (tried is not { ExitCode: 0 }) Assert.Inconclusive("only root may begin a namespace of processes");
        var model = CaseModel.In(Root);
        var start = new ProcessStartInfo("sh",
            ["-c", "trap '' INT; exec unshare -pf --mount-proc --kill-child "
                + "\"$DOTNET\" exec \"$SILC\" embed --model \"$MODEL\" --data demo --out v.npy --device cpu"])
        {
            WorkingDirectory = Root,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET"] = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        start.Environment["SILC"] = Path.Combine(AppContext.BaseDirectory, "silc.dll");
        start.Environment["MODEL"] = model;
        using var process = Process.Start(start)!;
        // The first line about how far it is.
        if (process.StandardError.ReadLine()?.Contains(" left") != true) Assert.Inconclusive("this machine is done before there is anything to say");
        var one = File.ReadAllText($"/proc/{process.Id}/task/{process.Id}/children").Trim();
        using (var kill = Process.Start("kill", [$"-{signal}", one])) kill.WaitForExit();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(expected, process.ExitCode, error);
        Assert.Contains("kept the first", error);
        Assert.IsFalse(File.Exists(At("v.npy")));
    }

    internal static bool IsIgnored(int number) => File.Exists("/proc/self/status")
        && (Convert.ToUInt64(File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[7..]
            .Trim(), 16) >> (number - 1) & 1) == 1;

    [TestMethod]
    public void LinesComeLessOftenTheLongerItTakes()
    {
        var (now, lines) = (TimeSpan.Zero, new List<(double Second, string Line)>());
        var progress = new Progress("images", 10_000, () => now, (_, line) => lines.Add((now.TotalSeconds, line)));
        for (int done = 1; done <= 10_000; done++)
        {
            now = TimeSpan.FromSeconds(done * 0.05);
            progress.Report(done);
        }
        CollectionAssert.AreEqual(new[] { 2.0, 4, 8, 16, 32, 64, 124, 184 }, lines.Take(8).Select(line => Math.Round(line.Second)).ToArray());
        Assert.AreEqual("images 40/10,000  20/s  0:08:18 left", lines[0].Line);
    }

    [TestMethod]
    public void QuickWorkSaysNothing()
    {
        var lines = new List<string>();
        var progress = new Progress("images", 10, () => TimeSpan.FromSeconds(1.9), (_, line) => lines.Add(line));
        progress.Report(9);
        progress.Report(0);
        Assert.IsEmpty(lines);
    }

    [TestMethod]
    public void PiecesEndWhenAsked()
    {
        using var device = Device.Cpu(1);
        using var model = SilcModel.Create(device, TinyRun.Config, seed: 1);
        using var stop = new CancellationTokenSource();
        int pieces = 0;
        Assert.ThrowsExactly<OperationCanceledException>(() =>
        {
            foreach (var piece in model.EmbedPieces(new DemoSource(10_000, seed: 0, size: 24), stop: stop.Token))
                if (++pieces == 2) stop.Cancel();
        });
        Assert.AreEqual(2, pieces);
    }
}
