using System.Runtime.InteropServices;

namespace Silc;

/// <summary>The process's environment as native libraries read it; .NET's own copy does not reach them. Threads: before there are many.</summary>
static partial class NativeEnvironment
{
    /// <summary>Sets what the user has not set.</summary>
    public static void Default(string name, string value)
    {
        if (!OperatingSystem.IsWindows()) _ = setenv(name, value, 0);
    }

    /// <summary>Ends the process at once: no handler runs, which could wait for what hangs.</summary>
    public static void Exit(int code)
    {
        if (OperatingSystem.IsWindows()) Environment.Exit(code);
        _exit(code);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc")]
    private static partial void _exit(int code);
}
