namespace Silc;

/// <summary>Parameters that do not learn: ranges of them, and whether a whole tower is frozen, which then needs no backward pass.</summary>
sealed class FrozenParameters
{
    readonly Parameters parameters;
    readonly List<(int Start, int Count)> ranges = [];

    /// <exception cref="ArgumentException">A rule matches no parameter, or everything is frozen; the message says which.</exception>
    public FrozenParameters(Parameters parameters, IReadOnlyList<RateRule> rules)
    {
        this.parameters = parameters;
        foreach (var rule in rules)
            if (!parameters.All.Any(p => ParameterPattern.Matches(rule.Pattern, p.Name)))
                throw new ArgumentException($"no parameter matches '{rule.Pattern}', which has the learning-rate multiplier {rule.Multiplier}; "
                    + $"names are {string.Join(", ", parameters.All.Select(p => p.Name.Split('/')[0]).Distinct().Select(Example))}");
        if (rules.Count == 0) return;
        bool IsFrozen(Parameter p) => RateRule.For(rules, p.Name) == 0;
        if (parameters.All.All(IsFrozen)) throw new ArgumentException("every parameter is frozen: nothing is left to train");
        bool Tower(string prefix) => parameters.All.Where(p => p.Name.StartsWith(prefix, StringComparison.Ordinal)).All(IsFrozen);
        (Image, Text) = (Tower("img/"), Tower("txt/"));
        const string top = BigVisionNames.Top + "/";
        IsLocked = !Image && parameters.All.Any(p => p.Name.StartsWith(top, StringComparison.Ordinal)) && parameters.All.Where(p =>
            p.Name.StartsWith("img/", StringComparison.Ordinal) && !p.Name.StartsWith(top, StringComparison.Ordinal)).All(IsFrozen);
        bool goesOn = false;
        foreach (var p in parameters.All)
        {
            var frozen = IsFrozen(p);
            if (frozen && goesOn) ranges[^1] = ranges[^1] with { Count = p.Offset + p.Count - ranges[^1].Start };
            else if (frozen) ranges.Add((p.Offset, p.Count));
            goesOn = frozen;
        }
    }

    /// <summary>The whole image tower is.</summary>
    public bool Image { get; }

    /// <summary>All of the image tower is but blocks on top of it (<see cref="SilcConfig.TopBlocks"/>).</summary>
    public bool IsLocked { get; }

    /// <summary>The whole text tower is.</summary>
    public bool Text { get; }

    /// <summary>Sets their gradients to 0, so that the norm is that of what learns.</summary>
    public void Clear(Ops ops)
    {
        foreach (var (start, count) in ranges) ops.Fill(parameters.Grads.Columns(start, count), 0);
    }

    string Example(string tower) => parameters.All.First(p => p.Name.Split('/')[0] == tower).Name;
}
