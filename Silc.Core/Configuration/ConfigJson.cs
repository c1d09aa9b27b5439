using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Silc;

/// <summary>Configurations as JSON, as the metadata of our files holds them.</summary>
static class ConfigJson
{
    static readonly JsonSerializerOptions options = new() { Converters = { new JsonStringEnumConverter() } };

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, options);

    /// <summary>The value of a key of the metadata.</summary>
    /// <exception cref="InvalidDataException">It is no such value; the message names file and key.</exception>
    public static T Read<T>(string text, string path, string key)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, options) ?? throw new JsonException("it is null");
        }
        catch (Exception wrong) when (wrong is JsonException or NotSupportedException)
        {
            throw new InvalidDataException($"{path}: '{key}' in its metadata cannot be read: {wrong.Message}", wrong);
        }
    }

    /// <summary>What differs between two configurations: names with both values, e.g. <c>Views.Local 4, now 2</c>.</summary>
    public static IEnumerable<string> Differences<T>(T one, T other) =>
        Differences("", JsonSerializer.SerializeToNode(one, options), JsonSerializer.SerializeToNode(other, options));

    static IEnumerable<string> Differences(string name, JsonNode? one, JsonNode? other)
    {
        if (one is JsonObject fields && other is JsonObject others)
            return fields.SelectMany(field =>
                Differences(name == "" ? field.Key : $"{name}.{field.Key}", field.Value, others[field.Key]));
        return JsonNode.DeepEquals(one, other) ? [] : [$"{name} {Text(one)}, now {Text(other)}"];
    }

    static string Text(JsonNode? node) => node?.ToJsonString().Trim('"') ?? "none";
}
