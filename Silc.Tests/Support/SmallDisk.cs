using System.Diagnostics;

namespace Silc.Tests;

/// <summary>A file system in memory, where this user may mount one.</summary>
sealed class SmallDisk : IDisposable
{
    readonly string path;

    public SmallDisk(string path, string options)
    {
        this.path = path;
        Directory.CreateDirectory(path);
        if (Run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path) is { Length: > 0 } why)
            Assert.Inconclusive($"no small disk can be mounted here: {why}");
    }

    public void Remount(string mode) => Assert.AreEqual("", Run("mount", "-o", $"remount,{mode}", path));

    public void Dispose() => Run("umount", path);

    static string Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true
            })!;
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? "" : $"{program}: {error.Trim()}.";
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return error.Message;
        }
    }
}
