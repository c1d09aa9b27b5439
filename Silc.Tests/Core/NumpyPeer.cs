using System.Diagnostics;

namespace Silc.Tests;

/// <summary>Runs a line of Python with numpy, or ends the test as inconclusive where there is none.</summary>
static class NumpyPeer
{
    static readonly string? python = new[] { "python3", "/usr/bin/python3", "python" }
        .FirstOrDefault(name => Run(name, "import numpy").Code == 0);

    public static string Run(string code)
    {
        if (python is null) Assert.Inconclusive("no python3 with numpy on this machine");
        var (exit, output) = Run(python, "import numpy as np; " + code);
        Assert.AreEqual(0, exit, output);
        return output.Trim();
    }

    static (int Code, string Output) Run(string program, string code)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, ["-c", code])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd() + errors.Result;
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, $"{program} cannot be started");
        }
    }
}
