using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Reflection;

namespace Silc.Samples.Options;

/// <summary>
/// How values of options are read: numbers with a decimal point, finite and in their range, choices by name. What is wrong is said in the user's
/// words; System.CommandLine's own reader takes 0,001 for 1 and speaks of System.Int32.
/// </summary>
static class StrictValues
{
    static readonly Dictionary<Option, (double Least, bool Included)> ranges = [];
    static readonly Dictionary<Option, string[]> choices = [];

    /// <summary>The option takes no number below <paramref name="least"/>.</summary>
    public static Option<T> From<T>(this Option<T> option, double least) => In(option, least, included: true);

    /// <summary>The option takes only numbers above <paramref name="least"/>.</summary>
    public static Option<T> Above<T>(this Option<T> option, double least) => In(option, least, included: false);

    /// <summary>The option takes only these words.</summary>
    public static Option<string?> OneOf(this Option<string?> option, string[] words)
    {
        choices[option] = words;
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var given }] && !words.Contains(given))
                result.AddError($"{option.Name} {given}: there are {string.Join(", ", words)}{Misspelling.Hint(given, words)}");
        });
        return option;
    }

    /// <summary>The option takes the words of its enumeration but for some.</summary>
    public static Option<T> Except<T>(this Option<T> option, params T[] values) where T : struct, Enum
    {
        choices[option] = [.. Enum.GetValues<T>().Except(values).Select(value => value.ToString().ToLowerInvariant())];
        return option;
    }

    /// <summary>The words that an option takes; null for one that takes any.</summary>
    public static string[]? WordsOf(Option option) => choices.TryGetValue(option, out var words) ? words
        : (Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType) is { IsEnum: true } type
            ? [.. Enum.GetNames(type).Select(name => name.ToLowerInvariant())] : null;

    /// <summary>The least number that an option takes, and whether that itself is taken; null where there is none.</summary>
    public static (double Least, bool Included)? RangeOf(Option option) => ranges.TryGetValue(option, out var range) ? range : null;

    /// <summary>Lets all options and arguments of a command and those below it be read so.</summary>
    public static void Apply(Command command)
    {
        foreach (var option in command.Options) Apply(option);
        foreach (var argument in command.Arguments.OfType<Argument<int>>())
            argument.CustomParser = result => Whole(result, argument.Name, null) ?? 0;
        foreach (var below in command.Subcommands) Apply(below);
    }

    static void Apply(Option option)
    {
        switch (option)
        {
            case Option<int> number: number.CustomParser = result => Whole(result, option.Name, option) ?? 0; break;
            case Option<int?> number: number.CustomParser = result => Whole(result, option.Name, option); break;
            case Option<double> number: number.CustomParser = result => Real(result, option.Name, option) ?? 0; break;
            case Option<double?> number: number.CustomParser = result => Real(result, option.Name, option); break;
            default:
                if ((Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType) is { IsEnum: true } choice)
                    Make(option.ValueType == choice ? nameof(ChooseOne) : nameof(ChooseAny), choice).Invoke(null, [option]);
                break;
        }
    }

    static MethodInfo Make(string method, Type choice) =>
        typeof(StrictValues).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(choice);

    static void ChooseOne<T>(Option<T> option) where T : struct, Enum => option.CustomParser = result => Choice<T>(result, option) ?? default;

    static void ChooseAny<T>(Option<T?> option) where T : struct, Enum => option.CustomParser = result => Choice<T>(result, option);

    static T? Choice<T>(ArgumentResult result, Option option) where T : struct, Enum
    {
        var given = result.Tokens[0].Value;
        var names = WordsOf(option)!;
        if (names.Contains(given.ToLowerInvariant())) return Enum.Parse<T>(given, ignoreCase: true);
        var there = names.Length == 1 ? "is" : "are";
        result.AddError($"{option.Name} {given}: there {there} {string.Join(", ", names)}{Misspelling.Hint(given, names)}");
        return null;
    }

    static double? Real(ArgumentResult result, string name, Option? option)
    {
        var given = result.Tokens[0].Value;
        if (double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value))
            return InRange(result, name, option, given, value) ? value : null;
        var pointed = given.Replace(',', '.');
        result.AddError(double.IsFinite(value) && !given.Contains(',') ? $"{name} {given}: '{given}' is no number"
            : !given.Contains(',') ? $"{name} {given}: a finite number is wanted"
            : double.TryParse(pointed, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
                ? $"{name} {given}: '{given}' is no number; write {pointed}"
            : $"{name} {given}: '{given}' is no number; write it without separators, and a decimal point");
        return null;
    }

    static int? Whole(ArgumentResult result, string name, Option? option)
    {
        var given = result.Tokens[0].Value;
        if (int.TryParse(given, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            || IsPower(given, out value)) return InRange(result, name, option, given, value) ? value : null;
        result.AddError(double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            ? Math.Abs(real) > int.MaxValue ? $"{name} {given}: at most {int.MaxValue:N0} are possible" : $"{name} {given}: a whole number is wanted"
            : given.Contains(',') ? $"{name} {given}: '{given}' is no whole number; write it without separators"
            : $"{name} {given}: '{given}' is no whole number");
        return null;
    }

    // People write 1e6 steps.
    static bool IsPower(string given, out int value)
    {
        value = 0;
        if (!given.Contains('e', StringComparison.OrdinalIgnoreCase)) return false;
        if (!double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) || real != Math.Floor(real)) return false;
        if (Math.Abs(real) > int.MaxValue) return false;
        value = (int)real;
        return true;
    }

    static bool InRange(ArgumentResult result, string name, Option? option, string given, double value)
    {
        if (option is null || !ranges.TryGetValue(option, out var range)) return true;
        if (value > range.Least || range.Included && value == range.Least) return true;
        result.AddError($"{name} {given}: it must be {(range.Included ? "at least" : "more than")} {range.Least}");
        return false;
    }

    static Option<T> In<T>(Option<T> option, double least, bool included)
    {
        ranges[option] = (least, included);
        return option;
    }
}
