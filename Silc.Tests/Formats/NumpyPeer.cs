using System.Collections.Concurrent;

namespace Silc.Tests;

/// <summary>Runs a line of Python with numpy, or ends the test as inconclusive where there is none.</summary>
static class NumpyPeer
{
    // A machine may have several Pythons, each with modules of its own.
    internal static readonly string[] Candidates = ["python3", "/usr/bin/python3", "python"];

    static readonly ConcurrentDictionary<string, string?> found = [];

    /// <summary>
    /// What a program prints, after <c>import numpy as np</c>; the test is inconclusive without a Python that has the modules. Call it outside
    /// of <c>ThrowsExactly</c>, which takes the inconclusive end for a wrong exception.
    /// </summary>
    public static string Run(string code, string modules = "numpy", string imports = "import numpy as np; ")
    {
        var python = found.GetOrAdd(modules, _ => Candidates.FirstOrDefault(name => Peer.Run(name, "-c", $"import {modules}") is { Exit: 0 }));
        if (python is null) Assert.Inconclusive($"no python3 with {modules} on this machine");
        var (exit, output, errors) = Peer.Run(python, "-c", imports + code)!.Value;
        Assert.AreEqual(0, exit, output + errors);
        return output.Trim();
    }
}
