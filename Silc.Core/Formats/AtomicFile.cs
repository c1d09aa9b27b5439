using System.Text;
using System.Text.RegularExpressions;

namespace Silc;

/// <summary>
/// Writes a file so that its name never holds half of it, whatever ends the process or the machine: a temporary name beside it,
/// flushed to the disk, renamed, and the folder flushed too. Whatever Silc writes goes through here, <see cref="StagedFile"/> or
/// <see cref="StagedFolder"/>, but for logs that grow and the names in locks.
/// </summary>
static partial class AtomicFile
{
    /// <summary>Writes <paramref name="path"/>; what it held stays until the new content is whole.</summary>
    /// <param name="path">The file; its folder is made if it is not there. What lies in /dev is written to as it is.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="bytes">Its size, if known: where the disk has no room for it, that is found before anything is written.</param>
    /// <exception cref="IOException">The message names the file, the reason, the bytes needed and those free.</exception>
    public static void Write(string path, Action<FileStream> write, long bytes = 0)
    {
        StagedFile? staged = null;
        try
        {
            if (IsDevice(path))
            {
                using var device = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                write(device);
                return;
            }
            staged = new(path, bytes);
            write(staged.Stream);
            staged.Commit();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(path, error, staged, bytes);
        }
        finally
        {
            staged?.Dispose();
        }
    }

    /// <summary>The same for bytes that are there.</summary>
    public static void WriteBytes(string path, byte[] content) => Write(path, stream => stream.Write(content), content.LongLength);

    /// <summary>The same for text, as UTF-8.</summary>
    public static void WriteText(string path, string content) => WriteBytes(path, Encoding.UTF8.GetBytes(content));

    /// <summary>What to tell of a file that could not be written.</summary>
    public static IOException Failed(string path, Exception error, StagedFile? staged, long bytes)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new($"cannot write {path}: {staged?.Describe(error) ?? error.Message}{Room(folder, bytes)}", error);
    }

    /// <summary>Deletes what processes that were killed left in a folder; nobody else may be writing there.</summary>
    public static void DeleteLeftovers(string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var file in Directory.EnumerateFiles(folder, "*.tmp").Where(file => Temporary().IsMatch(file))) TryDelete(file);
    }

    /// <summary>Bytes that may still be written to the disk of a folder, which need not be there yet; null if the system does not say.</summary>
    public static long? FreeBytes(string folder)
    {
        try
        {
            // On Windows a drive may be missing, and nothing is above it.
            for (string? at = Path.GetFullPath(folder); at is not null; at = Path.GetDirectoryName(at))
                if (Directory.Exists(at)) return new DriveInfo(at).AvailableFreeSpace;
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    // Errors are ignored: the one that led here matters more than one about the temporary file.
    public static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>The same for a folder and all in it. Another thread may be about to write a last file there.</summary>
    public static void TryDeleteFolder(string folder)
    {
        for (int attempt = 0; attempt < 3 && Directory.Exists(folder); attempt++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
            }
        }
    }

    /// <summary>
    /// True for a pipe or a terminal, such as /dev/stdout: a file of that name in its place would be no output, and takes root's
    /// /dev away. /dev/shm holds plain files.
    /// </summary>
    public static bool IsDevice(string path) => !OperatingSystem.IsWindows() && !path.StartsWith("/dev/shm/", StringComparison.Ordinal)
        && (path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal));

    static string Room(string folder, long bytes) => bytes == 0 ? ""
        : FreeBytes(folder) is { } free ? $"; it needs {bytes:N0} bytes, {free:N0} are free there" : $"; it needs {bytes:N0} bytes";

    // What Path.GetRandomFileName makes, before our ending.
    [GeneratedRegex(@"\.[a-z0-9]{8}\.[a-z0-9]{3}\.tmp$")]
    private static partial Regex Temporary();
}
