using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace Silc.Tests;

/// <summary>Each public type says what it promises about threads; enumerations, delegates and exceptions have nothing to promise.</summary>
[TestClass]
public sealed class ThreadDocumentationTests
{
    [TestMethod]
    [DataRow(typeof(SilcConfig)), DataRow(typeof(SilcModel))]
    public void EachPublicTypeSaysWhatItPromisesAboutThreads(Type one)
    {
        var file = Path.ChangeExtension(one.Assembly.Location, ".xml");
        if (!File.Exists(file)) Assert.Inconclusive($"this build has no {Path.GetFileName(file)}");
        var documented = XDocument.Load(file).Descendants("member").ToDictionary(member => member.Attribute("name")!.Value, member => member.Value);
        string[] silent = [.. one.Assembly.GetExportedTypes().Where(Promises)
            .Where(type => !documented.GetValueOrDefault($"T:{type.FullName!.Replace('+', '.')}", "")
                .Contains("thread", StringComparison.OrdinalIgnoreCase))
            .Select(type => type.Name)];
        Assert.IsEmpty(silent, $"no word about threads: {string.Join(", ", silent)}");
    }

    static bool Promises(Type type) => !type.IsEnum && !type.IsAssignableTo(typeof(Delegate)) && !type.IsAssignableTo(typeof(Exception))
        && type.GetCustomAttribute<CompilerGeneratedAttribute>() is null && !type.IsNested;

    // What the documentation says of them.
    [TestMethod]
    [DataRow("bytes"), DataRow("words"), DataRow("golden")]
    public void TokenizersAreUsedByAnyNumberOfThreads(string name)
    {
        var tokenizer = Tokenizers.Open(name == "golden" ? Path.Combine(AppContext.BaseDirectory, "Golden", "tokenizer", "t5_style.model") : name);
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => $"a photo of {i} dogs, café {i * i}")];
        int[][] right = [.. texts.Select(text => tokenizer.Tokens(text, 16))];
        Parallel.For(0, 2000, i => CollectionAssert.AreEqual(right[i % texts.Length], tokenizer.Tokens(texts[i % texts.Length], 16)));
    }
}
