using System.Globalization;

namespace Silc;

/// <summary>
/// The shards that a pattern stands for: braces as in a shell, then * and ? in any part of the path, of which ** is any number of folders, or
/// none. Neither finds hidden names, unless the pattern's part begins with a dot.
/// </summary>
static class ShardPattern
{
    // A pattern of more is most likely mistyped, and their list would fill memory.
    const int MaxShards = 1_000_000;

    const string AllLevels = "**";

    /// <summary>Paths of the shards, each once: those of braces in their order, those of a star sorted.</summary>
    /// <param name="pattern">The pattern, or the path of one file.</param>
    /// <param name="log">Counts hidden files that would match.</param>
    /// <exception cref="FileNotFoundException">A shard is missing or nothing matches.</exception>
    public static string[] Find(string pattern, SkipLog? log = null)
    {
        log ??= new();
        // A file may have braces in its name.
        if (File.Exists(pattern)) return [pattern];
        var names = Braces(pattern, pattern).ToArray();
        var paths = names.SelectMany(name => Matches(name, names.Length, log)).Distinct().ToArray();
        if (paths.Length > 0) return paths;
        throw new FileNotFoundException($"no shard matches {pattern}; write it as data/{{00000..00041}}.tar, data/*.tar or data/**/*.tar");
    }

    static IEnumerable<string> Matches(string name, int count, SkipLog log)
    {
        if (name.AsSpan().ContainsAny('*', '?')) return Files(name, log);
        if (File.Exists(name)) return [name];
        var remedy = count == 1
            ? "name a shard, data/{00000..00041}.tar or data/*.tar"
            : $"fetch it or narrow the range of {count}";
        throw new FileNotFoundException($"shard {name} is missing; {remedy}");
    }

    static IEnumerable<string> Files(string pattern, SkipLog log)
    {
        var parts = pattern.Split('/', Path.DirectorySeparatorChar);
        IEnumerable<string> folders = [""];
        foreach (var part in parts[..^1])
        {
            folders = part == AllLevels ? folders.SelectMany(Below).Distinct().ToArray()
                : part.AsSpan().ContainsAny('*', '?') ? folders.SelectMany(folder => Entries(folder, part, Directory.EnumerateDirectories)).ToArray()
                : folders.Select(folder => $"{folder}{part}/").Where(Directory.Exists).ToArray();
        }
        var files = folders.SelectMany(folder => Entries(folder, parts[^1], Directory.EnumerateFiles, log));
        return files.Select(file => file[..^1]);
    }

    // Like bash, not through links: they may lead back.
    static IEnumerable<string> Below(string folder) => Entries(folder, "*", Directory.EnumerateDirectories)
        .Where(below => new DirectoryInfo(below[..^1]).LinkTarget is null).SelectMany(Below).Prepend(folder);

    // Folders end in a slash, so that the parts of a pattern can be joined as they are; files are told apart by the caller.
    static IEnumerable<string> Entries(
        string folder, string part, Func<string, string, EnumerationOptions, IEnumerable<string>> list, SkipLog? log = null)
    {
        var options = new EnumerationOptions { MatchType = MatchType.Simple, MatchCasing = MatchCasing.CaseSensitive, AttributesToSkip = 0 };
        foreach (var path in list(folder == "" ? "." : folder, part, options).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(path);
            if (!DataFolder.IsHidden(name) || part.StartsWith('.')) yield return $"{folder}{name}/";
            else log?.Add(SkipReason.Hidden, $"{folder}{name}");
        }
    }

    static IEnumerable<string> Braces(string text, string pattern)
    {
        for (int open = text.IndexOf('{'); open >= 0; open = text.IndexOf('{', open + 1))
        {
            if (Close(text, open) is not { } close || Options(text[(open + 1)..close], pattern) is not { } options) continue;
            var rests = Braces(text[(close + 1)..], pattern).ToArray();
            var expanded = options.SelectMany(option => Braces(option, pattern)).Select(option => text[..open] + option);
            var all = expanded.SelectMany(start => rests.Select(rest => start + rest)).Take(MaxShards + 1).ToArray();
            return all.Length <= MaxShards ? all : throw TooMany(pattern);
        }
        return [text];
    }

    static int? Close(string text, int open)
    {
        for (int i = open, depth = 0; i < text.Length; i++)
        {
            if (text[i] == '{') depth++;
            if (text[i] == '}' && --depth == 0) return i;
        }
        return null;
    }

    // What is neither a list nor a range stays as it is, as in a shell.
    static IEnumerable<string>? Options(string inside, string pattern)
    {
        var items = new List<string> { "" };
        int depth = 0;
        foreach (var letter in inside)
        {
            depth += letter switch { '{' => 1, '}' => -1, _ => 0 };
            if (letter == ',' && depth == 0) items.Add("");
            else items[^1] += letter;
        }
        return items.Count > 1 ? items : Range(inside, pattern);
    }

    static IEnumerable<string>? Range(string inside, string pattern)
    {
        if (inside.Split("..") is not [var first, var last]) return null;
        if (!Number(first, out long low) || !Number(last, out long high)) return null;
        if (high < low) throw new ArgumentException($"{pattern}: the range {{{inside}}} runs backwards");
        if (high - low >= MaxShards) throw TooMany(pattern);
        int width = first[0] == '0' || last[0] == '0' ? Math.Max(first.Length, last.Length) : 1;
        var numbers = Enumerable.Range(0, (int)(high - low) + 1).Select(i => low + i);
        return numbers.Select(number => number.ToString(CultureInfo.InvariantCulture).PadLeft(width, '0'));
    }

    static bool Number(string digits, out long value) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value) && digits.Length <= 18;

    static ArgumentException TooMany(string pattern) =>
        new($"{pattern} stands for more than {MaxShards:N0} shards; narrow the range");
}
