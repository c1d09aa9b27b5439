namespace Silc;

/// <summary>
/// Parameters whose whole name matches <paramref name="Pattern"/> decay with <paramref name="Multiplier"/> times the weight decay.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Pattern">Regular expression over slash-separated names; the first rule that matches counts.</param>
/// <param name="Multiplier">0 for no decay.</param>
public sealed record DecayRule(string Pattern, double Multiplier)
{
    /// <summary>big_vision's: kernels decay, nothing else does.</summary>
    public static IReadOnlyList<DecayRule> Default { get; } =
        [new(".*/kernel", 1), new("(.*/)?(bias|scale|embedding|pos_embedding|probe)|t|b", 0)];

    /// <summary>The multiplier for a parameter.</summary>
    /// <exception cref="ArgumentException">No rule covers the name.</exception>
    public static double For(IReadOnlyList<DecayRule> rules, string name) =>
        rules.FirstOrDefault(rule => ParameterPattern.Matches(rule.Pattern, name))?.Multiplier
        ?? throw new ArgumentException($"no weight-decay rule covers the parameter '{name}'; the rules "
        + $"are {string.Join(", ", rules.Select(r => $"'{r.Pattern}'"))}");
}
