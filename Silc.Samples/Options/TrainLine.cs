using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Silc.Samples.Terminals;

namespace Silc.Samples.Options;

/// <summary>The options of <c>silc train</c> as checkpoints keep them, so that resuming needs none of them again.</summary>
static class TrainLine
{
    // The second: the preset of a recipe or file gave way to weights of both towers, beside which nobody can type it.
    const string Note = "silc train", PresetGaveWay = "silc train, the preset gave way";

    // Of one session, not of the run.
    static readonly Option[] passing = [TrainOptions.Out, TrainOptions.Resume, TrainOptions.Overwrite, TrainOptions.Minutes,
        TrainOptions.Config, TrainOptions.PrintConfig, TrainOptions.PrintSchema, TrainOptions.DryRun,
        TrainOptions.Collective, TrainOptions.CollectiveTimeout, TrainOptions.ShardMoments];

    // These change nothing that is learned but rounding, of device and precision; data that has moved is told by its size.
    static readonly Option[] free =
    [
        .. passing, TrainOptions.Data, LossOptions.Boxes, TrainOptions.Device, TrainOptions.Precision, TrainOptions.CudaGraph,
        TrainOptions.LogEvery, TrainOptions.MaxBad, TrainOptions.Steps,
        TrainOptions.OnCollapse, TrainOptions.Recompute, TrainOptions.Accumulate,
        TrainOptions.SaveEvery, TrainOptions.SaveMinutes, TrainOptions.Keep, TrainOptions.KeepEvery,
        // How fast it learns from here on: what was learned stays.
        TrainOptions.LearningRate, TrainOptions.Schedule, TrainOptions.Cooldown, TrainOptions.Timescale, TrainOptions.Shift, TrainOptions.Power,
        TrainOptions.RateEnd, TrainOptions.ScheduleFrom, TrainOptions.Stairs,
        // Looks at the model and leaves it alone.
        TrainOptions.ValData, TrainOptions.ValClasses, TrainOptions.ValEvery, TrainOptions.KeepBest, TrainOptions.Patience,
    ];

    /// <summary>What checkpoints keep of a line.</summary>
    /// <param name="parsed">The line.</param>
    /// <param name="presetGaveWay">The run began with weights of both towers, whatever preset its recipe or file names.</param>
    public static Dictionary<string, string> Notes(ParseResult parsed, bool presetGaveWay)
    {
        var values = Given(parsed).Where(entry => !passing.Any(option => option.Name == entry.Key)).ToDictionary();
        if (values.TryGetValue(TrainOptions.Data.Name, out var data))
            values[TrainOptions.Data.Name] = [DataOption.Absolute(data[0])];
        if (values.TryGetValue(PublishedSets.ImageFolder.Name, out var images))
            values[PublishedSets.ImageFolder.Name] = [Path.GetFullPath(images[0])];
        if (values.TryGetValue(LossOptions.Boxes.Name, out var boxes)) values[LossOptions.Boxes.Name] = [Path.GetFullPath(boxes[0])];
        if (values.TryGetValue(TrainOptions.ValData.Name, out var held)) values[TrainOptions.ValData.Name] = [DataOption.Absolute(held[0])];
        if (values.TryGetValue(TrainOptions.ValClasses.Name, out var list)) values[TrainOptions.ValClasses.Name] = [Path.GetFullPath(list[0]!)];
        Dictionary<string, string> notes = new() { [Note] = JsonSerializer.Serialize(values) };
        if (presetGaveWay) notes[PresetGaveWay] = "";
        return notes;
    }

    /// <summary>Whether the run began with weights of both towers, whatever preset its recipe or file names.</summary>
    public static bool HasPresetGivenWay(Checkpoint checkpoint) => checkpoint.Notes.ContainsKey(PresetGaveWay);

    /// <summary>The line that the checkpoint keeps with what is given now.</summary>
    /// <exception cref="ArgumentException">An option contradicts it.</exception>
    public static ParseResult Merge(ParseResult given, Checkpoint start, string folder)
    {
        var now = Given(given);
        var values = start.Notes.TryGetValue(Note, out var note)
            ? JsonSerializer.Deserialize<Dictionary<string, string[]>>(note)! : [];
        if (!values.ContainsKey(TrainOptions.Data.Name) && !now.ContainsKey(TrainOptions.Data.Name))
            throw new ArgumentException($"{start.Path} was not written by silc train, so it does not say what was trained on: give --data");
        if (now.TryGetValue(TrainOptions.Set.Name, out var set))
            now[TrainOptions.Set.Name] = SetOption.Merge(values.GetValueOrDefault(TrainOptions.Set.Name, []), set);
        Check(given, now, values, start);
        foreach (var (name, value) in now) values[name] = value;
        values.Remove(TrainOptions.Resume.Name);
        values[TrainOptions.Out.Name] = [folder];
        return Parse(given.CommandResult.Command, values);
    }

    /// <summary>The line that a run was trained by, and as one types it; null if another program trained it.</summary>
    public static (ParseResult Parsed, string Text)? Of(Checkpoint checkpoint, string folder)
    {
        if (!checkpoint.Notes.TryGetValue(Note, out var note)) return null;
        var values = JsonSerializer.Deserialize<Dictionary<string, string[]>>(note)!;
        values[TrainOptions.Out.Name] = [folder];
        var typed = values.Where(option => option.Key != TrainOptions.Preset.Name || !HasPresetGivenWay(checkpoint));
        var words = typed.SelectMany(option => option.Value is []
            ? [option.Key] : option.Value.SelectMany(value => new[] { option.Key, Shell.Quoted(value) }));
        return (Parse(Bare(), values), $"{Note} {string.Join(' ', words)}");
    }

    /// <summary>A command that reads a line and runs nothing.</summary>
    public static Command Bare()
    {
        var command = new Command("train");
        foreach (var option in TrainOptions.All) command.Add(option);
        return command;
    }

    static void Check(ParseResult given, Dictionary<string, string[]> now, Dictionary<string, string[]> before, Checkpoint start)
    {
        var bound = TrainOptions.All.Where(option => now.ContainsKey(option.Name) && !free.Contains(option)).ToList();
        if (bound.Count == 0) return;
        if (!start.Notes.ContainsKey(Note))
            throw new ArgumentException($"{bound[0].Name} is not for {start.Path}, which another program wrote: it holds the configuration, leave "
                + "the option out");
        var kept = Parse(given.CommandResult.Command, new(before) { [TrainOptions.Out.Name] = ["."] });
        var holds = new JsonObject { [ConfigTree.Model] = ConfigTree.Write(start.Config), [ConfigTree.Training] = ConfigTree.Write(start.Train) };
        foreach (var option in bound)
        {
            if (option == TrainOptions.Set)
            {
                CheckValues(now[option.Name], holds, start);
                continue;
            }
            // What the preset or the weights of --init gave is no contradiction when it is said.
            if (RunSchema.PathOf(option) is { } path && SetOption.IsSame(RunConfig.Node(option, given), ConfigTree.At(holds, path))) continue;
            var (was, value) = (kept.GetResult(option)?.GetValueOrDefault<object>(),
                given.GetResult(option)!.GetValueOrDefault<object>());
            if (was is string[] old && value is string[] words ? old.SequenceEqual(words) : Equals(was, value)) continue;
            if (!DataOption.Reading.Contains(option) && Same(option, given, kept,
                new(before) { [option.Name] = now[option.Name], [TrainOptions.Out.Name] = ["."] }, start)) continue;
            throw new ArgumentException($"{Shown(option, value)} contradicts {start.Path}, which was "
                + $"made {(was is null or "" or false or string[] { Length: 0 } ? $"without {option.Name}" : $"with {Shown(option, was)}")}: "
                + "leave it out, or begin a new run in another --out");
        }
    }

    static void CheckValues(string[] given, JsonObject holds, Checkpoint start)
    {
        List<string> other = [.. given.Where(word => !SetOption.IsSame(SetOption.Value(word), ConfigTree.At(holds, SetOption.PathOf(word))))];
        // What changes nothing that is learned may be another.
        other.RemoveAll(word => SetOption.PathOf(word) == "training.maxSkippedSteps");
        if (other.Count == 0) return;
        var before = other.Select(SetOption.PathOf).Select(path => SetOption.Write(path, ConfigTree.At(holds, path)));
        throw new ArgumentException($"{string.Join(' ', other.Select(word => $"--set {word}"))} contradicts {start.Path}, which was made with "
            + $"{string.Join(", ", before)}: leave it out, or begin a new run in another --out");
    }

    // Whether an option says in other words what holds already: the preset's own size, the same tokenizer at another place.
    static bool Same(Option option, ParseResult given, ParseResult kept, Dictionary<string, string[]> changed, Checkpoint start)
    {
        // Weights to begin with brought sizes that the line does not say, and patterns have no other words.
        if (kept.GetValue(TrainOptions.Init) is not null || option == TrainOptions.Freeze || option == TrainOptions.RateMultipliers) return false;
        if (start.Tokenizer is not { } origin) return false;
        if (option == TrainOptions.Tokenizer)
            return Tokenizers.Open(TrainOptions.TokenizerOf(given)).Origin?.Matches(origin) == true;
        var (tokenizer, line) = (origin.Open(), Parse(given.CommandResult.Command, changed));
        return TrainOptions.ModelOf(line, tokenizer) == TrainOptions.ModelOf(kept, tokenizer)
            && Comparable(TrainOptions.TrainingOf(line)) == Comparable(TrainOptions.TrainingOf(kept));

        // Lists are compared by reference.
        static TrainConfig Comparable(TrainConfig train) => train with
        {
            RateRules = [],
            DecayRules = [],
            Schedule = train.Schedule with { Stairs = [] }
        };
    }

    static string Shown(Option option, object? value) =>
        value is bool ? option.Name
            : $"{option.Name} {(value is string[] words ? string.Join($" {option.Name} ", words) : value)}"
                .Replace("Softmax", "softmax").Replace("Sigmoid", "sigmoid");

    /// <summary>The options that a line gives, with their words.</summary>
    public static Dictionary<string, string[]> Given(ParseResult parsed) =>
        TrainOptions.All.Select(option => (option.Name, Result: parsed.GetResult(option)))
        .Where(option => option.Result is { Implicit: false })
            .ToDictionary(option => option.Name, option => option.Result!.Tokens.Select(token => token.Value).ToArray());

    /// <summary>The line of these options.</summary>
    // With an equals sign, because words that start with @ or a hyphen mean other things alone.
    public static ParseResult Parse(Command command, Dictionary<string, string[]> values) => command.Parse(
        [.. values.SelectMany(option =>
            option.Value is [] or [""] ? option.Value.Prepend(option.Key) : option.Value.Select(value => $"{option.Key}={value}"))]);
}
