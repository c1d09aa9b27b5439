using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// Puts the entries of folders onto the disk: a file that is flushed and renamed may otherwise lose its name when the machine
/// loses power. .NET flushes files alone. Windows does this by itself.
/// </summary>
static partial class FolderSync
{
    const int ReadOnly = 0, IOError = 5, NoSpace = 28;

    /// <summary>Makes a folder and those above it that are missing; all are on the disk afterwards.</summary>
    public static void Create(string folder)
    {
        if (Directory.Exists(folder)) return;
        var parent = Path.GetDirectoryName(folder);
        if (parent is not null) Create(parent);
        Directory.CreateDirectory(folder);
        if (parent is not null) Flush(parent);
    }

    /// <summary>Waits until names made, changed and deleted in a folder are on the disk.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        int error;
        try
        {
            var file = Open(folder, ReadOnly);
            if (file < 0) return;       // a folder that may be written but not read
            error = Sync(file) == 0 ? 0 : Marshal.GetLastPInvokeError();
            _ = Close(file);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return;
        }
        // Some file systems cannot flush folders and say so; only a disk that failed is an error.
        if (error is IOError or NoSpace)
            throw new IOException($"{folder} cannot be flushed: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
