using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Silc.Tests;

/// <summary>The documentation of public members states what a caller cannot see in a signature: the shapes of arrays, and what is thrown.</summary>
[TestClass]
public sealed partial class MemberDocumentationTests
{
    static readonly Type[] shaped =
    [
        typeof(float[]), typeof(float[,]), typeof(double[]), typeof(int[]), typeof(int[,]), typeof(byte[]), typeof(Vectors), typeof(Span<float>),
        typeof(ReadOnlySpan<float>), typeof(ReadOnlyMemory<float>), typeof(ReadOnlySpan<byte>), typeof(ReadOnlyMemory<byte>),
    ];

    [TestMethod]
    [DataRow(typeof(SilcConfig)), DataRow(typeof(SilcModel))]
    public void Members_with_arrays_state_their_shapes(Type one)
    {
        var documented = Documentation(one);
        string[] silent = [.. Members(one).Where(member => Types(member).Any(shaped.Contains))
            .Where(member => !IsShaped(Text(documented, member))).Select(Name)];
        Assert.IsEmpty(silent, $"no shape: {string.Join("; ", silent)}");
    }

    [TestMethod]
    [DataRow(typeof(SilcConfig)), DataRow(typeof(SilcModel))]
    public void Members_that_throw_document_it(Type one)
    {
        var documented = Documentation(one);
        string[] silent = [.. Members(one).SelectMany(member => Thrown(member)
            .Where(error => !IsDocumented(Text(documented, member), error) && !IsDocumented(OfType(documented, member), error))
            .Select(error => $"{Name(member)}: {error.Name}")).Distinct()];
        Assert.IsEmpty(silent, $"not documented: {string.Join("; ", silent)}");
    }

    static bool IsShaped(string text) => Shape().IsMatch(text) || text.Contains("<inheritdoc", StringComparison.Ordinal);

    // By its own type or one that it derives from, or inherited.
    static bool IsDocumented(string text, Type error)
    {
        if (text.Contains("<inheritdoc", StringComparison.Ordinal)) return true;
        for (var type = error; type != typeof(object) && type is not null; type = type.BaseType)
            if (text.Contains($"cref=\"T:{type.FullName}\"", StringComparison.Ordinal)) return true;
        return false;
    }

    // What the member's own code throws, or the checks of Require that it calls do.
    static IEnumerable<Type> Thrown(MemberInfo member)
    {
        foreach (var method in Methods(member).SelectMany(Own))
            foreach (var (code, called, _) in MethodCode.Calls(method))
                if (code == OpCodes.Newobj && called.DeclaringType!.IsAssignableTo(typeof(Exception))) yield return called.DeclaringType;
                else if (called.DeclaringType == typeof(Require)) yield return typeof(ArgumentException);
    }

    // With the private helpers of its type that it calls.
    static IEnumerable<MethodBase> Own(MethodBase method) => MethodCode.Calls(method).Select(call => call.Method)
        .Where(called => called.DeclaringType == method.DeclaringType && called.IsPrivate).Prepend(method).Distinct();

    static IEnumerable<MethodBase> Methods(MemberInfo member) => member switch
    {
        MethodBase method => [method],
        PropertyInfo property => property.GetAccessors(),
        _ => [],
    };

    static IEnumerable<Type> Types(MemberInfo member) => member switch
    {
        MethodInfo method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType),
        MethodBase constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType),
        PropertyInfo property => [property.PropertyType],
        _ => [],
    };

    // Without what the compiler makes of records, and what .NET declares.
    static IEnumerable<MemberInfo> Members(Type one) =>
        from type in one.Assembly.GetExportedTypes()
        where !type.IsAssignableTo(typeof(Exception)) && !type.IsEnum && !type.IsAssignableTo(typeof(Delegate))
        from member in type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
        where member is not Type && member.GetCustomAttribute<CompilerGeneratedAttribute>() is null
            && member is not MethodInfo { IsSpecialName: true, Name: not ("op_Implicit" or "op_Subtraction") }
            && member is not MethodInfo { Name: "Deconstruct" or "ToString" or "Equals" or "GetHashCode" or "<Clone>$" }
        select member;

    static Dictionary<string, XElement> Documentation(Type one)
    {
        var file = Path.ChangeExtension(one.Assembly.Location, ".xml");
        if (!File.Exists(file)) Assert.Inconclusive($"this build has no {Path.GetFileName(file)}");
        return XDocument.Load(file).Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);
    }

    // What a type says of all its members, such as those that were disposed of.
    static string OfType(Dictionary<string, XElement> documented, MemberInfo member) =>
        documented.TryGetValue($"T:{member.DeclaringType!.FullName}", out var whole) ? whole.ToString() : "";

    // The member's own documentation; of a record's value that of its parameter too.
    static string Text(Dictionary<string, XElement> documented, MemberInfo member)
    {
        var type = member.DeclaringType!.FullName!.Replace('+', '.');
        var name = member is ConstructorInfo ? "#ctor" : member.Name;
        var kind = member is PropertyInfo ? 'P' : member is FieldInfo ? 'F' : 'M';
        var exact = $"{kind}:{type}.{name}";
        var own = string.Concat(documented.Where(entry => entry.Key == exact || entry.Key.StartsWith($"{exact}(", StringComparison.Ordinal)
            || entry.Key.StartsWith($"{exact}`", StringComparison.Ordinal)).Select(entry => entry.Value.ToString()));
        if (!documented.TryGetValue($"T:{type}", out var whole)) return own;
        // A record's constructor and values are documented by the parameters of the type.
        return own + string.Concat(whole.Elements("param").Where(parameter =>
            member is ConstructorInfo || parameter.Attribute("name")!.Value == member.Name)) + (own == "" ? whole.ToString() : "");
    }

    static string Name(MemberInfo member) => $"{member.DeclaringType!.Name}.{member.Name}";

    // (N, C), or in words.
    [GeneratedRegex(@"\([A-Z][A-Za-z']*( [·+-] \w+)*(, [\w·' +-]+)*\)|\b(rows?|bytes|ids|values?|one (for )?each|of each (class|pair|pixel))\b")]
    private static partial Regex Shape();
}
