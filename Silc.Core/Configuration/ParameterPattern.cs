using System.Text.RegularExpressions;

namespace Silc;

/// <summary>Regular expressions over whole slash-separated parameter names, as big_vision's configurations use them.</summary>
static class ParameterPattern
{
    public static bool Matches(string pattern, string name) => Regex.IsMatch(name, Whole(pattern));

    /// <exception cref="ArgumentException">It is no regular expression.</exception>
    public static void Check(string pattern)
    {
        try
        {
            _ = new Regex(Whole(pattern));
        }
        catch (RegexParseException wrong)
        {
            throw new ArgumentException($"'{pattern}' is no pattern of parameter names: {wrong.Message}; to match a whole tower say img/.*", wrong);
        }
    }

    static string Whole(string pattern) => $"^(?:{pattern})$";
}
