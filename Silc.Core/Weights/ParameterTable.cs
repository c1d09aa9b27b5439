namespace Silc;

/// <summary>
/// Every parameter of a model by name and shape, big_vision's (<see cref="BigVisionNames"/>). Layers take their shapes from it and cannot declare
/// what is not in it; the weight formats and the ONNX export walk through it.
/// </summary>
static class ParameterTable
{
    /// <summary>Of a student: towers and head.</summary>
    public static IReadOnlyDictionary<string, int[]> OfModel(SilcConfig config) =>
        Towers(config).Concat(Head(config)).ToDictionary(weight => weight.Name, weight => weight.Shape);

    /// <summary>Of an image tower alone.</summary>
    public static IReadOnlyDictionary<string, int[]> OfImageTower(SilcConfig config) =>
        Towers(config).Where(weight => weight.Name.StartsWith("img/", StringComparison.Ordinal)).ToDictionary(weight => weight.Name, weight =>
            weight.Shape);

    /// <summary>Of a teacher: image tower and head.</summary>
    public static IReadOnlyDictionary<string, int[]> OfTeacher(SilcConfig config) =>
        Towers(config).Where(weight => weight.Name.StartsWith("img/", StringComparison.Ordinal)).Concat(Head(config))
            .ToDictionary(weight => weight.Name, weight => weight.Shape);

    /// <summary>Names and shapes of both towers, t and b.</summary>
    public static IEnumerable<(string Name, int[] Shape)> Towers(SilcConfig config)
    {
        var (image, text) = (config.Image, config.Text);
        if (config.StemPatch is { } small)
        {
            var (each, channels) = (config.PatchSize / small, config.StemChannels);
            yield return ($"{BigVisionNames.Stem}/kernel", [small, small, 3, channels]);
            yield return ($"{BigVisionNames.Stem}/bias", [channels]);
            yield return (BigVisionNames.Patches, [each, each, channels, image.Width]);
        }
        else yield return (BigVisionNames.Patches, [config.PatchSize, config.PatchSize, 3, image.Width]);
        if (config.PatchBias) yield return ("img/embedding/bias", [image.Width]);
        yield return ("img/pos_embedding", [1, config.Grid * config.Grid, image.Width]);
        if (image.ClassToken)
        {
            yield return (BigVisionNames.ClassToken, [1, 1, image.Width]);
            yield return (BigVisionNames.ClassPosition, [1, 1, image.Width]);
        }
        if (image.Registers > 0) yield return (BigVisionNames.Registers, [1, image.Registers, image.Width]);
        if (image.PreNorm)
            foreach (var weight in Norm(BigVisionNames.PreNorm, image.Width)) yield return weight;
        foreach (var weight in Encoder(BigVisionNames.ImageEncoder, image)) yield return weight;
        if (config.TopBlocks > 0)
            foreach (var weight in Encoder(BigVisionNames.Top, config.Top)) yield return weight;
        if (config.ImagePooling == ImagePooling.Map)
            foreach (var weight in MapHead("img/MAPHead_0", image)) yield return weight;
        if (config.PreLogits is { } represented)
            foreach (var weight in Dense(BigVisionNames.PreLogits, image.Width, represented)) yield return weight;
        if (config.ImageHead is { } projected)
            foreach (var weight in Dense(BigVisionNames.ImageHead, config.PreLogits ?? image.Width, projected,
                config.ProjectionBias)) yield return weight;
        if (!config.HasText) yield break;
        yield return ("txt/Embed_0/embedding", [config.VocabSize, text.Width]);
        yield return ("txt/pos_embedding", [1, config.TextLength, text.Width]);
        foreach (var weight in Encoder(BigVisionNames.TextEncoder, text)) yield return weight;
        if (config.TextPooling == TextPooling.Map)
            foreach (var weight in MapHead(BigVisionNames.TextPool, text)) yield return weight;
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
            .Concat(head.Gains ? [(BigVisionNames.HeadGains, [head.Prototypes])] : []);
    }

    static IEnumerable<(string, int[])> Encoder(string name, TowerConfig tower) =>
        Enumerable.Range(0, tower.Depth).Select(i => $"{name}/encoderblock_{i}").SelectMany(block =>
            Norm($"{block}/LayerNorm_0", tower.Width)
            .Concat(Attention($"{block}/MultiHeadDotProductAttention_0", tower, tower.QkNorm))
            .Concat(Norm($"{block}/LayerNorm_1", tower.Width))
            .Concat(Mlp($"{block}/MlpBlock_0", tower))
            .Concat(tower.LayerScale is null ? [] : [($"{block}/LayerScale_0/scale", [tower.Width]), ($"{block}/LayerScale_1/scale", [tower.Width])]))
        .Concat(Norm($"{name}/encoder_norm", tower.Width));

    static IEnumerable<(string, int[])> MapHead(string name, TowerConfig tower) =>
    [
        ($"{name}/probe", [1, 1, tower.Width]), .. Attention($"{name}/MultiHeadDotProductAttention_0", tower),
        .. Norm($"{name}/LayerNorm_0", tower.Width), .. Mlp($"{name}/MlpBlock_0", tower),
    ];

    static IEnumerable<(string, int[])> Attention(string name, TowerConfig tower, bool qkNorm = false)
    {
        foreach (var part in new[] { "query", "key", "value" })
        {
            yield return ($"{name}/{part}/kernel", [tower.Width, tower.Heads, tower.HeadDim]);
            yield return ($"{name}/{part}/bias", [tower.Heads, tower.HeadDim]);
        }
        yield return ($"{name}/out/kernel", [tower.Heads, tower.HeadDim, tower.Width]);
        yield return ($"{name}/out/bias", [tower.Width]);
        if (!qkNorm) yield break;
        foreach (var part in new[] { "query_norm", "key_norm" })
            foreach (var weight in Norm($"{name}/{part}", tower.HeadDim)) yield return weight;
    }

    static IEnumerable<(string, int[])> Mlp(string name, TowerConfig tower) =>
        Dense($"{name}/Dense_0", tower.Width, tower.MlpDim).Concat(Dense($"{name}/Dense_1", tower.MlpDim, tower.Width));

    static IEnumerable<(string, int[])> Dense(string name, int inputs, int outputs, bool bias = true) =>
        bias ? [($"{name}/kernel", [inputs, outputs]), ($"{name}/bias", [outputs])] : [($"{name}/kernel", [inputs, outputs])];

    static IEnumerable<(string, int[])> Norm(string name, int width) => [($"{name}/scale", [width]), ($"{name}/bias", [width])];
}
