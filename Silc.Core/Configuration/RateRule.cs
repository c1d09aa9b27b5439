namespace Silc;

/// <summary>
/// Parameters whose whole name matches <paramref name="Pattern"/> learn at <paramref name="Multiplier"/> times the learning rate; weight
/// decay is not multiplied, as in big_vision's <c>lr_mults</c>. 0 freezes: neither gradient nor decay moves the parameter, and its gradient
/// does not count in the norm that clipping looks at. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Pattern">Regular expression over slash-separated names, e.g. <c>img/.*</c>; the first rule that matches counts.</param>
/// <param name="Multiplier">On the learning rate; where no rule matches it is 1.</param>
public sealed record RateRule(string Pattern, double Multiplier)
{
    /// <summary>The image tower frozen, for text to be tuned to it: Zhai et al. 2022 (LiT), arXiv:2111.07991.</summary>
    public static RateRule LockedImage { get; } = new("img/.*", 0);

    /// <summary>The multiplier for a parameter.</summary>
    public static double For(IReadOnlyList<RateRule> rules, string name) =>
        rules.FirstOrDefault(rule => ParameterPattern.Matches(rule.Pattern, name))?.Multiplier ?? 1;

    internal void Check()
    {
        ParameterPattern.Check(Pattern);
        Require.That(Multiplier >= 0 && double.IsFinite(Multiplier),
            $"the learning-rate multiplier of '{Pattern}' is {Multiplier}, it must be 0 or positive");
    }
}
