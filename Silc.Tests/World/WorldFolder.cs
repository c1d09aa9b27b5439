namespace Silc.Tests;

/// <summary>Golden files that other libraries made: those of <c>Golden/world</c>, and of the folder that SILC_WORLD_DIR names.</summary>
static class WorldFolder
{
    static string Own => Path.Combine(AppContext.BaseDirectory, "Golden", "world");

    public static string File(string name) => Path.Combine(Own, name);

    public static IEnumerable<string> Files(string pattern) => Folders().SelectMany(folder => Directory.EnumerateFiles(folder, pattern));

    public static IEnumerable<string> Subfolders(string pattern) => Folders().SelectMany(folder => Directory.EnumerateDirectories(folder, pattern));

    static IEnumerable<string> Folders() => Environment.GetEnvironmentVariable("SILC_WORLD_DIR") is { Length: > 0 } more ? [Own, more] : [Own];
}
