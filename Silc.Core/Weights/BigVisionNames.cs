namespace Silc;

/// <summary>
/// big_vision's names and shapes (<c>models/vit.py</c>, <c>models/proj/image_text/text_transformer.py</c>, <c>two_towers.py</c>
/// in github.com/google-research/big_vision), which are those of Silc. A file has each layer by itself,
/// <c>encoderblock_3/…</c>, or, from runs with <c>scan=True</c>, all layers stacked along a first axis, <c>encoderblock/…</c>.
/// </summary>
static class BigVisionNames
{
    public const string Patches = "img/embedding/kernel", HeadPrefix = "head/", HeadGains = "head/prototypes/gain/kernel",
        LastLayerPrefix = "head/prototypes/", TeacherPrefix = "teacher/", ImageEncoder = "img/Transformer",
        TextEncoder = "txt/Encoder_0", ImageHead = "img/head", PreLogits = "img/pre_logits", ClassToken = "img/cls/embedding",
        ClassPosition = "img/cls/pos_embedding", PreNorm = "img/norm_pre", TextPool = "txt/MAPHead_0";

    /// <summary>What published files put in front of every name: flax's training state, nothing, or an old flax
    /// optimizer.</summary>
    public static readonly string[] Prefixes = ["params/", "", "opt/target/"];

    /// <summary>Names and shapes of both towers, t and b.</summary>
    public static IEnumerable<(string Name, int[] Shape)> Towers(SilcConfig config)
    {
        var (image, text) = (config.Image, config.Text);
        yield return (Patches, [config.PatchSize, config.PatchSize, 3, image.Width]);
        if (config.PatchBias) yield return ("img/embedding/bias", [image.Width]);
        yield return ("img/pos_embedding", [1, config.Grid * config.Grid, image.Width]);
        if (image.ClassToken)
        {
            yield return (ClassToken, [1, 1, image.Width]);
            yield return (ClassPosition, [1, 1, image.Width]);
        }
        if (image.PreNorm)
            foreach (var weight in Norm(PreNorm, image.Width)) yield return weight;
        foreach (var weight in Encoder(ImageEncoder, image)) yield return weight;
        if (config.ImagePooling == ImagePooling.Map)
            foreach (var weight in MapHead("img/MAPHead_0", image)) yield return weight;
        if (config.PreLogits is { } represented)
            foreach (var weight in Dense(PreLogits, image.Width, represented)) yield return weight;
        if (config.ImageHead is { } projected)
            foreach (var weight in Dense(ImageHead, config.PreLogits ?? image.Width, projected, config.ProjectionBias)) yield return weight;
        if (!config.HasText) yield break;
        yield return ("txt/Embed_0/embedding", [config.VocabSize, text.Width]);
        yield return ("txt/pos_embedding", [1, config.TextLength, text.Width]);
        foreach (var weight in Encoder(TextEncoder, text)) yield return weight;
        if (config.TextPooling == TextPooling.Map)
            foreach (var weight in MapHead(TextPool, text)) yield return weight;
        foreach (var weight in Dense("txt/head", text.Width, config.EmbedDim, config.ProjectionBias)) yield return weight;
        yield return ("t", [1]);
        if (config.Contrastive == ContrastiveKind.Sigmoid) yield return ("b", [1]);
    }

    /// <summary>Names and shapes of the self-distillation head, which only Silc's own files have.</summary>
    public static IEnumerable<(string Name, int[] Shape)> Head(SilcConfig config)
    {
        var head = config.Head;
        (int In, int Out)[] layers = [(config.EmbedDim, head.Hidden), (head.Hidden, head.Hidden), (head.Hidden, head.Bottleneck)];
        return layers.SelectMany((layer, i) => Dense($"head/Dense_{i}", layer.In, layer.Out))
            .Append(("head/prototypes/kernel", [head.Bottleneck, head.Prototypes]))
            .Concat(head.Gains ? [(HeadGains, [head.Prototypes])] : []);
    }

    /// <summary>The tensors of a file with that prefix; <paramref name="stacked"/> says of an encoder how its layers are
    /// stored.</summary>
    public static IEnumerable<WeightTensor> Tensors(SilcConfig config, bool head, string prefix = "",
        Func<string, bool>? stacked = null)
    {
        var weights = head ? Towers(config).Concat(Head(config)) : Towers(config);
        return weights.GroupBy(weight => prefix + FileName(weight.Name, stacked)).Select(group => group.Key == prefix
            + group.First().Name
            ? new WeightTensor(group.Key, group.First().Shape, Part(group.First()))
            : new WeightTensor(group.Key, [group.Count(), .. group.First().Shape], [.. group.Select(Part)]));
    }

    /// <summary>The tensor of one parameter of the towers.</summary>
    public static WeightTensor Tensor(SilcConfig config, string name)
    {
        var weight = Towers(config).First(weight => weight.Name == name);
        return new(name, weight.Shape, Part(weight));
    }

    /// <summary>The tensors of the EMA teacher in a checkpoint: image tower, head and center.</summary>
    public static IEnumerable<WeightTensor> Teacher(SilcConfig config) =>
        Towers(config).Where(weight => weight.Name.StartsWith("img/", StringComparison.Ordinal)).Concat(Head(config))
            .Append((Name: "center", Shape: [config.Head.Prototypes]))
            .Select(weight => new WeightTensor(TeacherPrefix + weight.Name, weight.Shape, Part(weight)));

    // img/Transformer/encoderblock_3/… is in img/Transformer/encoderblock/… where layers are stacked.
    static string FileName(string name, Func<string, bool>? stacked)
    {
        const string block = "/encoderblock_";
        int at = name.IndexOf(block, StringComparison.Ordinal);
        return at < 0 || stacked?.Invoke(name[..at]) != true ? name
            : $"{name[..(at + block.Length - 1)]}{name[name.IndexOf('/', at + 1)..]}";
    }

    static WeightPart Part((string Name, int[] Shape) weight) =>
        new(weight.Name, weight.Shape[..^1].Aggregate(1, (a, b) => a * b), weight.Shape[^1], WeightOrder.Same);

    static IEnumerable<(string, int[])> Encoder(string name, TowerConfig tower) =>
        Enumerable.Range(0, tower.Depth).Select(i => $"{name}/encoderblock_{i}").SelectMany(block =>
            Norm($"{block}/LayerNorm_0", tower.Width)
            .Concat(Attention($"{block}/MultiHeadDotProductAttention_0", tower))
            .Concat(Norm($"{block}/LayerNorm_1", tower.Width))
            .Concat(Mlp($"{block}/MlpBlock_0", tower)))
        .Concat(Norm($"{name}/encoder_norm", tower.Width));

    static IEnumerable<(string, int[])> MapHead(string name, TowerConfig tower) =>
    [
        ($"{name}/probe", [1, 1, tower.Width]), .. Attention($"{name}/MultiHeadDotProductAttention_0", tower),
        .. Norm($"{name}/LayerNorm_0", tower.Width), .. Mlp($"{name}/MlpBlock_0", tower),
    ];

    static IEnumerable<(string, int[])> Attention(string name, TowerConfig tower)
    {
        foreach (var part in new[] { "query", "key", "value" })
        {
            yield return ($"{name}/{part}/kernel", [tower.Width, tower.Heads, tower.HeadDim]);
            yield return ($"{name}/{part}/bias", [tower.Heads, tower.HeadDim]);
        }
        yield return ($"{name}/out/kernel", [tower.Heads, tower.HeadDim, tower.Width]);
        yield return ($"{name}/out/bias", [tower.Width]);
    }

    static IEnumerable<(string, int[])> Mlp(string name, TowerConfig tower) =>
        Dense($"{name}/Dense_0", tower.Width, tower.MlpDim).Concat(Dense($"{name}/Dense_1", tower.MlpDim, tower.Width));

    static IEnumerable<(string, int[])> Dense(string name, int inputs, int outputs, bool bias = true) =>
        bias ? [($"{name}/kernel", [inputs, outputs]), ($"{name}/bias", [outputs])] : [($"{name}/kernel", [inputs, outputs])];

    static IEnumerable<(string, int[])> Norm(string name, int width) => [($"{name}/scale", [width]), ($"{name}/bias", [width])];
}
