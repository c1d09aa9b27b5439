using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Silc.Tests;

/// <summary>The staged script for a machine that is lent for minutes, rehearsed where there is no GPU.</summary>
[TestClass]
public sealed partial class DeviceScriptTests
{
    const string Reason = "there is no device cuda here";

    public TestContext TestContext { get; set; } = null!;

    /// <summary>
    /// Programs of the bundle, and those that a machine may have beside it, that end as they do without a device: every stage says so and stops no
    /// other, and the page has a line of each.
    /// </summary>
    [TestMethod]
    public void Without_a_device_every_stage_says_so_on_one_page()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("the script is for Linux");
        using var folder = new TemporaryFolder();
        foreach (var script in new[] { "device.sh", "ladder.sh" }) File.Copy(Path.Combine(Bench(), script), folder.File(script));
        foreach (var program in new[] { "silc", "Silc.Tests", "nvidia-smi", "mpiexec", "ncu" })
            File.WriteAllText(folder.File(program), $"#!/usr/bin/env bash\necho '{Reason}' >&2\nexit 3\n");
        // PyTorch is there, and its scripts fail.
        File.WriteAllText(folder.File("python3"), $"#!/usr/bin/env bash\n[ \"$1\" = -c ] && exit\necho '{Reason}' >&2\nexit 3\n");
        foreach (var file in folder.Files)
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(folder.File(file), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo(folder.File("device.sh"),
            ["--minutes", "60", "--presets", "mini ti", "--peer", "peer_torch.py", "--out", folder.File("out")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{Path.GetDirectoryName(start.FileName)}:{Environment.GetEnvironmentVariable("PATH")}";
        using var run = Process.Start(start)!;
        var errors = run.StandardError.ReadToEndAsync();
        var output = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        Assert.AreEqual(0, run.ExitCode, output + errors.Result);
        var page = File.ReadAllLines(Path.Combine(folder.File("out"), "summary.txt"));
        foreach (var line in page) TestContext.WriteLine(line);
        var lines = page.SkipWhile(line => line != "== stages").Skip(1)
            .TakeWhile(line => !line.StartsWith("== ", StringComparison.Ordinal)).ToArray();
        CollectionAssert.AreEquivalent(Stages(new() { ["presets"] = ["mini", "ti"], ["first"] = ["mini"] }).ToArray(),
            lines.Select(line => line.Split(':')[0]).ToArray());
        foreach (var line in lines)
        {
            StringAssert.Contains(line, ": failed with 3 after ");
            StringAssert.Contains(line, Reason);
        }
        // The machine may be taken away any time: what is worth most comes first.
        Assert.IsLessThan(output.IndexOf("ladder-", StringComparison.Ordinal), output.IndexOf("demo: ", StringComparison.Ordinal), output);
    }

    /// <summary>The stages that the script names, each value of its loops in the place of their variables.</summary>
    /// <param name="values">Those of the variables that no loop of the script gives.</param>
    static IEnumerable<string> Stages(Dictionary<string, string[]> values)
    {
        foreach (var line in File.ReadLines(Path.Combine(Bench(), "device.sh")).Where(line => !line.StartsWith('#')))
        {
            if (Loop().Match(line) is { Success: true } loop)
                values[loop.Groups[1].Value] = [.. loop.Groups[2].Value.Split(' ').SelectMany(word => word[0] == '$' ? values[word[1..]] : [word])];
            // The first argument of the function tests, of which each call is found by itself.
            if (Call().Match(line) is not { Success: true } call || call.Groups[2].Value.Contains("$1", StringComparison.Ordinal)) continue;
            IEnumerable<string> names = [call.Groups[1].Value == "tests" ? $"test-{call.Groups[2]}" : call.Groups[2].Value];
            foreach (var variable in Variable().Matches(call.Groups[2].Value).Select(match => match.Value).Distinct())
                names = [.. names.SelectMany(name => values[variable[1..]].Select(value => name.Replace(variable, value, StringComparison.Ordinal)))];
            foreach (var name in names) yield return name;
        }
    }

    [GeneratedRegex(@"\bfor (\w+) in ([\w$][\w $]*); do")]
    private static partial Regex Loop();

    [GeneratedRegex(@"(?:^|[;&{] | )(stage|tests) ""?([\w$-]+)""? \d")]
    private static partial Regex Call();

    [GeneratedRegex(@"\$\w+")]
    private static partial Regex Variable();

    static string Bench([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "Silc.Samples", "Bench"));
}
