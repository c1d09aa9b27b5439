using System.CommandLine;
using System.Globalization;
using System.Reflection;

namespace Silc.Samples.Options;

/// <summary>
/// Published values for <c>silc train</c>: a text with an option a line, as on the command line, and behind # where its value comes from. Those of
/// the program are resources; a user's own are files. Numbers of steps may be a share of --steps, as 10%.
/// </summary>
/// <param name="Name">Of the program's, or the path of a file.</param>
/// <param name="Text">As it was written.</param>
sealed record RecipeFile(string Name, string Text)
{
    const string Ending = ".recipe";

    // No field: TrainOptions needs the names above while it is made.
    static Option[] Outside => [TrainOptions.Data, .. DataOption.Reading, TrainOptions.Out, TrainOptions.Init, TrainOptions.Recipes,
        .. TrainOptions.OfTheLine.Where(option => option != TrainOptions.Set)];

    /// <summary>The program's own.</summary>
    public static IReadOnlyList<string> Names { get; } = ["silc", "siglip", "siglip2", "dino", "dinotxt", "clip"];

    /// <summary>One of the program's, or a file.</summary>
    /// <exception cref="FileNotFoundException">Neither; the message lists the names.</exception>
    public static RecipeFile Open(string nameOrFile)
    {
        if (!Names.Contains(nameOrFile))
            return File.Exists(nameOrFile) ? new(nameOrFile, string.Join('\n', Utf8File.ReadLines(nameOrFile)))
                : throw new FileNotFoundException($"there is no recipe '{nameOrFile}': there are {string.Join(", ", Names)}, or name a file "
                    + "like what silc recipes NAME prints");
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(nameOrFile + Ending)!;
        using var reader = new StreamReader(stream);
        return new(nameOrFile, reader.ReadToEnd());
    }

    /// <summary>The first line says what it is.</summary>
    public string Title => Text.Split('\n')[0].TrimStart('#', ' ');

    /// <summary>The line with the recipe's values where it gives none of its own.</summary>
    /// <exception cref="ArgumentException">A line is no option, or a value is wrong; the message names file and line.</exception>
    public ParseResult Under(ParseResult given)
    {
        var (values, own) = (Values(), TrainLine.Given(given));
        foreach (var (name, value) in own)
            values[name] = name == TrainOptions.Set.Name ? SetOption.Merge(values.GetValueOrDefault(name, []), value) : value;
        values.Remove(TrainOptions.Recipes.Name);
        if (values.TryGetValue(TrainOptions.Steps.Name, out var total))
            foreach (var option in TrainOptions.StepCounts.Where(option => values.ContainsKey(option.Name)))
                values[option.Name] = [.. values[option.Name].Select(value => Count(value, total[0], option.Name))];
        var parsed = TrainLine.Parse(given.CommandResult.Command, values);
        return parsed.Errors.Count == 0 ? parsed : throw new ArgumentException($"recipe {Name}: {parsed.Errors[0].Message}");
    }

    Dictionary<string, string[]> Values()
    {
        var values = new Dictionary<string, string[]>();
        foreach (var (i, line) in Text.Split('\n').Index())
        {
            var words = line.Split('#')[0].Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words is []) continue;
            if (TrainOptions.All.FirstOrDefault(option => option.Name == words[0]) is not { } option || Outside.Contains(option))
                throw new ArgumentException($"recipe {Name} line {i + 1}: '{words[0]}' is no option of silc train that a recipe can set"
                    + Misspelling.Hint(words[0], [.. TrainOptions.All.Except(Outside).Select(known => known.Name)]));
            values[option.Name] = [.. values.GetValueOrDefault(option.Name, []), .. words[1..]];
        }
        return values;
    }

    static string Count(string value, string total, string option)
    {
        if (!value.EndsWith('%')) return value;
        if (!double.TryParse(value.AsSpan(0, value.Length - 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var share)
            || share is not (>= 0 and <= 100)
            || !double.TryParse(total, NumberStyles.Float, CultureInfo.InvariantCulture, out var steps))
            throw new ArgumentException($"{option} {value}: a share of --steps {total} lies in 0% to 100%");
        return ((long)Math.Round(share / 100 * steps)).ToString(CultureInfo.InvariantCulture);
    }
}
