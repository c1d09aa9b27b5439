using System.CommandLine;

namespace Silc.Samples.Options;

/// <summary>Usual forms of options: a text, a whole number or a number with a default, a number that may be left out, a word of several.</summary>
static class OptionForm
{
    public static Option<string> Text(string name, string help, string usual, string value) =>
        new(name) { Description = help, HelpName = value, DefaultValueFactory = _ => usual };

    public static Option<int> Number(string name, string help, int usual) =>
        new(name) { Description = help, HelpName = "N", DefaultValueFactory = _ => usual };

    public static Option<double> Real(string name, string help, double usual) =>
        new(name) { Description = help, HelpName = "X", DefaultValueFactory = _ => usual };

    public static Option<double?> Perhaps(string name, string help) => new(name) { Description = help, HelpName = "X" };

    public static Option<T> Choice<T>(string name, string help, T usual, params T[] except) where T : struct, Enum
    {
        var option = new Option<T>(name) { Description = help, DefaultValueFactory = _ => usual }.Except(except);
        option.HelpName = string.Join('|', StrictValues.WordsOf(option)!);
        return option;
    }
}
