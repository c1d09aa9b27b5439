using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Silc.Samples.Options;

/// <summary>What the XML documentation beside an assembly says of a value of a record; nothing where that file is missing.</summary>
static partial class CodeNotes
{
    static readonly Lazy<Dictionary<string, XElement>> members = new(Load);

    /// <summary>The sentence on a property, of its own or of the record's parameter of that name; null where there is none.</summary>
    public static string? Of(PropertyInfo property)
    {
        var type = property.DeclaringType!.FullName;
        var element = members.Value.GetValueOrDefault($"P:{type}.{property.Name}")?.Element("summary");
        // The compiler copies a parameter's words to its property only where nobody wrote others.
        element ??= members.Value.GetValueOrDefault($"T:{type}")?.Elements("param").FirstOrDefault(one =>
            (string?)one.Attribute("name") == property.Name);
        return element is null ? null : Text(element);
    }

    static string Text(XElement element) => Gaps().Replace(string.Concat(element.Nodes().Select(node => node switch
    {
        XText text => text.Value,
        XElement inner => inner.Attributes().FirstOrDefault() is { } name ? Last(name.Value) : inner.Value,
        _ => "",
    })), " ").Trim();

    // T:Silc.TowerConfig.Mini is TowerConfig.Mini to a reader.
    static string Last(string cref) => cref.Contains(':') ? cref[(cref.IndexOf("Silc.", StringComparison.Ordinal) is >= 0 and var at ? at + 5
        : 2)..] : cref;

    static Dictionary<string, XElement> Load()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "Silc.Core.xml");
        if (!File.Exists(file)) return [];
        return XDocument.Load(file).Descendants("member").ToDictionary(member => (string)member.Attribute("name")!);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Gaps();
}
