using System.Text.Json;
using System.Text.Json.Nodes;

namespace Silc.Samples.Options;

/// <summary>
/// Holds a JSON value against a schema of the words that <see cref="RunSchema"/> uses: type, enum, properties, items, bounds and anyOf.
/// </summary>
static class SchemaCheck
{
    /// <summary>What is wrong first, in a sentence that begins with the key's path; null if nothing is.</summary>
    /// <param name="value">The value.</param>
    /// <param name="schema">What it has to be.</param>
    /// <param name="path">Of the value; empty for the whole.</param>
    /// <param name="elsewhere">Says of a key that the schema lacks where its value belongs; null where nothing is known.</param>
    public static string? Complaint(JsonNode? value, JsonObject schema, string path = "", Func<string, string?>? elsewhere = null)
    {
        if (schema["anyOf"] is JsonArray choices)
            return choices.Any(choice => Complaint(value, choice!.AsObject(), path) is null) ? null
                : $"{Name(path)} is {Text(value)}, it must be {string.Join(", or ", choices.Select(choice => Words(choice!.AsObject())))}";
        if (schema["enum"] is JsonArray names)
        {
            if (names.Any(name => JsonNode.DeepEquals(name, value))) return null;
            List<string> words = [.. names.OfType<JsonNode>().Select(name => $"{name}")];
            return $"{Name(path)} is {Text(value)}: there are {string.Join(", ", words)}"
                + (value?.GetValueKind() == JsonValueKind.String ? NearWord.Hint((string)value!, words) : "");
        }
        if (schema["type"] is { } && !Types(schema).Any(type => Is(value, type)))
            return $"{Name(path)} is {Text(value)}, it must be {Words(schema)}";
        return value switch
        {
            JsonObject inner when schema["properties"] is JsonObject known => OfObject(inner, schema, known, path, elsewhere),
            JsonArray list => OfList(list, schema, path),
            JsonValue number when number.GetValueKind() == JsonValueKind.Number => OfNumber(number, schema, path),
            _ => null,
        };
    }

    static string? OfObject(JsonObject inner, JsonObject schema, JsonObject known, string path, Func<string, string?>? elsewhere)
    {
        foreach (var (key, value) in inner)
        {
            var at = path == "" ? key : $"{path}.{key}";
            if (known[key] is JsonObject one)
            {
                if (Complaint(value, one, at, elsewhere) is { } complaint) return complaint;
            }
            else if (schema["additionalProperties"]?.GetValueKind() == JsonValueKind.False)
                return $"there is no key '{at}'{elsewhere?.Invoke(at) ?? NearWord.Hint(key, known.Select(entry => entry.Key))}";
        }
        return schema["required"] is JsonArray required && required.Select(key => $"{key}").FirstOrDefault(key =>
            !inner.ContainsKey(key)) is { } missing
            ? $"{Name(path)} lacks '{missing}'" : null;
    }

    static string? OfList(JsonArray list, JsonObject schema, string path)
    {
        if (list.Count < ((int?)schema["minItems"] ?? 0) || list.Count > ((int?)schema["maxItems"] ?? int.MaxValue))
            return $"{Name(path)} has {list.Count} values, it must have {schema["minItems"]}";
        if (schema["items"] is not JsonObject items) return null;
        return list.Select((value, i) => Complaint(value, items, $"{path}[{i}]")).FirstOrDefault(complaint => complaint is not null);
    }

    static string? OfNumber(JsonValue value, JsonObject schema, string path)
    {
        var number = Number(value);
        if (!double.IsFinite(number)) return $"{Name(path)} is {Text(value)}, it must be finite";
        if (schema["minimum"] is { } least && number < (double)least) return $"{Name(path)} is {Text(value)}, it must be at least {least}";
        if (schema["maximum"] is { } most && number > (double)most) return $"{Name(path)} is {Text(value)}, it must be at most {most}";
        return schema["exclusiveMinimum"] is { } above && number <= (double)above ? $"{Name(path)} is {Text(value)}, it must be more than {above}"
            : null;
    }

    static bool Is(JsonNode? value, string type) => (value?.GetValueKind() ?? JsonValueKind.Null) switch
    {
        JsonValueKind.Null => type == "null",
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        JsonValueKind.String => type == "string",
        JsonValueKind.Array => type == "array",
        JsonValueKind.Object => type == "object",
        _ => type == "number" || type == "integer" && Number(value!.AsValue()) is var number && number == Math.Floor(number)
            && Math.Abs(number) <= int.MaxValue,
    };

    static double Number(JsonValue value) =>
        double.Parse(value.ToJsonString(), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture);

    static IEnumerable<string> Types(JsonObject schema) => schema["type"] is JsonArray many ? many.Select(type => $"{type}") : [$"{schema["type"]}"];

    static string Words(JsonObject schema) => schema["enum"] is JsonArray names ? $"one of {string.Join(", ", names.Select(Text))}"
        : string.Join(" or ", Types(schema).Select(type => type switch
        {
            "integer" => "a whole number",
            "number" => "a number",
            "string" => "a text in quotes",
            "boolean" => "true or false",
            "array" => schema["minItems"] is { } count ? $"a list of {count} values" : "a list",
            "null" => "null",
            _ => "an object in braces",
        }));

    static string Name(string path) => path == "" ? "the whole" : $"'{path}'";

    static string Text(JsonNode? value) => value?.ToJsonString() ?? "null";
}
