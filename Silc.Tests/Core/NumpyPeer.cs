using System.Collections.Concurrent;
using System.Diagnostics;

namespace Silc.Tests;

/// <summary>Runs a line of Python with numpy, or ends the test as inconclusive where there is none.</summary>
static class NumpyPeer
{
    // A machine may have several Pythons, each with modules of its own.
    static readonly string[] candidates = ["python3", "/usr/bin/python3", "python"];

    static readonly ConcurrentDictionary<string, string?> found = [];

    /// <summary>What a program prints, after <c>import numpy as np</c>; the test is inconclusive without a Python that has the modules.</summary>
    public static string Run(string code, string modules = "numpy")
    {
        var python = found.GetOrAdd(modules, _ => candidates.FirstOrDefault(name => Start(name, $"import {modules}").Code == 0));
        if (python is null) Assert.Inconclusive($"no python3 with {modules} on this machine");
        var (exit, output) = Start(python, "import numpy as np; " + code);
        Assert.AreEqual(0, exit, output);
        return output.Trim();
    }

    static (int Code, string Output) Start(string program, string code)
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
