using System.Text.RegularExpressions;

namespace Silc;

/// <summary>
/// Writes a file so that its name never holds half of it, whatever ends the process or the machine: a temporary name beside it,
/// flushed to the disk, renamed, and the folder flushed too.
/// </summary>
static partial class AtomicFile
{
    /// <summary>Writes <paramref name="path"/>; what it held stays until the new content is whole.</summary>
    /// <param name="path">The file; its folder is made if it is not there.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="bytes">
    /// Its size, if known: where the disk has no room for it, that is found before anything is written.
    /// </param>
    /// <exception cref="IOException">The message names the file, the reason, the bytes needed and those free.</exception>
    public static void Write(string path, Action<FileStream> write, long bytes = 0)
    {
        var target = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(target)!;
        var temporary = $"{target}.{Path.GetRandomFileName()}.tmp";
        try
        {
            FolderSync.Create(folder);
            try
            {
                using (var stream = new FileStream(temporary, Options(bytes)))
                {
                    write(stream);
                    stream.Flush(flushToDisk: true);
                }
                File.Move(temporary, target, overwrite: true);
            }
            finally
            {
                TryDelete(temporary);
            }
            FolderSync.Flush(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"cannot write {path}: {error.Message.Replace(temporary, target)}{Room(folder, bytes)}", error);
        }
    }

    /// <summary>Deletes what processes that were killed left in a folder; nobody else may be writing there.</summary>
    public static void DeleteLeftovers(string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var file in Directory.EnumerateFiles(folder, "*.tmp").Where(file => Temporary().IsMatch(file))) TryDelete(file);
    }

    static FileStreamOptions Options(long bytes) => new()
    {
        Mode = FileMode.CreateNew,
        Access = FileAccess.ReadWrite,
        Share = FileShare.None,
        BufferSize = 1 << 20,
        PreallocationSize = bytes,
    };

    // The error that led here says more than one about the temporary file.
    static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    static string Room(string folder, long bytes)
    {
        if (bytes == 0) return "";
        try
        {
            while (!Directory.Exists(folder)) folder = Path.GetDirectoryName(folder)!;
            return $"; it needs {bytes:N0} bytes, {new DriveInfo(folder).AvailableFreeSpace:N0} are free there";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return $"; it needs {bytes:N0} bytes";
        }
    }

    // What Path.GetRandomFileName makes, before our ending.
    [GeneratedRegex(@"\.[a-z0-9]{8}\.[a-z0-9]{3}\.tmp$")]
    private static partial Regex Temporary();
}
