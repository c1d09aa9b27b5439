using System.CommandLine;
using System.Globalization;

namespace Silc.Samples.Options;

/// <summary>The value of <c>--augment</c>: which colour changes views get, by name, each with its probability.</summary>
static class AugmentOption
{
    public static Option<string> Create() => new("--augment")
    {
        Description = "Changes to views beside crops, separated by commas: flip, jitter, grey, blur, solarize, randconv, each with a probability "
            + "if you like (jitter=0.5), or three: first global view, other globals, locals (blur=1:0.1:0.5); "
            + "flip makes left and right in captions wrong.",
        HelpName = "LIST",
        DefaultValueFactory = _ => "none",
    };

    public static ViewConfig Apply(ViewConfig views, string list) =>
        list == "none" ? views : list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Aggregate(views, Add);

    // Probabilities where none is given: DINO's, for its first global view; random convolutions for half of the views.
    static ViewConfig Add(ViewConfig views, string item)
    {
        var (name, value) = item.Split('=') is [var n, var v] ? (n, v) : (item, null);
        ViewProbability Or(double usual) => value is null ? usual : value.Split(':') switch
        {
            [var all] => Probability(all),
            [var first, var others, var locals] => new ViewProbability(Probability(first), Probability(others), Probability(locals)),
            _ => throw new ArgumentException($"--augment {item}: give one probability, or three: first global view, other globals, locals"),
        };
        double Probability(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var p) && p is >= 0 and <= 1
            ? p
            : throw new ArgumentException($"--augment {item}: '{text}' is no probability in [0, 1]");
        return name switch
        {
            "flip" => views with { Flip = Or(0.5) },
            "jitter" => views with { Jitter = Or(0.8) },
            "grey" or "gray" => views with { Grey = Or(0.2) },
            "blur" => views with { Blur = Or(0.5) },
            "solarize" => views with { Solarize = Or(0.2) },
            "randconv" => views with { RandConv = Or(0.5) },
            _ => throw new ArgumentException($"--augment {item}: there are flip, jitter, grey, blur, solarize and randconv, or none"),
        };
    }
}
