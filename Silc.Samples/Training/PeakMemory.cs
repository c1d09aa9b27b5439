using System.Diagnostics;
using System.Globalization;

namespace Silc.Samples.Training;

/// <summary>The most memory that this process had resident since a moment: the kernel's own count on Linux, so native memory is in it.</summary>
sealed class PeakMemory
{
    readonly long before;

    public PeakMemory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");     // Linux: the peak starts again from what is resident now
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
        before = Environment.WorkingSet;
    }

    /// <summary>Bytes above those at the beginning.</summary>
    public long Bytes => OfProcess() - before;

    /// <summary>Bytes since the process began, or since one of these objects was made.</summary>
    public static long OfProcess()
    {
        const string key = "VmHWM:";
        if (!File.Exists("/proc/self/status")) return Process.GetCurrentProcess().PeakWorkingSet64;
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line[key.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture) << 10;
    }
}
