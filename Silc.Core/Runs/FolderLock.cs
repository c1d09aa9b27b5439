using System.Diagnostics;

namespace Silc;

/// <summary>
/// Keeps other processes from writing to a folder. The system's lock is on a file in it: if the folder is removed, renamed or replaced, another
/// process can lock the new folder's file. The file therefore also holds a random token, by which <see cref="Holds"/> recognises its own folder.
/// </summary>
sealed class FolderLock : IDisposable
{
    const string LockName = ".lock", OwnerName = ".owner";

    // EWOULDBLOCK of Linux and macOS, Windows' ERROR_SHARING_VIOLATION.
    static readonly int[] inUse = [11, 35, unchecked((int)0x80070020)];

    // mpirun of Open MPI ends one to two seconds before its ranks do, and people start the next job at once.
    static readonly TimeSpan patience = TimeSpan.FromSeconds(3), betweenTries = TimeSpan.FromSeconds(0.05);

    readonly string path, owner, word = Guid.NewGuid().ToString();
    readonly FileStream locked;

    /// <summary>Takes the lock; if another process has it, waits three seconds for that process to end.</summary>
    /// <param name="path">Is made if it is not there.</param>
    /// <exception cref="IOException">Another process still writes there, or the folder cannot be written to.</exception>
    public FolderLock(string path)
    {
        (this.path, owner) = (path, Path.Combine(path, OwnerName));
        FileStream? opened = null;
        try
        {
            FolderSync.Create(Path.GetFullPath(path));
            opened = Open(Path.Combine(path, LockName));
            File.WriteAllText(owner, word);
            locked = opened;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            opened?.Dispose();
            throw inUse.Contains(error.HResult)
                ? new IOException($"{path} is in use: another process writes there, and has not ended in {patience.TotalSeconds:F0} s. End it, or "
                    + "choose another folder", error)
                : new IOException($"{path} cannot be written to: {error.Message}", error);
        }
    }

    static FileStream Open(string file)
    {
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(betweenTries))
            try
            {
                return new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (inUse.Contains(error.HResult) && clock.Elapsed < patience)
            {
            }
    }

    /// <summary>False once the folder was removed, renamed or replaced.</summary>
    public bool Holds
    {
        get
        {
            try
            {
                return File.ReadAllText(owner) == word;
            }
            catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
            {
                return false;
            }
            // An I/O error does not tell that the folder was replaced; the next write will report it.
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return true;
            }
        }
    }

    /// <summary>Throws once the folder is no longer the one that was locked: what stands there is another's.</summary>
    /// <param name="stopped">What ends, such as "this run stops after step 7".</param>
    /// <exception cref="IOException">It was removed, renamed or replaced.</exception>
    public void Require(string stopped)
    {
        if (!Holds)
            throw new IOException($"{path} was removed, renamed or replaced by another process: {stopped} and writes nothing more there. "
                + "What it wrote before is where that folder went");
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose()
    {
        if (Holds) AtomicFile.TryDelete(owner);
        locked.Dispose();
    }
}
