using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Silc.Tests;

/// <summary>The staged script for a machine that is lent for minutes, rehearsed where there is no GPU.</summary>
[TestClass]
public sealed class DeviceScriptTests
{
    const string Reason = "there is no device cuda here";

    /// <summary>
    /// Programs of the bundle that end as they do without a device: every stage says so and stops no other, and the page has a line of each.
    /// </summary>
    [TestMethod]
    public void Without_a_device_every_stage_says_so_on_one_page()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("the script is for Linux");
        using var folder = new TemporaryFolder();
        foreach (var script in new[] { "device.sh", "ladder.sh" }) File.Copy(Path.Combine(Bench(), script), folder.File(script));
        foreach (var program in new[] { "silc", "Silc.Tests" })
            File.WriteAllText(folder.File(program), $"#!/usr/bin/env bash\necho '{Reason}' >&2\nexit 3\n");
        foreach (var file in folder.Files)
            File.SetUnixFileMode(folder.File(file), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo(folder.File("device.sh"), ["--minutes", "5", "--presets", "mini", "--out", folder.File("out")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var run = Process.Start(start)!;
        var errors = run.StandardError.ReadToEndAsync();
        var output = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        Assert.AreEqual(0, run.ExitCode, output + errors.Result);
        var page = File.ReadAllLines(Path.Combine(folder.File("out"), "summary.txt"));
        foreach (var stage in new[] { "devices", "smoke-bf16", "losses-tf32", "test-products", "test-stored", "bench-mini-wgmma-1",
            "products-mini-wgmma-0", "long-bf16-0", "ranks-nccl", "head-segment", "sweep-mini-bf16", "sweep-mini-float32", "ladder-2" })
        {
            var line = page.Single(line => line.StartsWith($"{stage}: ", StringComparison.Ordinal));
            StringAssert.Contains(line, "failed with ");
            StringAssert.Contains(line, Reason);
        }
        Assert.IsFalse(page.Any(line => line.Contains("ended well", StringComparison.Ordinal)), string.Join('\n', page));
    }

    static string Bench([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "Silc.Samples", "Bench"));
}
