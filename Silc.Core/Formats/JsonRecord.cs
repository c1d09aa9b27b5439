using System.Globalization;
using System.Text.Json;

namespace Silc;

/// <summary>One record of a JSON file, and the errors that name the file, the record and the value. Threads: one at a time.</summary>
/// <param name="path">The file.</param>
/// <param name="place">Which record, as <c>annotations[17]</c>.</param>
/// <param name="root">Its content; gone after the call that handed it over.</param>
readonly struct JsonRecord(string path, string place, JsonElement root)
{
    /// <summary>The name of its array.</summary>
    public string Section => place[..place.IndexOf('[')];

    public JsonElement? Find(string name) => root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var found)
        && found.ValueKind != JsonValueKind.Null ? found : null;

    /// <summary>A whole number, or digits in a string: both occur as ids.</summary>
    public long Id(string name) => MaybeId(name) ?? throw Odd(name, "it should be a whole number");

    /// <summary>The same; null where it is missing.</summary>
    public long? MaybeId(string name) => Find(name) is not { } found ? null : IdOf(found) ?? throw Odd(name, "it should be a whole number");

    /// <summary>Ids in an array; null where it is missing.</summary>
    public IReadOnlyList<long>? Ids(string name)
    {
        if (Find(name) is not { } found) return null;
        if (found.ValueKind != JsonValueKind.Array) throw Odd(name, "it should be a list of whole numbers");
        var ids = new List<long>();
        foreach (var item in found.EnumerateArray()) ids.Add(IdOf(item) ?? throw Odd(name, "it should be a list of whole numbers"));
        return ids;
    }

    public string Text(string name) => MaybeText(name) ?? throw Odd(name, "it should be a text");

    public string? MaybeText(string name) => Find(name) is not { } found ? null
        : found.ValueKind == JsonValueKind.String ? found.GetString() : throw Odd(name, "it should be a text");

    /// <summary>Texts in an array; null where it is missing.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name) is not { } found) return null;
        if (found.ValueKind != JsonValueKind.Array) throw Odd(name, "it should be a list of texts");
        var texts = new List<string>();
        foreach (var item in found.EnumerateArray())
            texts.Add(item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Odd(name, "it should be a list of texts"));
        return texts;
    }

    public double Real(string name) => MaybeReal(name) ?? throw Odd(name, "it should be a number");

    public double? MaybeReal(string name) => Find(name) is not { } found ? null
        : found.ValueKind == JsonValueKind.Number && found.TryGetDouble(out double value) && double.IsFinite(value) ? value
            : throw Odd(name, "it should be a number");

    /// <summary>x, y, width and height.</summary>
    public Box Box(string name)
    {
        if (Find(name) is not { ValueKind: JsonValueKind.Array } found || found.GetArrayLength() != 4)
            throw Odd(name, "it should be left, top, width and height in pixels");
        var values = new double[4];
        foreach (var (i, item) in found.EnumerateArray().Index())
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetDouble(out values[i]) || !double.IsFinite(values[i]))
                throw Odd(name, "it should be left, top, width and height in pixels");
        return new(values[0], values[1], values[2], values[3]);
    }

    /// <summary>The records of an array inside of this one; none where it is missing.</summary>
    public IEnumerable<JsonRecord> Records(string name)
    {
        if (Find(name) is not { } found) return [];
        if (found.ValueKind != JsonValueKind.Array) throw Odd(name, "it should be a list");
        var (file, outer) = (path, place);
        return [.. found.EnumerateArray().Index().Select(item => new JsonRecord(file, $"{outer}.{name}[{item.Index}]", item.Item))];
    }

    /// <summary>An error about a value of this record.</summary>
    public InvalidDataException Odd(string name, string why)
    {
        var text = root.ValueKind == JsonValueKind.Object ? Find(name)?.GetRawText() ?? "missing" : "missing: the record is no object";
        return new($"{path}: {place}.{name} is {(text.Length > 80 ? $"{text[..80]}…" : text)}, {why}");
    }

    static long? IdOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetInt64(out long id) => id,
        JsonValueKind.Number when value.TryGetDouble(out double real) && real == Math.Floor(real) && Math.Abs(real) < 1e15 => (long)real,
        JsonValueKind.String when long.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out long id) => id,
        _ => null,
    };
}
