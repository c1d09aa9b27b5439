using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Silc.Tests;

/// <summary>A launcher such as mpirun with the real program as its ranks, or one rank without a launcher; everything it prints is kept.</summary>
sealed class JobProcess : IDisposable
{
    public const string OpenMpi = "mpirun.openmpi", Mpich = "mpirun.mpich";

    // Far beyond what any of these jobs takes: one that hangs fails its test.
    static readonly TimeSpan most = TimeSpan.FromMinutes(4);

    readonly Process process;
    readonly StringBuilder output = new();

    /// <summary>Ends the test as inconclusive where a program is missing, which .ci/run installs.</summary>
    public static void Require(params string[] programs)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        foreach (var program in programs)
            if (Peer.Hidden || !folders.Any(folder => File.Exists(Path.Combine(folder, program))))
                Assert.Inconclusive($"no {program} on this machine");
    }

    /// <summary>The command of a rank.</summary>
    public static string[] Silc(params string[] arguments) =>
    [
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "silc.dll"), .. arguments,
    ];

    /// <summary>So many ranks under an mpirun.</summary>
    public static JobProcess Start(string mpirun, int ranks, string[] arguments, params (string Name, string Value)[] variables)
    {
        Require(mpirun);
        string[] words = [mpirun, "-n", $"{ranks}", .. mpirun == OpenMpi ? new[] { "--oversubscribe" } : [], .. Silc(arguments)];
        return new(words, variables);
    }

    /// <summary>The same to its end.</summary>
    public static (int Code, string Output) Run(string mpirun, int ranks, string[] arguments, params (string Name, string Value)[] variables)
    {
        using var job = Start(mpirun, ranks, arguments, variables);
        return (job.ExitCode, job.Output);
    }

    public JobProcess(string[] words, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        // Containers run tests as root.
        foreach (var name in new[] { "OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM" }) start.Environment[name] = "1";
        // Hexadecimal, 32,767 calls: compiling again what was called 30 times is a third of what a rank of a few steps computes (5.3 s to 3.3 s),
        // and what was called 1,280 times another 0.1 to 0.2 s.
        start.Environment["DOTNET_TC_CallCountThreshold"] = "7fff";
        foreach (var (name, value) in variables) start.Environment[name] = value;
        process = new() { StartInfo = start };
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output
    {
        get { lock (output) return output.ToString(); }
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    public int ExitCode
    {
        get
        {
            Assert.IsTrue(process.WaitForExit(most), $"the job has not ended in {most}: {Output}");
            process.WaitForExit();      // until all that it printed is here
            return process.ExitCode;
        }
    }

    /// <summary>Waits until the job has printed something; false if it ended before.</summary>
    public bool WaitFor(string text) => WaitFor(() => Output.Contains(text, StringComparison.Ordinal));

    public bool WaitFor(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (process.HasExited) return condition();
            Assert.IsTrue(clock.Elapsed < most, $"waited in vain: {Output}");
            Thread.Sleep(5);
        }
        return true;
    }

    /// <summary>Sends a signal to the launcher, or to a rank.</summary>
    public void Signal(string name, int? id = null)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{id ?? Id}"]);
        kill.WaitForExit();
    }

    /// <summary>The processes of the ranks on this machine.</summary>
    public IReadOnlyList<int> Ranks()
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(folder), out var id) && Read($"{folder}/stat") is { } stat
                && stat[(stat.LastIndexOf(')') + 2)..].Split(' ') is [_, var parent, ..])
                parents[id] = int.Parse(parent, CultureInfo.InvariantCulture);
        return [.. parents.Keys.Where(id => IsBelow(id) && Read($"/proc/{id}/cmdline")?.Split('\0') is [_, "exec", var dll, ..]
            && dll.EndsWith("silc.dll", StringComparison.Ordinal)).Order()];

        bool IsBelow(int id)
        {
            for (; parents.TryGetValue(id, out var parent) && parent > 1; id = parent)
                if (parent == Id) return true;
            return false;
        }

        static string? Read(string path)
        {
            try
            {
                return File.ReadAllText(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return null;        // it has ended
            }
        }
    }

    void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output) output.AppendLine(line.Data);
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        process.Dispose();
    }
}
