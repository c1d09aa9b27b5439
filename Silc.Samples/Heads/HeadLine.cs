using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Silc.Samples.Terminals;

namespace Silc.Samples.Heads;

/// <summary>The line of <c>silc head train</c> as the folder of the head keeps it, so that the head can be asked about the same data.</summary>
/// <param name="Kind">Of <c>silc head train</c>: segment, detect, caption or answer.</param>
/// <param name="Options">Words of the options that were given, by name.</param>
sealed record HeadLine(string Kind, IReadOnlyDictionary<string, string[]> Options)
{
    /// <summary>Name of the file.</summary>
    public const string Name = "head.json";

    const string Model = "--model", Head = "--head", Data = "--data", Images = "--images", Device = "--device";

    static readonly JsonSerializerOptions indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    // What a file or folder may be named by: the training may have been begun in another folder than the one in which the head is asked.
    static readonly string[] places = [Data, Model, "--classes", "--image-folder", "--photographs", "--tokenizer", "--val-data"];

    /// <summary>What a line says.</summary>
    public static HeadLine Of(ParseResult parsed, string kind) => new(kind, parsed.CommandResult.Command.Options
        .Select(option => (option.Name, Result: parsed.GetResult(option))).Where(option => option.Result is { Implicit: false })
        .ToDictionary(option => option.Name, option => option.Result!.Tokens
            .Select(token => places.Contains(option.Name) ? Absolute(token.Value) : token.Value).ToArray()));

    /// <summary>That of a folder; null where it has none.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static HeadLine? Read(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<HeadLine>(File.ReadAllText(path), indented) is { Kind: not null, Options: not null } line ? line
                : throw new JsonException("it has no kind or no options");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} does not say how the head was trained: {error.Message}. Remove it, and give --data and --model");
        }
    }

    /// <summary>True for a file that <see cref="Write"/> wrote.</summary>
    public static bool IsOwn(string path)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        return json.RootElement.TryGetProperty("kind", out _) && json.RootElement.TryGetProperty("options", out _);
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    public void Write(string folder) => AtomicFile.WriteText(Path.Combine(folder, Name), JsonSerializer.Serialize(this, indented) + "\n");

    /// <summary>One of the words; null where the option was not given.</summary>
    public string? Word(string option) => Options.TryGetValue(option, out var words) && words is [var word, ..] ? word : null;

    /// <summary>The line as one types it.</summary>
    [JsonIgnore]
    public string Text => $"silc head train {Kind} {Typed(Options)}";

    /// <summary>Options as one types them.</summary>
    public static string Typed(IEnumerable<KeyValuePair<string, string[]>> options) => string.Join(' ', options.SelectMany(option =>
        option.Value is [] ? [option.Key] : option.Value.SelectMany(word => new[] { option.Key, Shell.Quoted(word) })));

    /// <summary>The options of a line that asks the head: those that training and asking share, with others in place of some.</summary>
    /// <param name="asking">The command that asks.</param>
    /// <param name="model">Whose head it is.</param>
    /// <param name="head">The head.</param>
    /// <param name="data">Other data; null takes those of the training, of which the program draws other scenes.</param>
    /// <param name="images">Number of scenes, where they are drawn.</param>
    /// <param name="device">Where; null takes that of the training.</param>
    public Dictionary<string, string[]> Asking(Command asking, string model, string head, string? data, int images, string? device)
    {
        var shared = asking.Options.Select(option => option.Name).ToHashSet();
        var options = Options.Where(option => shared.Contains(option.Key) && option.Key is not (Images or Head)).ToDictionary();
        (options[Model], options[Head]) = ([model], [head]);
        if (data is not null) options[Data] = [data];
        if (device is not null) options[Device] = [device];
        if (options.TryGetValue(Data, out var named) && HasOthers(named[0])) options[Images] = [$"{images}"];
        return options;
    }

    /// <summary>Reads a line of options.</summary>
    // With an equals sign, because words that start with @ or a hyphen mean other things alone.
    public static ParseResult Parse(Command command, IReadOnlyDictionary<string, string[]> options)
    {
        var parsed = command.Parse([.. options.SelectMany(option =>
            option.Value is [] or [""] ? option.Value.Prepend(option.Key) : option.Value.Select(word => $"{option.Key}={word}"))],
            new() { ResponseFileTokenReplacer = null });
        return parsed.Errors is [var error, ..] ? throw new ArgumentException(error.Message) : parsed;
    }

    /// <summary>True where the program has other images than those of training: it draws them, or keeps a part of the emoji.</summary>
    public static bool HasOthers(string data) =>
        Silc.Samples.Data.DemoSet.LevelOf(ReferenceData.SceneOf(data)) is not null || DataOption.EmojiFolder(data) is not null;

    // A path may stand behind the name of what it holds, as in masks:FOLDER.
    static string Absolute(string word)
    {
        static bool Exists(string path) => path.Length > 0 && (File.Exists(path) || Directory.Exists(path));
        if (Exists(word)) return Path.GetFullPath(word);
        int colon = word.IndexOf(':');
        return colon > 0 && Exists(word[(colon + 1)..]) ? word[..(colon + 1)] + Path.GetFullPath(word[(colon + 1)..]) : word;
    }
}
