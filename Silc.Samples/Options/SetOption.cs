using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Silc.Samples.Options;

/// <summary><c>--set model.image.width=256</c>: a value of the model or of training that has no option of its own.</summary>
static class SetOption
{
    public static Option<string[]> Create()
    {
        var option = new Option<string[]>("--set")
        {
            Description = "A value of the model or of training that has no option, e.g. model.image.width=256, model.patchSize=4, "
                + "model.head.prototypes=4096; can be given several times. silc train --print-config lists them all.",
            HelpName = "PATH=VALUE",
        };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (Complaint(token.Value) is { } complaint) result.AddError($"{option.Name} {token.Value}: {complaint}");
        });
        return option;
    }

    /// <summary>A value as the option takes it.</summary>
    public static string Write(string path, JsonNode? value) =>
        $"{path}={(value is JsonValue text && text.GetValueKind() == JsonValueKind.String ? (string)text! : value?.ToJsonString() ?? "null")}";

    /// <summary>All values given, the last of each path.</summary>
    public static string[] Merge(params IEnumerable<string>[] values) =>
        [.. values.SelectMany(one => one).GroupBy(PathOf).Select(same => same.Last())];

    /// <summary>What stands before the equals sign.</summary>
    public static string PathOf(string given) => given.Split('=')[0];

    /// <summary>A record with the values that are given for it.</summary>
    /// <param name="config">The record.</param>
    /// <param name="part">Where its values are: <see cref="ConfigTree.Model"/> or <see cref="ConfigTree.Training"/>.</param>
    /// <param name="given">Values of <c>--set</c>.</param>
    public static T Apply<T>(T config, string part, string[]? given)
    {
        var mine = (given ?? []).Where(value => value.StartsWith($"{part}.", StringComparison.Ordinal)).ToList();
        if (mine.Count == 0) return config;
        var tree = ConfigTree.Write(config);
        foreach (var value in mine) ConfigTree.Put(tree, PathOf(value)[(part.Length + 1)..], Value(value));
        return ConfigTree.Read<T>(tree);
    }

    /// <summary>True for values that are the same number, word, list or object.</summary>
    public static bool IsSame(JsonNode? one, JsonNode? other) =>
        JsonNode.DeepEquals(JsonNode.Parse(one?.ToJsonString() ?? "null"), JsonNode.Parse(other?.ToJsonString() ?? "null"));

    static string? Complaint(string given) => given.Contains('=') ? RunSchema.Complaint(PathOf(given), Value(given))
        : "write a path and a value, as model.image.width=256";

    /// <summary>What stands behind the equals sign: JSON, or a word without quotes.</summary>
    public static JsonNode? Value(string given)
    {
        var text = given[(given.IndexOf('=') + 1)..];
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
