using System.Diagnostics;

namespace Silc.Tests;

/// <summary>
/// Programs of others that results are compared with, such as python3 with numpy: a fresh machine has none, and then the tests that want one
/// end as inconclusive. SILC_BARE=1 hides what there is, OpenCL included, so that any machine can show what a fresh one gives.
/// </summary>
static class Peer
{
    public const string BareVariable = "SILC_BARE";

    /// <summary>True if this machine is to pass for a fresh one.</summary>
    public static bool Hidden { get; } = Environment.GetEnvironmentVariable(BareVariable) is { Length: > 0 };

    /// <summary>Runs a program to its end; null if there is none of that name.</summary>
    public static (int Exit, string Output, string Errors)? Run(string program, params string[] arguments)
    {
        if (Hidden) return null;
        try
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, errors.Result);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
