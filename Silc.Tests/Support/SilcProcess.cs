using System.Diagnostics;
using System.Text;

namespace Silc.Tests;

/// <summary>The program <c>silc</c> in a process of its own, which can be killed.</summary>
sealed class SilcProcess : IDisposable
{
    readonly Process process;
    readonly StringBuilder output = new();

    public SilcProcess(params IEnumerable<string> arguments)
    {
        string[] words = ["exec", Path.Combine(AppContext.BaseDirectory, "silc.dll"), .. arguments];
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        process = new() { StartInfo = start };
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What it has printed so far.</summary>
    public string Output
    {
        get { lock (output) return output.ToString(); }
    }

    public bool HasExited => process.HasExited;

    public int Id => process.Id;

    /// <summary>Of a process that has ended.</summary>
    public int ExitCode
    {
        get
        {
            process.WaitForExit();
            return process.ExitCode;
        }
    }

    /// <summary>Sends a signal by its name, as <c>kill -TERM</c> does.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits for a condition, or for the end of the process; false if that came first.</summary>
    public bool WaitFor(Func<bool> condition)
    {
        while (!condition())
        {
            if (process.HasExited) return condition();
            Thread.Sleep(1);
        }
        return true;
    }

    /// <summary>SIGKILL: the process runs no further instruction.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output) output.AppendLine(line.Data);
    }

    public void Dispose()
    {
        if (!process.HasExited) Kill();
        process.Dispose();
    }
}
