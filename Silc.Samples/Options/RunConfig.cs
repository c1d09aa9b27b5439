using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Silc.Samples.Training;

namespace Silc.Samples.Options;

/// <summary>
/// <c>silc train --config run.json</c>: the options of a run as a JSON file of the schema <see cref="RunSchema"/>, and what
/// <c>--print-config</c> writes.
/// </summary>
/// <param name="Path">Of the file.</param>
/// <param name="Values">Words of each option that it gives.</param>
sealed record RunConfig(string Path, IReadOnlyDictionary<string, string[]> Values)
{
    /// <summary>Its name in the folder of a run.</summary>
    public const string FileName = TrainSession.Values;

    static readonly JsonSerializerOptions indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a file and holds it against the schema.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no JSON, or a key or value is wrong; the message names file, key, value and remedy.</exception>
    public static RunConfig Open(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"--config {path}: no such file; silc train --print-config > {path} writes one");
        JsonNode? tree;
        try
        {
            tree = JsonNode.Parse(File.ReadAllBytes(path), documentOptions: new()
            {
                CommentHandling = JsonCommentHandling.Skip,
                AllowTrailingCommas = true,
                AllowDuplicateProperties = false,
            });
        }
        catch (JsonException wrong)
        {
            // Where, counted from 0, stands behind what.
            var what = wrong.Message.Split([" LineNumber:", " Path:"], StringSplitOptions.None)[0];
            throw new InvalidDataException($"--config {path}{(wrong.LineNumber is { } line ? $", line {line + 1}" : "")}: {what}", wrong);
        }
        if (SchemaCheck.Complaint(tree, RunSchema.Document, "", RunSchema.Elsewhere) is { } complaint)
            throw new InvalidDataException($"--config {path}: {complaint}{(complaint.EndsWith('?') ? "" : ".")} silc train --print-config lists "
                + $"what there is");
        return new(path, ValuesOf(tree!.AsObject()));
    }

    /// <summary>The line with the file's values where it gives none of its own.</summary>
    /// <exception cref="ArgumentException">A value is wrong; the message names the file.</exception>
    public ParseResult Under(ParseResult given)
    {
        var own = TrainLine.Given(given);
        var values = Values.ToDictionary();
        foreach (var (name, words) in own)
            values[name] = name == TrainOptions.Set.Name ? SetOption.Merge(values.GetValueOrDefault(name, []), words) : words;
        values.Remove(TrainOptions.Config.Name);
        var parsed = TrainLine.Parse(given.CommandResult.Command, values);
        return parsed.Errors.Count == 0 ? parsed : throw new ArgumentException($"--config {Path}: {parsed.Errors[0].Message}");
    }

    /// <summary>Makes something of a line; what fails because of a value of this file says so.</summary>
    /// <param name="file">Null where there is none.</param>
    /// <param name="parsed">The line with the file under it.</param>
    /// <param name="make">Throws <see cref="ArgumentException"/> for values that do not fit.</param>
    public static T Blame<T>(RunConfig? file, ParseResult parsed, Func<ParseResult, T> make)
    {
        try
        {
            return make(parsed);
        }
        catch (ArgumentException wrong) when (file is not null)
        {
            var line = TrainLine.Given(parsed);
            List<string> causes = [.. from entry in file.Values
                                      from word in entry.Key == TrainOptions.Set.Name ? entry.Value : [""]
                                      where line.TryGetValue(entry.Key, out var words) && (word == "" || words.Contains(word))
                                      where Passes(TrainLine.Parse(parsed.CommandResult.Command, Without(line, entry.Key, word)), make)
                                      select word == "" ? $"'{entry.Key.TrimStart('-')}' is {string.Join(' ', entry.Value.DefaultIfEmpty("true"))}"
                                          : $"'{SetOption.PathOf(word)}' is {word[(word.IndexOf('=') + 1)..]}"];
            if (causes.Count == 0) throw;
            throw new ArgumentException($"--config {file.Path}: {wrong.Message} ({string.Join("; ", causes)}): change it there, or by an option on "
                + $"the "
                + "line", wrong);
        }
    }

    /// <summary>All values of a run as a file for <see cref="Open"/>.</summary>
    /// <param name="parsed">Its line.</param>
    /// <param name="config">The model.</param>
    /// <param name="train">Its training.</param>
    /// <param name="reference">With a reference to the schema, for editors.</param>
    public static string Write(ParseResult parsed, SilcConfig config, TrainConfig train, bool reference)
    {
        var parts = new JsonObject { [ConfigTree.Model] = ConfigTree.Write(config), [ConfigTree.Training] = ConfigTree.Write(train) };
        var file = new JsonObject();
        if (reference) file[RunSchema.Reference] = RunSchema.FileName;
        foreach (var option in RunSchema.Options)
        {
            file[RunSchema.KeyOf(option)] = FromModel(option, config) is { } path ? ConfigTree.At(parts, path)?.DeepClone()
                : Node(option, parsed);
        }
        // Weights to begin with have sizes.
        if (parsed.GetValue(TrainOptions.Init) is not null) file[RunSchema.KeyOf(TrainOptions.Preset)] = null;
        foreach (var (path, _) in RunSchema.Values)
        {
            var keys = path.Split('.');
            var at = keys[..^1].Aggregate(file, (node, key) => (JsonObject)(node[key] ??= new JsonObject()));
            at[keys[^1]] = ConfigTree.At(parts, path)?.DeepClone();
        }
        return file.ToJsonString(indented) + "\n";
    }

    /// <summary>The value of an option as JSON; null where it is not given and has no default.</summary>
    public static JsonNode? Node(Option option, ParseResult parsed) => parsed.GetResult(option)?.GetValueOrDefault<object>() switch
    {
        null or "" => null,
        bool yes => yes,
        int number => number,
        double number => number,
        string text => text,
        Enum choice => choice.ToString().ToLowerInvariant(),
        string[] words => new JsonArray([.. words.Select(word => JsonValue.Create(word))]),
        var other => throw new NotSupportedException($"{option.Name} is {other}"),
    };

    // Sizes that the preset or the weights gave are said outright. What follows from the number of steps or images goes on to follow from it, and
    // without self-distillation there are no local views whose number could be said.
    static string? FromModel(Option option, SilcConfig config) =>
        option.ValueType != typeof(string) && RunSchema.PathOf(option) is { } path && path.StartsWith(ConfigTree.Model, StringComparison.Ordinal)
        && (option != TrainOptions.LocalViews || config.Views.Local > 0) ? path : null;

    static bool Passes<T>(ParseResult parsed, Func<ParseResult, T> make)
    {
        try
        {
            if (parsed.Errors.Count > 0) return false;
            make(parsed);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    static Dictionary<string, string[]> Without(Dictionary<string, string[]> line, string name, string word)
    {
        var left = new Dictionary<string, string[]>(line);
        if (word == "" || left[name] is [_]) left.Remove(name);
        else left[name] = [.. left[name].Where(one => one != word)];
        return left;
    }

    static Dictionary<string, string[]> ValuesOf(JsonObject tree)
    {
        var values = new Dictionary<string, string[]>();
        foreach (var option in RunSchema.Options)
            if (tree[RunSchema.KeyOf(option)] is { } value)
                values[option.Name] = value is JsonArray list ? [.. list.Select(word => $"{word}")]
                    : value.GetValueKind() == JsonValueKind.True ? []
                    : option.ValueType == typeof(int) || option.ValueType == typeof(int?) ? [Whole(value)]
                        : [value.GetValueKind() == JsonValueKind.False ? "false" : $"{value}"];
        string[] set = [.. RunSchema.Values.Where(known => Has(tree, known.Path)).Select(known => SetOption.Write(known.Path, ConfigTree.At(tree,
            known.Path)))];
        if (set.Length > 0) values[TrainOptions.Set.Name] = set;
        return values;
    }

    static bool Has(JsonObject tree, string path) =>
        path.LastIndexOf('.') is var dot && ConfigTree.At(tree, path[..dot]) is JsonObject inner && inner.ContainsKey(path[(dot + 1)..]);

    // 1e4 and 10000.0 are whole numbers of JSON.
    static string Whole(JsonNode value) => ((int)(double)value).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
