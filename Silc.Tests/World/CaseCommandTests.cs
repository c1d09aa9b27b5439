namespace Silc.Tests;

/// <summary>
/// Folders that hold a command of <c>silc embed</c>, its input, and the vectors that another library gives: each command runs as it is written.
/// </summary>
[TestClass]
public sealed class CaseCommandTests : TempFolder
{
    const string CommandName = "cmd", Start = "silc embed ";

    /// <summary>Each folder with its expected vectors, under Golden/world and where SILC_WORLD_DIR says.</summary>
    public static IEnumerable<object[]> Folders => WorldFolder.Subfolders("*")
        .Where(folder => Directory.EnumerateFiles(folder, "expected*.npy").Any() && Commands(folder).Any())
        .Select(folder => new object[] { Path.GetFileName(folder), folder });

    [TestMethod, DynamicData(nameof(Folders))]
    public void A_command_gives_the_vectors_that_are_expected(string name, string folder)
    {
        foreach (var line in Commands(folder))
        {
            var words = line[Start.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            var target = words[Array.IndexOf(words, "--out") + 1];
            string[] command = ["embed", .. words.Select(word => word == target ? At(target)
                : File.Exists(Path.Combine(folder, word)) || Directory.Exists(Path.Combine(folder, word)) ? Path.Combine(folder, word) : word)];
            if (!command.Contains("--device")) command = [.. command, "--device", "cpu"];
            var (code, _, error) = CommandLineRun.Of(command);
            if (error.Contains("--image-size N", StringComparison.Ordinal)) (code, error) = WithSize(command, folder);
            Assert.AreEqual(0, code, $"{name}: {line}: {error}");
            Same(Path.Combine(folder, target == "out.npy" ? "expected.npy" : $"expected-{target}"), At(target), $"{name}: {line}");
        }
    }

    // Computed positions need the size of images, which the error says how to give; big_vision's small models see the images at their own size.
    (int Code, string Error) WithSize(string[] command, string folder)
    {
        int at = Array.IndexOf(command, "--model") + 1;
        var size = ImageFile.Read(Directory.EnumerateFiles(folder, "*.png").First()).Width;
        var sized = At($"sized{Directory.GetDirectories(Root).Length}");
        CommandLineRun.Good("convert", command[at], sized, "--image-size", $"{size}");
        var (code, _, error) = CommandLineRun.Of([.. command.Select((word, i) => i == at ? sized : word)]);
        return (code, error);
    }

    static IEnumerable<string> Commands(string folder) => File.Exists(Path.Combine(folder, CommandName))
        ? File.ReadLines(Path.Combine(folder, CommandName)).Where(line => line.StartsWith(Start, StringComparison.Ordinal)) : [];

    static void Same(string expected, string actual, string what)
    {
        StoredArray theirs = Vectors(expected), ours = Vectors(actual);
        CollectionAssert.AreEqual(theirs.Shape, ours.Shape, what);
        float[] values = theirs.Floats(), found = ours.Floats();
        for (int i = 0; i < values.Length; i++) Assert.AreEqual(values[i], found[i], 1e-5, $"{what}, value {i}");
    }

    static StoredArray Vectors(string path)
    {
        using var file = File.OpenRead(path);
        return Npy.Read(file, file.Length, "vectors", path);
    }
}
