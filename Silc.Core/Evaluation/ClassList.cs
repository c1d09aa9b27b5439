namespace Silc;

/// <summary>
/// The classes of an evaluation, each with its names. In a file: one class a line, further names after commas, a comma that belongs
/// to a name written <c>\,</c>; the number of the line, from 0, is the label, unless every line begins with one (<c>0,cat</c>). Or
/// in JSON: <c>["cat", ["dog", "hound"]]</c>, <c>{"0": "cat"}</c> or <c>{"cat": 0}</c>. Threads: any number may use it at once.
/// </summary>
public sealed class ClassList
{
    // Labels by names as they are spelled, and by names made canonical; the latter is null where several classes share one.
    readonly Lazy<(Dictionary<string, int> Spelled, Dictionary<string, int?> Canonical)> byName;

    ClassList(IReadOnlyList<IReadOnlyList<string>> called)
    {
        (Called, Names) = (called, [.. called.Select(names => names[0])]);
        byName = new(Index);
    }

    /// <summary>The first name of each class.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>All names of each class, the first one first.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Called { get; }

    /// <summary>Number of classes.</summary>
    public int Count => Names.Count;

    /// <summary>Classes of one name each, taken whole: a comma is part of it.</summary>
    public static ClassList Of(IEnumerable<string> names) => Of(names.Select(name => (IReadOnlyList<string>)[name]));

    /// <summary>Classes with all their names.</summary>
    /// <exception cref="ArgumentException">There is no class, or one without a name.</exception>
    public static ClassList Of(IEnumerable<IReadOnlyList<string>> called)
    {
        IReadOnlyList<string>[] all = [.. called];
        Require.Positive(all.Length, "number of classes");
        foreach (var (i, names) in all.Index())
            Require.That(names.Count > 0 && names.All(name => !string.IsNullOrWhiteSpace(name)),
                $"class {i} has no name, or an empty one");
        return new(all);
    }

    /// <summary>Reads a file. Two classes may have the same name, as two of ImageNet's do.</summary>
    /// <exception cref="InvalidDataException">No class, an empty name, or not UTF-8; the message says where.</exception>
    public static ClassList Read(string path)
    {
        var text = Utf8File.ReadText(path);
        if (ClassListJson.TryRead(path, text) is { } json) return json;
        var lines = text.ReplaceLineEndings("\n").Split('\n').ToList();
        while (lines.Count > 0 && string.IsNullOrWhiteSpace(lines[^1])) lines.RemoveAt(lines.Count - 1);
        if (lines.Count == 0) throw new InvalidDataException(
            $"{path} names no class; write one a line, further names of it after commas");
        var called = new List<IReadOnlyList<string>>();
        foreach (var (i, line) in lines.Index())
        {
            var names = Split(line);
            if (names.Exists(string.IsNullOrEmpty))
                throw new InvalidDataException(
                    $"{path} line {i + 1}: an empty name; every line is a class, names are separated by single commas");
            called.Add(names);
        }
        return new(Numbered(path, called) ?? [.. called]);
    }

    // A table of numbers and names, as "0,cat": the numbers are labels, not names. Null where the first names are no numbers.
    static IReadOnlyList<string>[]? Numbered(string path, List<IReadOnlyList<string>> called)
    {
        static bool HasNumber(IReadOnlyList<string> names) => names.Count > 1 && int.TryParse(names[0], out _);
        if (called.Count > 1 && !HasNumber(called[0]) && called.Skip(1).All(HasNumber))
            throw new InvalidDataException($"{path} line 1, '{string.Join(',', called[0])}', is a header above numbered classes; take it out");
        if (!called.All(HasNumber)) return null;
        var classes = new IReadOnlyList<string>[called.Count];
        foreach (var (line, names) in called.Index())
        {
            var label = int.Parse(names[0]);
            if (label < 0 || label >= classes.Length || classes[label] is not null)
                throw new InvalidDataException($"{path} line {line + 1}: the label {label}; the labels of {classes.Length} classes are 0 to "
                    + $"{classes.Length - 1}, each once. Where numbers are names, write one a line and nothing before them");
            classes[label] = [.. names.Skip(1)];
        }
        return classes;
    }

    /// <summary>
    /// The class that bears a name: spelled like that, or else but for case, underscores and punctuation, where one class alone does. Null if
    /// none does. Of classes that share the name it is the first.
    /// </summary>
    public int? Find(string name)
    {
        var (spelled, canonical) = byName.Value;
        name = Nfc.Of(name);
        return spelled.TryGetValue(name, out int label) ? label : canonical.GetValueOrDefault(Prompts.Canonical(name));
    }

    (Dictionary<string, int> Spelled, Dictionary<string, int?> Canonical) Index()
    {
        var (spelled, canonical) = (new Dictionary<string, int>(), new Dictionary<string, int?>());
        foreach (var (label, names) in Called.Index())
        {
            foreach (var name in names.Select(Nfc.Of))
            {
                spelled.TryAdd(name, label);
                var loose = Prompts.Canonical(name);
                canonical[loose] = canonical.TryGetValue(loose, out int? known) && known != label ? null : label;
            }
        }
        return (spelled, canonical);
    }

    static List<string> Split(string line)
    {
        const char Kept = '\uE000';     // stands for an escaped comma; a private code point, so no name holds it
        return [.. line.Replace("\\,", $"{Kept}").Split(',').Select(name => name.Replace(Kept, ',').Trim())];
    }
}
