using System.Text.Json.Nodes;

namespace Silc.Tests;

/// <summary>Models of a few thousand parameters in every format.</summary>
static class TinyModels
{
    /// <summary>Both forms of GELU, sizes that differ everywhere, a last row and column of pixels that no patch covers.</summary>
    public static readonly SilcConfig Config = new(
        new(Width: 12, Depth: 2, Heads: 3, MlpDim: 20, Gelu: GeluKind.Exact), new(Width: 8, Depth: 3, Heads: 2, MlpDim: 10),
            ImageSize: 11, PatchSize: 3,
        TextLength: 5, VocabSize: 13, Head: new(Hidden: 6, Bottleneck: 4, Prototypes: 7),
            Views: new(Global: 2, Local: 2, LocalSize: 6),
        Contrastive: ContrastiveKind.Sigmoid);

    /// <summary>Weights that are a function of name and index, no two parameters alike.</summary>
    public static ModelWeights Weights(SilcConfig config, bool head = true)
    {
        var shapes = ParameterTable.Towers(config).Concat(ParameterTable.Head(config)).ToDictionary(weight => weight.Name,
            weight => weight.Shape);
        return new(config, head, (name, sink) =>
        {
            var random = new Random(name.Aggregate(17, (hash, letter) => hash * 31 + letter));
            var values = new float[shapes[name].Aggregate(1, (a, b) => a * b)];
            for (int i = 0; i < values.Length; i++) values[i] = random.NextSingle() - 0.5f;
            int half = values.Length / 2;
            sink(values.AsSpan(0, half));
            sink(values.AsSpan(half));
        });
    }

    /// <summary>
    /// A model of any size as a program could have it that builds open_clip's towers itself: with timm's settings in the configuration,
    /// which open_clip cannot load and Silc does not write.
    /// </summary>
    public static string WriteOpenClip(ModelWeights weights, string folder, TokenizerOrigin? tokenizer = null)
    {
        var (path, tower) = (ModelWriter.WriteFiles(weights, ModelFormat.OpenClip, folder, tokenizer)[0], weights.Config.Image);
        var file = Path.Combine(folder, OpenClipModel.ConfigName);
        var config = JsonNode.Parse(File.ReadAllText(file))!;
        var vision = config["model_cfg"]!["vision_cfg"]!;
        vision["timm_model_name"] = "vit_base_patch16_siglip_224";
        vision["timm_model_kwargs"] = new JsonObject
        {
            ["img_size"] = weights.Config.ImageSize,
            ["patch_size"] = weights.Config.PatchSize,
            ["embed_dim"] = tower.Width,
            ["depth"] = tower.Depth,
            ["num_heads"] = tower.Heads,
            ["mlp_ratio"] = tower.MlpDim / (double)tower.Width,
            ["act_layer"] = tower.Gelu == GeluKind.Tanh ? "gelu_tanh" : "gelu",
        };
        File.WriteAllText(file, config.ToJsonString());
        return path;
    }

    /// <summary>All values of a file's model, by big_vision's names.</summary>
    public static Dictionary<string, float[]> Values(ModelWeights weights) =>
        (weights.HasHead ? ParameterTable.Towers(weights.Config).Concat(ParameterTable.Head(weights.Config))
            : ParameterTable.Towers(weights.Config))
        .ToDictionary(weight => weight.Name, weight => weights.All(weight.Name, weight.Shape.Aggregate(1, (a, b) => a * b)));

    public static Dictionary<string, float[]> Values(string path)
    {
        using var file = ModelFile.Open(path);
        return Values(file.Weights);
    }

    public static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "Golden/models", name);
}
