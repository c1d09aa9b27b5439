namespace Silc;

/// <summary>
/// An image tower that is trained along with a head: a copy of the model's among the parameters of the head, so that the model stays as it is. What
/// no rule matches stays as in the model, and the head's file holds the rest. Threads: as for the head.
/// </summary>
sealed class TunedTower
{
    const string Prefix = "img/";

    readonly SilcModel model;
    readonly Parameters parameters;

    /// <summary>Declares the tower's parameters; their values are the model's.</summary>
    /// <param name="model">Whose tower.</param>
    /// <param name="parameters">Of the head.</param>
    /// <param name="rules">Patterns of names and multipliers of the learning rate; the first match counts, and no match means frozen.</param>
    /// <exception cref="ArgumentException">A pattern matches no parameter of the image tower, or nothing is left to tune.</exception>
    public TunedTower(SilcModel model, Parameters parameters, IReadOnlyList<RateRule> rules)
    {
        (this.model, this.parameters) = (model, parameters);
        Image = new(parameters, model.Config);
        string[] names = [.. parameters.All.Select(p => p.Name).Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))];
        foreach (var rule in rules)
        {
            rule.Check();
            Require.That(names.Any(name => ParameterPattern.Matches(rule.Pattern, name)),
                $"'{rule.Pattern}' matches no parameter of the image tower, which alone is tuned along with a head; names are as {names[^1]}");
        }
        Rules = [.. rules, new($"{Prefix}.*", 0)];
        Names = names.Where(name => RateRule.For(Rules, name) > 0).ToHashSet();
        Require.That(Names.Count > 0, "every parameter of the image tower has the multiplier 0: leave the rules out, and it is frozen");
        foreach (var p in parameters.All.Where(p => names.Contains(p.Name)))
            p.Computed = () => model.Device.Download(model.Parameters[p.Name].Value.View);
    }

    /// <summary>The tower.</summary>
    public VisionTransformer Image { get; }

    /// <summary>Multipliers of the learning rate of all parameters of the head: those of the tower that are not tuned have 0.</summary>
    public IReadOnlyList<RateRule> Rules { get; }

    /// <summary>What is tuned.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <summary>Number of values that are trained, with those of the head itself.</summary>
    public long Count => parameters.All.Where(Learns).Sum(p => (long)p.Count);

    bool Learns(Parameter p) => !p.Name.StartsWith(Prefix, StringComparison.Ordinal) || Names.Contains(p.Name);

    /// <summary>
    /// Queues a step: features of images, what the head makes of them, and the gradients of both. The head writes those of the features.
    /// </summary>
    /// <param name="pass">Memory.</param>
    /// <param name="pixels">Images (B, side · side · 3) in [-1, 1].</param>
    /// <param name="side">Their side.</param>
    /// <param name="wanted">What the head reads.</param>
    /// <param name="head">Given features and the memory of their gradients: loss and gradients of the head.</param>
    public void Step(Pass pass, Tensor pixels, int side, IReadOnlyList<TowerFeature> wanted, Action<Tensor[], Tensor[]> head)
    {
        using var _ = pass.Frame();
        var (features, back) = Image.Trained(pass, pixels, side, wanted);
        Tensor[] gradients = [.. features.Select(feature => pass.Saved(feature.Rows, feature.Cols))];
        head(features, gradients);
        back(gradients);
        // What is frozen does not count in the norm that clipping looks at.
        foreach (var p in parameters.All)
            if (!Learns(p)) pass.Ops.Fill(p.Grad, 0);
    }

    /// <summary>What a file holds: the head, and of the tower what is tuned.</summary>
    public IReadOnlyList<NamedArray> Arrays() =>
        [.. parameters.ToArrays().Where(array => !array.Name.StartsWith(Prefix, StringComparison.Ordinal) || Names.Contains(array.Name))];

    /// <summary>Takes the values of a file, and of the model what it does not hold.</summary>
    public void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin)
    {
        var all = new Dictionary<string, NamedArray>(arrays);
        foreach (var p in parameters.All)
            if (!Learns(p)) all[p.Name] = new(p.Name, [.. p.Shape], model.Device.Download(model.Parameters[p.Name].Value.View));
        parameters.Load(all, origin: origin);
    }
}
