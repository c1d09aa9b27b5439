using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Silc.Samples.Options;

/// <summary>
/// The values of <see cref="SilcConfig"/> and <see cref="TrainConfig"/> as a tree of JSON, found by reflection: a value that a record gains is in
/// run.json, its schema and <c>--set</c> without a line here.
/// </summary>
static class ConfigTree
{
    /// <summary>The keys that hold the two records.</summary>
    public const string Model = "model", Training = "training";

    static readonly JsonSerializerOptions json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutComputed } },
    };

    /// <summary>A record as JSON.</summary>
    public static JsonObject Write<T>(T config) => JsonSerializer.SerializeToNode(config, json)!.AsObject();

    /// <summary>The record of what <see cref="Write"/> wrote.</summary>
    public static T Read<T>(JsonObject tree) => tree.Deserialize<T>(json)!;

    /// <summary>What values a record has, as a JSON schema, each with its default.</summary>
    /// <param name="usual">Where defaults are taken from.</param>
    /// <param name="notes">Whether each has what the code says of it, too: reading that takes longer than all else.</param>
    public static JsonObject Schema<T>(T usual, bool notes = false)
    {
        var schema = Record(typeof(T), notes);
        AddDefaults(schema, Write(usual));
        return schema;
    }

    /// <summary>The node at a path such as <c>image.width</c>; null where there is none.</summary>
    public static JsonNode? At(JsonNode? tree, string path) =>
        path.Split('.').Aggregate(tree, (node, key) => node is JsonObject inner ? inner[key] : null);

    /// <summary>Puts a value in the place of that at a path.</summary>
    public static void Put(JsonObject tree, string path, JsonNode? value)
    {
        var keys = path.Split('.');
        foreach (var key in keys[..^1]) tree = tree[key]!.AsObject();
        tree[keys[^1]] = value?.DeepClone();
    }

    /// <summary>The paths of all values, with them: <c>image.width</c>, <c>views.flip</c>. Lists, and records that may be missing, are one
    /// value.</summary>
    public static IEnumerable<(string Path, JsonObject Schema)> Leaves(JsonObject schema, string prefix = "") =>
        schema["properties"]!.AsObject().SelectMany(entry => IsBranch(entry.Value!.AsObject())
            ? Leaves(entry.Value!.AsObject(), $"{prefix}{entry.Key}.") : [($"{prefix}{entry.Key}", entry.Value!.AsObject())]);

    /// <summary>True for an object whose values are set one by one.</summary>
    public static bool IsBranch(JsonObject schema) => schema["type"] is JsonValue type && type.GetValueKind() == JsonValueKind.String
        && (string?)type == "object" && schema.ContainsKey("properties");

    // What follows from other values, such as the size of a head's heads, cannot be set.
    static void LeaveOutComputed(JsonTypeInfo info)
    {
        for (var i = info.Properties.Count - 1; i >= 0; i--)
            if (info.Properties[i].AttributeProvider is PropertyInfo { SetMethod: null }) info.Properties.RemoveAt(i);
    }

    static JsonObject Record(Type type, bool notes)
    {
        var properties = new JsonObject();
        var nullability = new NullabilityInfoContext();
        foreach (var property in type.GetProperties().Where(property => property.SetMethod is not null && !property.SetMethod.IsStatic))
        {
            var nullable = nullability.Create(property).ReadState == NullabilityState.Nullable;
            var schema = Of(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, notes);
            if (nullable) schema = OrNull(schema);
            if (notes && CodeNotes.Of(property) is { } note) schema.Insert(0, "description", note);
            properties[JsonNamingPolicy.CamelCase.ConvertName(property.Name)] = schema;
        }
        return new() { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
    }

    static JsonObject Of(Type type, bool notes)
    {
        if (type == typeof(int)) return new() { ["type"] = "integer" };
        if (type == typeof(double)) return Number();
        if (type == typeof(bool)) return new() { ["type"] = "boolean" };
        if (type == typeof(string)) return new() { ["type"] = "string" };
        if (type.IsEnum)
            return new()
            {
                ["enum"] = new JsonArray([.. Enum.GetNames(type).Select(name =>
                JsonValue.Create(JsonNamingPolicy.CamelCase.ConvertName(name)))])
            };
        if (type == typeof(ViewProbability))
            return new()
            {
                ["anyOf"] = new JsonArray(Probability(), new JsonObject
                {
                    ["type"] = "array",
                    ["items"] = Probability(),
                    ["minItems"] = 3,
                    ["maxItems"] = 3,
                }),
            };
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            return new() { ["type"] = "array", ["items"] = WithAll(Record(type.GetGenericArguments()[0], notes)) };
        return type.IsClass && type.Assembly == typeof(SilcConfig).Assembly ? Record(type, notes)
            : throw new NotSupportedException($"a configuration has a value of {type}: say in {nameof(ConfigTree)} what JSON it is");
    }

    static JsonObject Number() => new() { ["type"] = "number" };

    static JsonObject Probability() => new() { ["type"] = "number", ["minimum"] = 0.0, ["maximum"] = 1.0 };

    static JsonObject OrNull(JsonObject schema)
    {
        if (schema["enum"] is JsonArray names) names.Add(null);
        else schema["type"] = new JsonArray(schema["type"]!.DeepClone(), "null");
        return schema.ContainsKey("properties") ? WithAll(schema) : schema;
    }

    // What stands in a list, or may be missing as a whole, has no values to fall back on.
    static JsonObject WithAll(JsonObject schema)
    {
        schema["required"] = new JsonArray([.. schema["properties"]!.AsObject().Select(entry => JsonValue.Create(entry.Key))]);
        return schema;
    }

    static void AddDefaults(JsonObject schema, JsonNode? usual)
    {
        foreach (var (path, leaf) in Leaves(schema).ToList())
            if (At(usual, path) is { } value) leaf["default"] = value.DeepClone();
    }
}
