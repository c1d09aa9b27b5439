using System.Collections.Concurrent;

namespace Silc;

/// <summary>
/// Temporary files and folders that are being written. A process that ends in the middle, as one
/// does that is asked to within a second, takes them away; only SIGKILL and a crash leave them.
/// </summary>
static class UnfinishedFiles
{
    static readonly ConcurrentDictionary<string, bool> open = new();

    static UnfinishedFiles() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var name in open.Keys)
        {
            AtomicFile.TryDelete(name);
            AtomicFile.TryDeleteFolder(name);
        }
    };

    /// <summary>A file or folder is begun.</summary>
    public static void Begin(string file) => open[file] = true;

    /// <summary>It has its name now, or is gone.</summary>
    public static void End(string file) => open.TryRemove(file, out _);
}
