namespace Silc;

/// <summary>The files of a folder and of all folders below it that are somebody's data.</summary>
static class DataFolder
{
    // Beside names with a dot in front: resource forks of macOS in unpacked archives, thumbnails of Synology's, and what Windows throws away.
    static readonly HashSet<string> foreign = ["__MACOSX", "@eaDir", "$RECYCLE.BIN"];

    /// <summary>True for the name of a file or folder that a system or a program keeps for itself: <c>._dog.jpg</c>, <c>__MACOSX</c>.</summary>
    public static bool IsHidden(string name) => name is ['.', _, ..] && name != ".." || foreign.Contains(name);

    /// <summary>True if a path with slashes leads through a hidden folder or to a hidden file.</summary>
    public static bool LeadsToHidden(string path) => path.Split('/').Any(IsHidden);

    /// <summary>Paths in ordinal order; hidden pictures are counted and left out.</summary>
    public static List<string> Files(string folder, SkipLog log)
    {
        var found = new List<string>();
        Walk(folder, hidden: false, found, log);
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    static void Walk(string folder, bool hidden, List<string> found, SkipLog log)
    {
        foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            if (!hidden && !IsHidden(Path.GetFileName(file))) found.Add(file);
            else if (PictureFile.IsPicture(file)) log.Add(SkipReason.Hidden, file);
        }
        foreach (var below in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
            Walk(below, hidden || IsHidden(Path.GetFileName(below)), found, log);
    }
}
