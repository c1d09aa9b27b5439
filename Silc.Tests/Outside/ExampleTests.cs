using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Silc.Tests;

/// <summary>The examples in the documentation of the public types, and those of README, compile against what users get.</summary>
[TestClass]
public sealed class ExampleTests
{
    // What an example need not say again.
    const string Given = """
        global using static Given;

        static class Given
        {
            public static SilcModel model = null!;
            public static Device device = null!;
            public static Trainer trainer = null!;
            public static TrainConfig train = null!;
            public static IImageTextSource images = null!;
            public static string[] captions = null!, paths = null!, titles = null!;
            public static int[] labels = null!;
        }
        """;

    static IEnumerable<(string Type, string Code)> Of(Type one)
    {
        var file = Path.ChangeExtension(one.Assembly.Location, ".xml");
        if (!File.Exists(file)) return [];
        var known = one.Assembly.GetExportedTypes().Select(type => $"T:{type.FullName}").ToHashSet();
        return XDocument.Load(file).Descendants("member").Where(member => known.Contains(member.Attribute("name")!.Value))
            .SelectMany(member => member.Elements("example").Elements("code"), (member, code) => (member.Attribute("name")!.Value[2..], code.Value));
    }

    [TestMethod]
    public void Every_example_compiles_and_the_types_used_most_have_one()
    {
        (string Type, string Code)[] examples = [.. Of(typeof(SilcConfig)), .. Of(typeof(SilcModel))];
        if (examples.Length == 0) Assert.Inconclusive("this build has no documentation files");
        string[] wrong = [.. examples.SelectMany(
            example => OutsideCompiler.Compile(example.Code, Given).Errors, (example, error) => $"{example.Type}: {error}")];
        Assert.IsEmpty(wrong, string.Join("\n", wrong));
        Assert.IsGreaterThanOrEqualTo(20, examples.Select(example => example.Type).Distinct().Count(), "types with an example");
        string[] must = ["SilcModel", "Device", "TrainRun", "SilcConfig", "TrainConfig", "Vectors", "EmbeddingIndex", "IImageTextSource"];
        CollectionAssert.IsSubsetOf(must, examples.Select(example => example.Type.Split('.')[^1]).ToArray());
    }

    [TestMethod]
    public void The_C_sharp_of_README_compiles()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Silc.sln"))) folder = Path.GetDirectoryName(folder);
        if (folder is null) Assert.Inconclusive("there is no README above the tests");
        var blocks = Regex.Matches(File.ReadAllText(Path.Combine(folder, "README.md")), "```csharp\n(.*?)```", RegexOptions.Singleline);
        Assert.IsNotEmpty(blocks);
        string[] wrong = [.. blocks.Select(block => block.Groups[1].Value).SelectMany(
            code => OutsideCompiler.Compile(code, Given).Errors, (code, error) => $"{code}\n{error}")];
        Assert.IsEmpty(wrong, string.Join("\n", wrong));
    }

    [TestMethod]
    public void What_is_internal_or_wrong_does_not_compile()
    {
        Assert.Contains("CS1061", string.Join("\n", OutsideCompiler.Compile("Console.WriteLine(device.Ops);", Given).Errors));
        Assert.Contains("CS0122", string.Join("\n", OutsideCompiler.Compile("Tensor tensor = default;", Given).Errors));
        Assert.IsEmpty(OutsideCompiler.Compile("Console.WriteLine(device.Kind);", Given).Errors);
    }
}
