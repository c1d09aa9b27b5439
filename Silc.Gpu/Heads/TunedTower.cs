namespace Silc;

/// <summary>
/// Towers that are trained along with a head: copies of the model's among the parameters of the head, so that the model stays as it is. What no rule
/// matches stays as in the model, a tower that no rule matches is not copied, and the head's file holds the rest. Threads: as for the head.
/// </summary>
sealed class TunedTower
{
    const float Epsilon = 1e-12f;

    static readonly string[] prefixes = ["img/", "txt/"];

    readonly SilcModel model;
    readonly Parameters parameters;

    /// <summary>Declares the towers' parameters; their values are the model's.</summary>
    /// <param name="model">Whose towers.</param>
    /// <param name="parameters">Of the head.</param>
    /// <param name="rules">Patterns of names and multipliers of the learning rate; the first match counts, and no match means frozen.</param>
    /// <exception cref="ArgumentException">A pattern matches no parameter of a tower, or nothing is left to tune.</exception>
    public TunedTower(SilcModel model, Parameters parameters, IReadOnlyList<RateRule> rules)
    {
        (this.model, this.parameters) = (model, parameters);
        string[] names = [.. model.Parameters.All.Select(p => p.Name).Where(IsTower)];
        foreach (var rule in rules)
        {
            rule.Check();
            Require.That(names.Any(name => ParameterPattern.Matches(rule.Pattern, name)),
                $"'{rule.Pattern}' matches no parameter of the towers; names are as {names[0]} and {names[^1]}");
        }
        Rules = [.. rules, .. prefixes.Select(prefix => new RateRule($"{prefix}.*", 0))];
        Names = names.Where(name => RateRule.For(Rules, name) > 0).ToHashSet();
        Require.That(Names.Count > 0, "every parameter of the towers has the multiplier 0: leave the rules out, and they are frozen");
        if (Tunes(prefixes[0])) Image = new(parameters, model.Config);
        if (Tunes(prefixes[1])) Text = new(parameters, model.Config);
        foreach (var p in parameters.All.Where(p => IsTower(p.Name)))
            p.Computed = () => model.Device.Download(model.Parameters[p.Name].Value.View);
    }

    /// <summary>The image tower; null where it is frozen.</summary>
    public VisionTransformer? Image { get; }

    /// <summary>The text tower; null where it is frozen.</summary>
    public TextTransformer? Text { get; }

    /// <summary>Multipliers of the learning rate of all parameters of the head: those of the towers that are not tuned have 0.</summary>
    public IReadOnlyList<RateRule> Rules { get; }

    /// <summary>What is tuned.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <summary>Number of values that are trained, with those of the head itself.</summary>
    public long Count => parameters.All.Where(Learns).Sum(p => (long)p.Count);

    static bool IsTower(string name) => Array.Exists(prefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    bool Tunes(string prefix) => Names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));

    bool Learns(Parameter p) => !IsTower(p.Name) || Names.Contains(p.Name);

    /// <summary>What the head makes of a step: loss, gradients of its own, and those of what it was given.</summary>
    /// <param name="features">Of the images; null where their tower is frozen.</param>
    /// <param name="gradients">Take theirs.</param>
    /// <param name="texts">Embeddings of the classes, of length 1; empty where their tower is frozen.</param>
    /// <param name="dTexts">Takes their gradient.</param>
    public delegate void Head(Tensor[]? features, Tensor[]? gradients, Tensor texts, Tensor dTexts);

    /// <summary>Queues a step: features of images and embeddings of texts, what the head makes of them, and the gradients of all.</summary>
    /// <param name="pass">Memory.</param>
    /// <param name="pixels">Images (B, side · side · 3) in [-1, 1]; not read where the image tower is frozen.</param>
    /// <param name="side">Their side.</param>
    /// <param name="wanted">What the head reads.</param>
    /// <param name="prompts">Of the classes; not read where the text tower is frozen.</param>
    /// <param name="head">The head.</param>
    public void Step(Pass pass, Tensor pixels, int side, IReadOnlyList<TowerFeature> wanted, PromptBatch prompts, Head head)
    {
        using var _ = pass.Frame();
        var (texts, dTexts, backTexts) = Text is null ? default : Embed(pass, prompts);
        if (Image is null) head(null, null, texts, dTexts);
        else
        {
            var (features, back) = Image.Trained(pass, pixels, side, wanted);
            Tensor[] gradients = [.. features.Select(feature => pass.Saved(feature.Rows, feature.Cols))];
            head(features, gradients, texts, dTexts);
            back(gradients);
        }
        backTexts?.Invoke();
        // What is frozen does not count in the norm that clipping looks at.
        foreach (var p in parameters.All)
            if (!Learns(p)) pass.Ops.Fill(p.Grad, 0);
    }

    // Directions of prompts, their mean for each text, and its direction, as ClassPrototypes has them.
    (Tensor Texts, Tensor Gradient, Action Back) Embed(Pass pass, PromptBatch prompts)
    {
        var ops = pass.Ops;
        var (y, backTower) = Text!.Forward(pass, prompts.Tokens);
        var (unit, norms) = (pass.Saved(y.Rows, y.Cols), pass.Saved(y.Rows, 1));
        ops.L2Normalize(y, unit, norms, Epsilon);
        int rows = prompts.Mean.Rows;
        var (mean, texts, lengths) = (pass.Saved(rows, y.Cols), pass.Saved(rows, y.Cols), pass.Saved(rows, 1));
        ops.MatMul(prompts.Mean, unit, mean);
        ops.L2Normalize(mean, texts, lengths, Epsilon);
        var dTexts = pass.Saved(rows, y.Cols);
        return (texts, dTexts, () =>
        {
            using var _ = pass.BackwardFrame();
            Tensor dMean = pass.Scratch(rows, y.Cols), dUnit = pass.Scratch(y.Rows, y.Cols), dy = pass.Scratch(y.Rows, y.Cols);
            ops.L2NormalizeBackward(dTexts, texts, lengths, dMean, Epsilon);
            ops.MatMul(prompts.Mean, dMean, dUnit, Transpose.A);
            ops.L2NormalizeBackward(dUnit, unit, norms, dy, Epsilon);
            backTower.Invoke(dy);
        }
        );
    }

    /// <summary>What a file holds: the head, and of the towers what is tuned.</summary>
    public IReadOnlyList<NamedArray> Arrays() => [.. parameters.ToArrays().Where(array => !IsTower(array.Name) || Names.Contains(array.Name))];

    /// <summary>Takes the values of a file, and of the model what it does not hold.</summary>
    public void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin)
    {
        var all = new Dictionary<string, NamedArray>(arrays);
        foreach (var p in parameters.All)
            if (!Learns(p)) all[p.Name] = new(p.Name, [.. p.Shape], model.Device.Download(model.Parameters[p.Name].Value.View));
        parameters.Load(all, origin: origin);
    }
}
