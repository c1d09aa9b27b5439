using System.CommandLine;
using System.Text.Json.Nodes;

namespace Silc.Samples.Options;

/// <summary>
/// The JSON schema of run.json: a key for every option of <c>silc train</c> by its name, and <c>model</c> and <c>training</c> for the values of
/// <see cref="SilcConfig"/> and <see cref="TrainConfig"/> that no option sets. Made from the options and, by reflection, from the records.
/// </summary>
static class RunSchema
{
    /// <summary>The key by which editors find a schema.</summary>
    public const string Reference = "$schema";

    /// <summary>The name that <see cref="Reference"/> has in what --print-config prints.</summary>
    public const string FileName = "run.schema.json";

    // Values that options set, by their paths in the records. A loss finds its weight by itself.
    static readonly (Option Option, string[] Paths)[] bound =
    [
        (TrainOptions.ImageSize, ["model.imageSize"]), (TrainOptions.TextLength, ["model.textLength"]),
        (TrainOptions.Contrastive, ["model.contrastive"]), (TrainOptions.Pooling, ["model.textPooling"]),
        (TrainOptions.HeadGains, ["model.head.gains"]), (TrainOptions.Temperature, ["model.temperatureInit"]),
        (TrainOptions.Bias, ["model.biasInit"]), (TrainOptions.GlobalViews, ["model.views.global"]),
        (TrainOptions.LocalViews, ["model.views.local"]), (TrainOptions.MinCrop, ["model.views.globalScaleMin"]),
        (ViewOptions.Augment,
            ["model.views.flip", "model.views.jitter", "model.views.grey", "model.views.blur", "model.views.solarize", "model.views.randConv"]),
        (ViewOptions.Resize, ["model.views.filter"]), (ViewOptions.Naflex, ["model.views.naflex", "model.views.naflexChoices"]),
        (ViewOptions.NaflexMin, ["model.views.naflexMin"]),
        (TrainOptions.Batch, ["training.batchSize"]), (TrainOptions.Steps, ["training.totalSteps"]), (TrainOptions.Seed, ["training.seed"]),
        (TrainOptions.Optimizer, ["training.optimizer"]), (TrainOptions.LearningRate, ["training.learningRate"]),
        (TrainOptions.WeightDecay, ["training.weightDecay"]), (TrainOptions.WeightDecayEnd, ["training.weightDecayEnd"]),
        (TrainOptions.Beta1, ["training.beta1"]), (TrainOptions.Beta2, ["training.beta2"]), (TrainOptions.Epsilon, ["training.epsilon"]),
        (TrainOptions.HalfMomentum, ["training.bFloat16Momentum"]), (TrainOptions.ClipNorm, ["training.clipNorm"]),
        (TrainOptions.ClipByTensor, ["training.clipByTensor"]), (TrainOptions.Schedule, ["training.schedule.kind"]),
        (TrainOptions.Warmup, ["training.schedule.warmupSteps"]), (TrainOptions.Cooldown, ["training.schedule.cooldownSteps"]),
        (TrainOptions.Timescale, ["training.schedule.timescale"]), (TrainOptions.Shift, ["training.schedule.shift"]),
        (TrainOptions.Power, ["training.schedule.power"]), (TrainOptions.RateEnd, ["training.schedule.end"]),
        (TrainOptions.ScheduleFrom, ["training.schedule.from"]),
        (TrainOptions.Stairs, ["training.schedule.stairs"]), (TrainOptions.Ema, ["training.emaMomentum"]),
        (TrainOptions.EmaEnd, ["training.emaMomentumEnd"]), (TrainOptions.ContrastiveWeight, ["training.contrastiveWeight"]),
        (TrainOptions.StudentTemperature, ["training.studentTemperature"]), (TrainOptions.TeacherTemperature, ["training.teacherTemperature"]),
        (TrainOptions.TeacherTemperatureStart, ["training.teacherTemperatureStart"]),
        (TrainOptions.TeacherTemperatureWarmup, ["training.teacherTemperatureWarmup"]),
        (TrainOptions.CenterMomentum, ["training.centerMomentum"]), (TrainOptions.Centers, ["training.centering"]), (TrainOptions.FrozenLastLayer,
            ["training.frozenLastLayerSteps"]),
        (TrainOptions.MaxScale, ["training.logitScaleMax"]), (TrainOptions.GlobalToGlobal, ["training.globalToGlobal"]),
        (TrainOptions.Recompute, ["training.recompute"]), (TrainOptions.Accumulate, ["training.accumulate"]),
        (TrainOptions.Freeze, ["training.rateRules"]), (TrainOptions.RateMultipliers, ["training.rateRules"]),
        (LossOptions.Anchor, ["training.gram.anchor"]), (LossOptions.AnchorEvery, ["training.gram.every"]),
        (LossOptions.AnchorCopies, ["training.gram.copies"]), (LossOptions.AnchorScale, ["model.views.anchorScale"]),
        (LossOptions.DecoderParallel, ["training.decoderParallel"]), (LossOptions.LocatedLength, ["model.views.located"]),
        (LossOptions.MaskRatio, ["training.masks.ratio"]), (LossOptions.MaskRatioMax, ["training.masks.ratioMax"]),
        (LossOptions.MaskImages, ["training.masks.images"]), (LossOptions.MaskPatches, ["training.masks.kind"]),
        (LossOptions.MaskAllPatches, ["training.masks.allPatches"]), (LossOptions.SharedHead, ["training.masks.sharedHead"]),
        .. LossOptions.Spans.SelectMany(span => new[] { span.Start, span.End }).Select(option => (option as Option, new[] { "training.spans" })),
        .. LossOptions.Weights.Select(loss => (loss.Option as Option, (string[])
            [$"training.{WeightOf(loss.Term)}", .. loss.Term == LossTerm.Dual ? (string[])["model.views.secondCaption"] : []])),
    ];

    // What nobody may set, with the reason.
    static readonly Dictionary<string, string> fixedValues = new()
    {
        ["model.vocabSize"] = "the tokenizer has it: give 'tokenizer'",
        ["model.hasText"] = "training always has a text tower",
    };

    static readonly Lazy<JsonObject> document = new(() => Make(false));

    /// <summary>Options that a file can give: all but those about the file itself, the folder of an earlier run and what ends at once.</summary>
    public static IReadOnlyList<Option> Options { get; } = [.. TrainOptions.All.Except(TrainOptions.OfTheLine)];

    /// <summary>The schema, without what the code says of values.</summary>
    public static JsonObject Document => document.Value;

    /// <summary>The schema for readers and editors, with what the code says of each value.</summary>
    public static JsonObject WithNotes => Make(true);

    /// <summary>The key of an option: its name.</summary>
    public static string KeyOf(Option option) => option.Name.TrimStart('-');

    /// <summary>The value that an option sets, as <c>model.imageSize</c>; null for one that sets none or several.</summary>
    public static string? PathOf(Option option) => bound.FirstOrDefault(entry => entry.Option == option) is { Paths: [var path] } ? path : null;

    /// <summary>The options that set a value of the records.</summary>
    public static IEnumerable<Option> OptionsOf(string path) => bound.Where(entry => entry.Paths.Contains(path)).Select(entry => entry.Option);

    /// <summary>Paths of all values that no option sets, with their schemas.</summary>
    public static IEnumerable<(string Path, JsonObject Schema)> Values => new[] { ConfigTree.Model, ConfigTree.Training }.SelectMany(part =>
        ConfigTree.Leaves(Document["properties"]![part]!.AsObject(), $"{part}."));

    /// <summary>What is wrong with a value of the records; null if nothing is.</summary>
    public static string? Complaint(string path, JsonNode? value)
    {
        if (Values.FirstOrDefault(known => known.Path == path) is { Schema: { } schema }) return SchemaCheck.Complaint(value, schema, path);
        return $"there is no value '{path}'{Elsewhere(path) ?? NearWord.Hint(path, Values.Select(known => known.Path))}";
    }

    /// <summary>Where a value belongs that is no key here: to an option, or to nobody.</summary>
    public static string? Elsewhere(string path)
    {
        if (fixedValues.TryGetValue(path, out var why)) return $": {why}";
        if (OptionsOf(path).Select(option => $"'{KeyOf(option)}'").ToList() is { Count: > 0 } keys)
            return $": {string.Join(" or ", keys)} at the top of the file, or {string.Join(" or ", OptionsOf(path).Select(option => option.Name))} "
                + $"on the line, sets it";
        if (TrainOptions.OfTheLine.FirstOrDefault(option => KeyOf(option) == path) is { } line) return $": {line.Name} is for the command line alone";
        if (Options.Select(KeyOf).FirstOrDefault(key => path.EndsWith($".{key}", StringComparison.Ordinal)) is { } top)
            return $": '{top}' at the top of the file sets it";
        // MlpDim and mlp_dim.
        if (Values.Concat(Options.Select(option => (Path: KeyOf(option), new JsonObject())))
            .Select(known => known.Path).FirstOrDefault(known => Plain(known) == Plain(path)) is { } meant) return $"; did you mean {meant}?";
        var near = path.Contains('.') ? "" : Misspelling.Hint($"--{path}", Options.Select(option => option.Name));
        return near == "" ? null : near.Replace("--", "");
    }

    static string Plain(string path) => path.Replace("_", "").Replace("-", "").ToLowerInvariant();

    static string WeightOf(LossTerm term)
    {
        var (usual, other) = (ConfigTree.Write(new TrainConfig()), ConfigTree.Write(term.WithWeight(new(), 0.123)));
        return usual.Single(entry => !JsonNode.DeepEquals(entry.Value, other[entry.Key])).Key;
    }

    static JsonObject Make(bool notes)
    {
        var properties = new JsonObject { [Reference] = new JsonObject { ["type"] = "string", ["description"] = "This schema, for editors." } };
        var usual = TrainLine.Parse(TrainLine.Bare(), []);
        foreach (var option in Options) properties[KeyOf(option)] = Of(option, usual);
        properties[ConfigTree.Model] = Part(ConfigTree.Model, ConfigTree.Schema(SilcConfig.Mini, notes),
            "Values of the model that no option sets; those of 'preset' or of the weights of 'init' unless given. Defaults are those of mini.");
        properties[ConfigTree.Training] = Part(ConfigTree.Training, ConfigTree.Schema(new TrainConfig(), notes),
            "Values of training that no option sets.");
        return new()
        {
            [Reference] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "A run of silc train",
            ["description"] = "silc train --config run.json; options on the command line win. null leaves a value to its default.",
            ["type"] = "object",
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
    }

    static JsonObject Part(string name, JsonObject schema, string description)
    {
        Prune(schema, name);
        schema["description"] = description;
        return schema;
    }

    static void Prune(JsonObject schema, string prefix)
    {
        var properties = schema["properties"]!.AsObject();
        foreach (var (key, value) in properties.ToList())
        {
            var path = $"{prefix}.{key}";
            if (fixedValues.ContainsKey(path) || bound.Any(entry => entry.Paths.Contains(path))) properties.Remove(key);
            else if (ConfigTree.IsBranch(value!.AsObject()))
            {
                Prune(value.AsObject(), path);
                if (value["properties"]!.AsObject().Count == 0) properties.Remove(key);
            }
        }
    }

    static JsonObject Of(Option option, ParseResult usual)
    {
        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        var schema = new JsonObject { ["description"] = option.Description };
        var words = StrictValues.WordsOf(option);
        if (words is not null) schema["enum"] = new JsonArray([.. words.Select(word => JsonValue.Create(word)), null]);
        else if (type == typeof(string[]))
        {
            schema["type"] = new JsonArray("array", "null");
            schema["items"] = new JsonObject { ["type"] = "string" };
        }
        else
            schema["type"] = new JsonArray(type == typeof(int) ? "integer" : type == typeof(double) ? "number" : type == typeof(bool) ? "boolean"
                : "string", "null");
        // One number needs no quotes.
        if (option == ViewOptions.Naflex) schema["type"]!.AsArray().Insert(0, "integer");
        if (StrictValues.RangeOf(option) is var (least, included)) schema[included ? "minimum" : "exclusiveMinimum"] = least;
        if (RunConfig.Node(option, usual) is { } value) schema["default"] = value;
        return schema;
    }
}
