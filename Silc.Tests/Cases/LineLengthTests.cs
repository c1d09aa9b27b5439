using System.Globalization;
using System.Runtime.CompilerServices;

namespace Silc.Tests;

/// <summary>What <c>.editorconfig</c> asks for and <c>dotnet format</c> does not hold.</summary>
[TestClass]
public sealed class LineLengthTests
{
    const int Columns = 150;

    [TestMethod]
    public void No_line_is_longer_than_the_editor_is_told()
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));
        if (!File.Exists(Path.Combine(root, "Silc.sln"))) Assert.Inconclusive("the sources are not where they were compiled");
        Assert.Contains($"max_line_length = {Columns}", File.ReadAllText(Path.Combine(root, ".editorconfig")));
        string[] projects = ["Silc.Core", "Silc.Gpu", "Silc.Samples", "Silc.Tests"];
        string[] files = [.. projects.SelectMany(project =>
            Directory.EnumerateFiles(Path.Combine(root, project), "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))];
        Assert.IsGreaterThan(400, files.Length);
        string[] longer = [.. files.SelectMany(path =>
            File.ReadLines(path).Index().Where(line => new StringInfo(line.Item).LengthInTextElements > Columns)
            .Select(line => $"{Path.GetRelativePath(root, path)}:{line.Index + 1}"))];
        Assert.IsEmpty(longer, string.Join(", ", longer));
    }

    static string Here([CallerFilePath] string path = "") => path;
}
