namespace Silc;

/// <summary>
/// Names of open_clip's <c>CustomTextCLIP</c> with a timm image tower, as for its SigLIP models (<c>convert.py</c> and <c>transformer.py</c> in
/// github.com/mlfoundations/open_clip; <c>vision_transformer.py</c> and <c>attention_pool.py</c> in github.com/huggingface/pytorch-image-models).
/// </summary>
static class OpenClipNames
{
    public const string TrunkPrefix = "visual.trunk.",
        Registers = "reg_token", TimmPatches = "patch_embed.proj.weight", Patches = $"{TrunkPrefix}{TimmPatches}";

    /// <summary>The tensors of both towers; <paramref name="withRegisters"/>: see <see cref="PositionsWithRegisters"/>.</summary>
    public static IReadOnlyList<WeightTensor> Tensors(SilcConfig config, bool withRegisters = false)
    {
        var (tensors, text) = (new TorchTensors(config), config.Text);
        Image(tensors, config, TrunkPrefix, withRegisters);
        tensors.Same("text.token_embedding.weight", "txt/Embed_0/embedding", config.VocabSize, text.Width);
        tensors.Same("text.positional_embedding", "txt/pos_embedding", config.TextLength, text.Width);
        for (int i = 0; i < text.Depth; i++)
            Block(tensors, $"text.transformer.resblocks.{i}", $"{BigVisionNames.TextEncoder}/encoderblock_{i}");
        tensors.Norm("text.ln_final", $"{BigVisionNames.TextEncoder}/encoder_norm");
        tensors.Dense("text.text_projection", "txt/head");
        tensors.Same("logit_scale", "t");
        if (tensors.HasBias) tensors.Same("logit_bias", "b");
        return tensors.All;
    }

    /// <summary>The tensors of timm's image tower alone.</summary>
    public static IReadOnlyList<WeightTensor> Timm(SilcConfig config, bool withRegisters)
    {
        var tensors = new TorchTensors(config);
        Image(tensors, config, "", withRegisters);
        return tensors.All;
    }

    /// <summary>
    /// timm's table of positions where it has rows for the registers too (unless <c>no_embed_class</c>): they are added to the registers, as
    /// <c>_pos_embed</c> in <c>vision_transformer.py</c> does it, and Silc holds the sums.
    /// </summary>
    public static IReadOnlyDictionary<string, WeightTensor> PositionsWithRegisters(SilcConfig config, string trunk)
    {
        var tensors = new TorchTensors(config);
        tensors.Joined($"{trunk}pos_embed", [1, config.Image.Registers + config.Grid * config.Grid, config.Image.Width], BigVisionNames.Registers,
            ModelWeights.Positions);
        return new Dictionary<string, WeightTensor> { [BigVisionNames.Registers] = tensors.All[0] };
    }

    static void Image(TorchTensors tensors, SilcConfig config, string trunk, bool withRegisters)
    {
        const string map = "img/MAPHead_0", attention = $"{map}/MultiHeadDotProductAttention_0";
        var (image, pool) = (config.Image, $"{trunk}attn_pool");
        if (!withRegisters) tensors.Same($"{trunk}pos_embed", "img/pos_embedding", 1, config.Grid * config.Grid, image.Width);
        Blocks(tensors, config, trunk);
        tensors.Same($"{pool}.latent", $"{map}/probe", 1, 1, image.Width);
        tensors.Dense($"{pool}.q", $"{attention}/query");
        tensors.Dense($"{pool}.kv", $"{attention}/key", $"{attention}/value");
        tensors.Dense($"{pool}.proj", $"{attention}/out");
        tensors.Norm($"{pool}.norm", $"{map}/LayerNorm_0");
        tensors.Mlp($"{pool}.mlp", $"{map}/MlpBlock_0");
    }

    /// <summary>timm's patch embedding, registers, blocks and last norm.</summary>
    public static void Blocks(TorchTensors tensors, SilcConfig config, string trunk)
    {
        var image = config.Image;
        tensors.Patches($"{trunk}patch_embed.proj");
        if (image.Registers > 0) tensors.Same($"{trunk}{Registers}", BigVisionNames.Registers, 1, image.Registers, image.Width);
        for (int i = 0; i < image.Depth; i++)
        {
            var (layer, block) = ($"{trunk}blocks.{i}", $"{BigVisionNames.ImageEncoder}/encoderblock_{i}");
            tensors.Norm($"{layer}.norm1", $"{block}/LayerNorm_0");
            tensors.Dense($"{layer}.attn.qkv", Projections($"{block}/MultiHeadDotProductAttention_0"));
            if (image.QkNorm)
            {
                tensors.Norm($"{layer}.attn.q_norm", $"{block}/MultiHeadDotProductAttention_0/query_norm");
                tensors.Norm($"{layer}.attn.k_norm", $"{block}/MultiHeadDotProductAttention_0/key_norm");
            }
            tensors.Dense($"{layer}.attn.proj", $"{block}/MultiHeadDotProductAttention_0/out");
            tensors.Norm($"{layer}.norm2", $"{block}/LayerNorm_1");
            tensors.Mlp($"{layer}.mlp", $"{block}/MlpBlock_0");
            if (image.LayerScale is null) continue;
            tensors.Vector($"{layer}.ls1.gamma", $"{block}/LayerScale_0/scale");
            tensors.Vector($"{layer}.ls2.gamma", $"{block}/LayerScale_1/scale");
        }
        tensors.Norm($"{trunk}norm", $"{BigVisionNames.ImageEncoder}/encoder_norm");
    }

    /// <summary>A block of OpenAI's transformer.</summary>
    public static void Block(TorchTensors tensors, string layer, string block)
    {
        var projections = Projections($"{block}/MultiHeadDotProductAttention_0");
        tensors.Norm($"{layer}.ln_1", $"{block}/LayerNorm_0");
        tensors.Matrix($"{layer}.attn.in_proj_weight", [.. projections.Select(part => $"{part}/kernel")]);
        tensors.Vector($"{layer}.attn.in_proj_bias", [.. projections.Select(part => $"{part}/bias")]);
        tensors.Dense($"{layer}.attn.out_proj", $"{block}/MultiHeadDotProductAttention_0/out");
        tensors.Norm($"{layer}.ln_2", $"{block}/LayerNorm_1");
        tensors.Mlp($"{layer}.mlp", $"{block}/MlpBlock_0", "c_fc", "c_proj");
    }

    static string[] Projections(string attention) => [$"{attention}/query", $"{attention}/key", $"{attention}/value"];
}
