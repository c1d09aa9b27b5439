namespace Silc.Tests;

/// <summary>
/// The values of a Kubernetes manifest by their paths, such as <c>spec.runPolicy.backoffLimit</c>; an entry of a list is its number. Reads what the
/// manifests of this project are written in: maps and lists by indentation, scalars, and flow lists of plain and double-quoted scalars.
/// </summary>
static class Manifest
{
    public static IReadOnlyDictionary<string, string[]> Read(string text)
    {
        var values = new Dictionary<string, string[]>();
        var open = new Stack<(int Indent, string Path)>();
        var entries = new Dictionary<string, int>();
        var lines = Joined(text).ToList();
        foreach (var line in lines)
        {
            var content = line.TrimStart();
            int indent = line.Length - content.Length;
            // The dash of a list's entry stands where its map's keys would, two columns before the keys of the entry.
            while (open.Count > 0 && (open.Peek().Indent > indent || open.Peek().Indent == indent && !IsEntry(open.Peek(), content))) open.Pop();
            if (content.StartsWith("- ", StringComparison.Ordinal))
            {
                var list = open.Peek().Path;
                var number = entries[list] = entries.GetValueOrDefault(list, -1) + 1;
                (content, indent) = (content[2..], indent + 2);
                open.Push((indent - 1, $"{list}.{number}"));
            }
            var colon = content.IndexOf(": ", StringComparison.Ordinal);
            var key = colon < 0 ? content[..^1] : content[..colon];
            if (colon < 0 && !content.EndsWith(':')) throw new FormatException($"'{line}' is neither a key nor a value");
            var path = open.Count == 0 ? key : $"{open.Peek().Path}.{key}";
            if (colon < 0) open.Push((indent, path));
            else if (!values.TryAdd(path, Words(content[(colon + 2)..]))) throw new FormatException($"'{path}' is there twice");
        }
        return values;

        static bool IsEntry((int Indent, string Path) over, string content) => content.StartsWith("- ", StringComparison.Ordinal)
            && !char.IsAsciiDigit(over.Path[^1]);
    }

    // A flow list may go over several lines.
    static IEnumerable<string> Joined(string text)
    {
        var whole = "";
        foreach (var line in text.Split('\n').Where(line => line.Trim().Length > 0))
        {
            whole = whole.Length == 0 ? line.TrimEnd() : $"{whole} {line.Trim()}";
            if (whole.Count(letter => letter == '[') > whole.Count(letter => letter == ']')) continue;
            yield return whole;
            whole = "";
        }
    }

    static string[] Words(string value) => value.StartsWith('[')
        ? [.. value[1..^1].Split(',').Select(word => word.Trim().Trim('"'))] : [value.Trim('"')];
}
