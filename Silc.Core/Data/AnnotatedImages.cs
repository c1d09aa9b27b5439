using System.Text.RegularExpressions;

namespace Silc;

/// <summary>The folder of the images that a file of annotations names. Threads: any number may call.</summary>
static partial class AnnotatedImages
{
    const int Tried = 50;

    /// <summary>
    /// The folder: the one given, or one beside the file, above it or in <c>images</c>, and in each of these the one of the split that the
    /// file's name tells (<c>val2017</c>); the first that has one of the first images.
    /// </summary>
    /// <param name="file">The file of annotations.</param>
    /// <param name="given">Null looks around the file.</param>
    /// <param name="names">Images as the file names them.</param>
    /// <exception cref="InvalidDataException">No folder has any; the message says where was looked, and for what.</exception>
    public static string Find(string file, string? given, IEnumerable<string> names)
    {
        string[] some = [.. names.Take(Tried)];
        if (some.Length == 0) throw new InvalidDataException($"{file} names no image");
        var folders = Candidates(file, given).Distinct().ToList();
        return folders.Find(folder => Array.Exists(some, name => File.Exists(Path.Combine(folder, name)))) ?? throw new InvalidDataException(
            $"{file}: its images, such as {some[0]}, are not in {string.Join(", ", folders)}; name their folder by --image-folder");
    }

    /// <summary>The split that a name tells, as <c>val2017</c>; null if none.</summary>
    public static string? SplitOf(string file) => Split().Match(Path.GetFileName(file)) is { Success: true } match ? match.Value : null;

    static IEnumerable<string> Candidates(string file, string? given)
    {
        var own = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var above = Path.GetDirectoryName(own) ?? own;
        string[] bases = given is not null ? [given] : [own, above, Path.Combine(own, "images"), Path.Combine(above, "images")];
        foreach (var folder in bases)
        {
            yield return folder;
            if (SplitOf(file) is { } split) yield return Path.Combine(folder, split);
        }
    }

    [GeneratedRegex(@"(train|val|test)20\d\d")]
    private static partial Regex Split();
}
