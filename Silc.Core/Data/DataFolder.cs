namespace Silc;

/// <summary>The files of a folder and of all folders below it, without those that systems and programs keep for themselves.</summary>
static class DataFolder
{
    // Hidden like names that begin with a dot: macOS's resource forks in unpacked archives, Synology's thumbnails, Windows' recycle bin.
    static readonly HashSet<string> foreign = ["__MACOSX", "@eaDir", "$RECYCLE.BIN"];

    /// <summary>True for the name of a file or folder that a system or a program keeps for itself: <c>._dog.jpg</c>, <c>__MACOSX</c>.</summary>
    public static bool IsHidden(string name) => name is ['.', _, ..] && name != ".." || foreign.Contains(name);

    /// <summary>True if a path with slashes leads through a hidden folder or to a hidden file.</summary>
    public static bool LeadsToHidden(string path) => path.Split('/').Any(IsHidden);

    /// <summary>Paths in ordinal order; hidden images are counted and left out.</summary>
    public static List<string> Files(string folder, SkipLog log)
    {
        var found = new List<string>();
        Walk(folder, hidden: false, [Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))], found, log);
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    // above: real paths of this folder and its parents. A link to one of them would be a cycle and is not followed.
    static void Walk(string folder, bool hidden, List<string> above, List<string> found, SkipLog log)
    {
        foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            if (!hidden && !IsHidden(Path.GetFileName(file))) found.Add(file);
            else if (ImageFile.IsImage(file)) log.Add(SkipReason.Hidden, file);
        }
        foreach (var below in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
        {
            var target = new DirectoryInfo(below).ResolveLinkTarget(returnFinalTarget: true)?.FullName;
            var real = Path.TrimEndingDirectorySeparator(target ?? Path.Combine(above[^1], Path.GetFileName(below)));
            if (above.Contains(real)) log.Add(SkipReason.Loop, below);
            else Walk(below, hidden || IsHidden(Path.GetFileName(below)), [.. above, real], found, log);
        }
    }
}
