using System.Globalization;
using System.Text.Json;

namespace Silc;

/// <summary>
/// Lists of classes in JSON, as programs write them: an array of names, or of arrays with all names of a class; labels to names,
/// <c>{"0": "cat"}</c>, also ImageNet's <c>{"0": ["n01440764", "tench"]}</c>; or names to labels, <c>{"cat": 0}</c>.
/// </summary>
static class ClassListJson
{
    /// <summary>The classes; null if the text is not meant as JSON.</summary>
    /// <param name="path">What errors call it; an ending .json means it.</param>
    /// <param name="text">Content.</param>
    /// <exception cref="InvalidDataException">JSON of another shape, or broken where the ending says JSON.</exception>
    public static ClassList? TryRead(string path, string text)
    {
        var meant = Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase);
        if (text.TrimStart() is ['[' or '(', '\'' or '"', ..] && text.TrimEnd() is [.., '\'' or '"', ']' or ')'] && !IsJson(text))
            throw new InvalidDataException($"{path} holds a list as Python writes it: write one class a line, or JSON with double quotes");
        if (!meant && text.TrimStart() is not ['[' or '{', ..]) return null;
        try
        {
            using var json = JsonDocument.Parse(text, new() { AllowDuplicateProperties = false });
            return ClassList.Of(Classes(json.RootElement, path));
        }
        // The latter is half a pair of surrogates.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Not JSON, but perhaps a plain list whose first class is called [cat].
            return meant ? throw new InvalidDataException($"{path} is no valid JSON: {error.Message}", error) : null;
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
    }

    static bool IsJson(string text)
    {
        try
        {
            JsonDocument.Parse(text).Dispose();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    static List<IReadOnlyList<string>> Classes(JsonElement root, string path)
    {
        if (root.ValueKind == JsonValueKind.Array) return [.. root.EnumerateArray().Select(item => Names(item, path))];
        if (root.ValueKind != JsonValueKind.Object) throw Wrong(path);
        var properties = root.EnumerateObject().ToList();
        return properties.TrueForAll(property => property.Value.ValueKind == JsonValueKind.Number)
            ? InOrder(properties.Select(property => (Label(property.Value.GetRawText(), path), (IReadOnlyList<string>)[property.Name])), path)
            : InOrder(properties.Select(property => (Label(property.Name, path), Names(property.Value, path))), path);
    }

    static IReadOnlyList<string> Names(JsonElement item, string path)
    {
        if (item.ValueKind == JsonValueKind.String) return [item.GetString()!.Trim()];
        if (item.ValueKind != JsonValueKind.Array || item.EnumerateArray().Any(name => name.ValueKind != JsonValueKind.String)) throw Wrong(path);
        // WordNet's ids are names of folders, not words.
        return [.. item.EnumerateArray().Select(name => name.GetString()!.Trim()).OrderBy(IsWordNetId)];
    }

    static bool IsWordNetId(string name) => name is ['n', _, _, _, _, _, _, _, _] && name.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;

    static int Label(string text, string path) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int label) ? label : throw Wrong(path);

    static List<IReadOnlyList<string>> InOrder(IEnumerable<(int Label, IReadOnlyList<string> Names)> classes, string path)
    {
        var sorted = classes.OrderBy(entry => entry.Label).ToList();
        foreach (var (i, entry) in sorted.Index())
            if (entry.Label != i)
                throw new InvalidDataException(
                    $"{path}: the labels should be 0 to {sorted.Count - 1}, each once; there is {entry.Label} in the place of {i}");
        return [.. sorted.Select(entry => entry.Names)];
    }

    static InvalidDataException Wrong(string path) => new($"{path}: a list of classes in JSON is an array of names, as [\"cat\", \"dog\"], "
        + "labels to names, as {\"0\": \"cat\"}, or names to labels, as {\"cat\": 0}");
}
