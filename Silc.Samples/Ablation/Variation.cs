using System.CommandLine;
using System.CommandLine.Parsing;

namespace Silc.Samples.Ablation;

/// <summary>
/// The recipe with some options changed, <c>silc ablate --vary "--koleo 0"</c>, beside the recipe itself: what a single choice brings. Its
/// options are its name, so that a row of the table says how it was made.
/// </summary>
/// <param name="Name">Of its rung.</param>
/// <param name="Line">All its options.</param>
sealed record Variation(string Name, ParseResult Line)
{
    const string Unchanged = "the recipe";

    // Of all runs, or without a say in what is learned.
    static readonly Option[] common = [TrainOptions.Device, TrainOptions.Precision, TrainOptions.Tokenizer, TrainOptions.Seed];

    // They choose what a --set of the recipe, as configuration files have it for every value, would take back.
    static readonly Option[] sizes = [TrainOptions.Preset, ViewOptions.Recipe];

    /// <summary>The recipe and its variations.</summary>
    /// <param name="recipe">The recipe's line, of <see cref="TrainLine.Bare"/>.</param>
    /// <param name="given">Options of each variation, as they are typed.</param>
    /// <exception cref="ArgumentException">One is empty, twice there, or has an option that a variation cannot change.</exception>
    public static IReadOnlyList<Variation> Of(ParseResult recipe, IEnumerable<string> given)
    {
        List<Variation> all = [new(Unchanged, recipe)];
        foreach (var text in given)
        {
            var variation = Of(recipe, text);
            if (all.Any(known => known.Name == variation.Name)) throw new ArgumentException($"{Said(text)} is given twice");
            all.Add(variation);
        }
        return all;
    }

    /// <summary>Its run.</summary>
    /// <exception cref="ArgumentException">A value does not fit; the message names the variation.</exception>
    public AblationRun Run(Tokenizer tokenizer, ContrastiveKind loss, int seed)
    {
        try
        {
            var training = TrainOptions.TrainingOf(Line) with { Seed = seed };
            return new(Name, (TrainOptions.ModelOf(Line, tokenizer) with { Contrastive = loss }).Check(), training, [(Name, false)],
                [.. LossTerm.Of(training)]);
        }
        catch (ArgumentException wrong) when (Name != Unchanged)
        {
            throw new ArgumentException($"{Said(Name)}: {wrong.Message}", wrong);
        }
    }

    /// <summary>The runs of all variations.</summary>
    /// <exception cref="ArgumentException">A value does not fit, or a variation is the recipe; the message names it.</exception>
    public static IReadOnlyList<AblationRun> Runs(IReadOnlyList<Variation> all, Tokenizer tokenizer, ContrastiveKind loss, int seed)
    {
        AblationRun[] runs = [.. all.Select(variation => variation.Run(tokenizer, loss, seed))];
        foreach (var run in runs.Skip(1))
            if (!ConfigJson.Differences(runs[0].Model, run.Model).Concat(ConfigJson.Differences(runs[0].Training, run.Training)).Any())
                throw new ArgumentException($"{Said(run.Name)} is the recipe, which has these values already");
        return runs;
    }

    static Variation Of(ParseResult recipe, string text)
    {
        string[] words = [.. CommandLineParser.SplitCommandLine(text)];
        var typed = TrainLine.Bare().Parse(words);
        if (typed.Errors.Count > 0) throw new ArgumentException($"{Said(text)}: {typed.Errors[0].Message}");
        var (changed, values) = (TrainLine.Given(typed), TrainLine.Given(recipe));
        if (changed.Count == 0) throw new ArgumentException($"{Said(text)} changes nothing: write options of silc ablate, as \"--koleo 0\"");
        foreach (var (name, value) in changed)
        {
            if (!TrainOptions.Recipe.Except(common).Any(option => option.Name == name))
                throw new ArgumentException($"{Said(text)}: {name} is no part of a recipe that can vary; it is the same for all runs, or none of "
                    + "silc ablate");
            if (sizes.Any(option => option.Name == name) && values.GetValueOrDefault(TrainOptions.Set.Name, []).FirstOrDefault(word =>
                word.StartsWith($"{ConfigTree.Model}.", StringComparison.Ordinal)) is { } set)
                throw new ArgumentException($"{Said(text)}: the recipe sets values of the model, {set} among them, which stand above {name}: vary "
                    + "them by --set");
            values[name] = name == TrainOptions.Set.Name ? SetOption.Merge(values.GetValueOrDefault(name, []), value) : value;
        }
        var line = TrainLine.Parse(TrainLine.Bare(), values);
        return line.Errors.Count == 0 ? new(string.Join(' ', words), line)
            : throw new ArgumentException($"{Said(text)}: {line.Errors[0].Message}");
    }

    static string Said(string text) => $"--vary \"{text}\"";
}
