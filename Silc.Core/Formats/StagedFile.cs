namespace Silc;

/// <summary>
/// A file that is being written beside its place: under another name until <see cref="Commit"/>, which puts it onto the disk and
/// renames it. Disposed before that, it leaves nothing, and what the place held stays.
/// </summary>
sealed class StagedFile : IDisposable
{
    readonly string temporary, target;
    bool flushed;

    /// <param name="path">Where it belongs; the folder is made if it is not there.</param>
    /// <param name="bytes">Its size, if known: a disk without room for it is found before anything is written.</param>
    public StagedFile(string path, long bytes = 0)
    {
        target = Path.GetFullPath(path);
        temporary = $"{target}.{Path.GetRandomFileName()}.tmp";
        FolderSync.Create(Path.GetDirectoryName(target)!);
        UnfinishedFiles.Begin(temporary);
        Stream = new(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 1 << 20,
            PreallocationSize = bytes,
        });
    }

    /// <summary>Takes the content.</summary>
    public FileStream Stream { get; }

    /// <summary>
    /// Puts the content onto the disk and closes it. Of several files that belong together
    /// all are flushed before the first is committed: what can fail is then behind them.
    /// </summary>
    public void Flush()
    {
        if (flushed) return;
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        flushed = true;
    }

    /// <summary>Gives the file its name, or another in the same folder, in place of what had it.</summary>
    public void Commit(string? other = null)
    {
        Flush();
        File.Move(temporary, other is null ? target : Path.GetFullPath(other), overwrite: true);
        FolderSync.Flush(Path.GetDirectoryName(target)!);
    }

    /// <summary>What went wrong, about the file that the caller named.</summary>
    public string Describe(Exception error) => error.Message.Replace(temporary, target);

    /// <summary>Closes and deletes what was not committed.</summary>
    public void Dispose()
    {
        try
        {
            Stream.Dispose();
        }
        catch (IOException)
        {
            // Closing flushes the buffer, which fails on a full disk; the file is deleted all the same.
        }
        AtomicFile.TryDelete(temporary);
        UnfinishedFiles.End(temporary);
    }
}
