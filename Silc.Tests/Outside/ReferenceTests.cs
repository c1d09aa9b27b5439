using System.Reflection;
using System.Xml.Linq;

namespace Silc.Tests;

/// <summary>The documentation of public types and members sends nobody to what they cannot see.</summary>
[TestClass]
public sealed class ReferenceTests
{
    const BindingFlags Any = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.FlattenHierarchy;

    [TestMethod]
    [DataRow(typeof(SilcConfig)), DataRow(typeof(SilcModel))]
    public void References_point_to_what_is_public(Type one)
    {
        var file = Path.ChangeExtension(one.Assembly.Location, ".xml");
        if (!File.Exists(file)) Assert.Inconclusive($"this build has no {Path.GetFileName(file)}");
        string[] hidden = [.. XDocument.Load(file).Descendants("member").Select(member => (Name: member.Attribute("name")!.Value, Member: member))
            .Where(entry => IsPublic(entry.Name))
            .SelectMany(entry => entry.Member.Descendants().Attributes("cref"), (entry, cref) => (entry.Name, Cref: cref.Value))
            .Where(entry => entry.Cref[2..].StartsWith("Silc.", StringComparison.Ordinal) && !IsPublic(entry.Cref))
            .Select(entry => $"{entry.Name} -> {entry.Cref}")];
        Assert.IsEmpty(hidden, string.Join("\n", hidden));
    }

    // Of overloads one that is public is enough: names alone are compared.
    static bool IsPublic(string id)
    {
        var path = id[2..].Split('(')[0];
        if (id[0] == 'T') return Find(path) is { } type && type.IsVisible;
        var (owner, name) = (path[..path.LastIndexOf('.')], path[(path.LastIndexOf('.') + 1)..].Split("``")[0]);
        return Find(owner) is { IsVisible: true } found
            && (name == "#ctor" ? found.GetConstructors().Length > 0 : found.GetMember(name, Any).Length > 0 || found.IsInterface);
    }

    static Type? Find(string name) => typeof(SilcConfig).Assembly.GetType(name) ?? typeof(SilcModel).Assembly.GetType(name);
}
