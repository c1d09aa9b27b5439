namespace Silc;

/// <summary>
/// The classes of an evaluation and what each may be called. In a file: one class a line, further names after commas, a comma
/// that belongs to a name written <c>\,</c>; the number of the line, from 0, is the label.
/// </summary>
public sealed class ClassList
{
    ClassList(IReadOnlyList<IReadOnlyList<string>> called) => (Called, Names) = (called, [.. called.Select(names => names[0])]);

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

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">
    /// No class, an empty name, or two classes of one name; the message says where.
    /// </exception>
    public static ClassList Read(string path)
    {
        var lines = File.ReadAllLines(path).ToList();
        while (lines.Count > 0 && string.IsNullOrWhiteSpace(lines[^1])) lines.RemoveAt(lines.Count - 1);
        if (lines.Count == 0) throw new InvalidDataException(
            $"{path} names no class; write one a line, further names of it after commas");
        var (called, seen) = (new List<IReadOnlyList<string>>(), new Dictionary<string, int>());
        foreach (var (i, line) in lines.Index())
        {
            var names = Split(line);
            if (names.Exists(string.IsNullOrEmpty))
                throw new InvalidDataException(
                    $"{path} line {i + 1}: an empty name; every line is a class, names are separated by single commas");
            if (!seen.TryAdd(names[0], i))
                throw new InvalidDataException(
                    $"{path} line {i + 1}: '{names[0]}' is the class of line {seen[names[0]] + 1} already; rename one of them");
            called.Add(names);
        }
        return new(called);
    }

    static List<string> Split(string line)
    {
        const char Kept = '\uE000';     // stands for an escaped comma; a private code point, so no name holds it
        return [.. line.Replace("\\,", $"{Kept}").Split(',').Select(name => name.Replace(Kept, ',').Trim())];
    }
}
