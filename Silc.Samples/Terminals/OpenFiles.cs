using System.Runtime.InteropServices;

namespace Silc.Samples.Terminals;

/// <summary>
/// .NET keeps every library that it loads open, most of them twice: a hundred files before the first image. Where fewer are allowed, it fails
/// to find a library, in the middle of anything and without a word of the reason.
/// </summary>
static class OpenFiles
{
    const ulong Needed = 160;

    /// <summary>What to do about a limit that is too low; null if it is high enough, or there is none.</summary>
    public static string? Complaint() => Limit() is { } limit && limit < Needed
        ? $"too few open files are allowed: ulimit -n is {limit}, and silc needs {Needed}. Raise it, for example by ulimit -n 1024, or where that "
        + "is refused "
            + "in what sets it: limits.conf, LimitNOFILE of systemd, docker run --ulimit nofile=1024"
        : null;

    // The hard limit: .NET raises the soft one to it when it starts.
    static ulong? Limit()
    {
        if (OperatingSystem.IsWindows()) return null;
        const int OfLinux = 7, OfMacOS = 8;
        try
        {
            return GetLimit(OperatingSystem.IsLinux() ? OfLinux : OfMacOS, out var limits) == 0 ? limits.Hard : null;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "getrlimit")]
    static extern int GetLimit(int resource, out Limits limits);

    struct Limits
    {
        public nuint Soft, Hard;
    }
}
