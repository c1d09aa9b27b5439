using System.Text.Json;

namespace Silc.Samples.Recipes;

/// <summary>What a configuration file reached, and must reach again: NAME.levels.json beside NAME.json.</summary>
/// <param name="Checks">One for each number.</param>
sealed record RecipeLevels(IReadOnlyList<RecipeCheck> Checks)
{
    static readonly JsonSerializerOptions strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>Reads the levels of a configuration file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file beside it.</exception>
    /// <exception cref="InvalidDataException">It is no list of checks.</exception>
    public static RecipeLevels Beside(string config)
    {
        var path = Path.ChangeExtension(config, ".levels.json");
        if (!File.Exists(config)) throw new FileNotFoundException($"{config}: no such file; name a configuration file of silc train");
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: no such file; it should say what {config} reached: {{\"checks\": [{{\"eval\": \"zero-shot\", "
                + "\"images\": \"\", \"method\": \"zero-shot by text\", \"metric\": \"shape\", \"atLeast\": 0.7, \"reached\": \"…\"}]}");
        try
        {
            var levels = JsonSerializer.Deserialize<RecipeLevels>(File.ReadAllText(path), strict)!;
            foreach (var check in levels.Checks)
                if (!(check.AtLeast is > 0 and <= 1)) throw new InvalidDataException($"{path}: \"atLeast\" of {check.Metric} is {check.AtLeast}, "
                    + "it is a fraction in (0, 1]");
            return levels.Checks.Count > 0 ? levels : throw new InvalidDataException($"{path}: no checks in it");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
    }
}

/// <summary>A number of an evaluation with the least that a good run reaches.</summary>
/// <param name="Eval">The evaluation and its options, as after <c>silc</c>: <c>eval segmentation --images 40</c>.</param>
/// <param name="Images">Part of the name of the set; the first set that has it counts.</param>
/// <param name="Method">Beginning of the method's name.</param>
/// <param name="Metric">Name of the number.</param>
/// <param name="AtLeast">The level, a fraction.</param>
/// <param name="Reached">What runs reached, in words, for whoever reads the file.</param>
sealed record RecipeCheck(string Eval, string Images, string Method, string Metric, double AtLeast, string Reached);
