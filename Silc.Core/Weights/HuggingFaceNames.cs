namespace Silc;

/// <summary>Names of Hugging Face's <c>SiglipModel</c> (<c>models/siglip/modeling_siglip.py</c> in github.com/huggingface/transformers).</summary>
static class HuggingFaceNames
{
    public const string ImagePrefix = "vision_model.", BarePatches = "embeddings.patch_embedding.weight", Patches = $"{ImagePrefix}{BarePatches}";

    /// <summary>The tensors; those of NaFlex models have <paramref name="flatPatches"/>, row, column and channel in one.</summary>
    public static IReadOnlyList<WeightTensor> Tensors(SilcConfig config, bool flatPatches = false)
    {
        var (tensors, text) = (new TorchTensors(config), config.Text);
        Image(tensors, config, ImagePrefix, flatPatches);
        tensors.Same("text_model.embeddings.token_embedding.weight", "txt/Embed_0/embedding", config.VocabSize, text.Width);
        tensors.Same("text_model.embeddings.position_embedding.weight", "txt/pos_embedding", config.TextLength, text.Width);
        Layers(tensors, "text_model.encoder.layers", BigVisionNames.TextEncoder, text.Depth);
        tensors.Norm("text_model.final_layer_norm", $"{BigVisionNames.TextEncoder}/encoder_norm");
        tensors.Dense("text_model.head", "txt/head");
        tensors.Same("logit_scale", "t", 1);
        if (tensors.HasBias) tensors.Same("logit_bias", "b", 1);
        return tensors.All;
    }

    /// <summary>The tensors of an image tower alone, <c>SiglipVisionModel</c>, in releases before 5 with the prefix <c>vision_model.</c>.</summary>
    public static IReadOnlyList<WeightTensor> ImageTensors(SilcConfig config, string prefix, bool flatPatches)
    {
        var tensors = new TorchTensors(config);
        Image(tensors, config, prefix, flatPatches);
        return tensors.All;
    }

    static void Image(TorchTensors tensors, SilcConfig config, string prefix, bool flatPatches)
    {
        const string map = "img/MAPHead_0", attention = $"{map}/MultiHeadDotProductAttention_0";
        var (image, pool) = (config.Image, $"{prefix}head");
        if (flatPatches) tensors.Dense($"{prefix}embeddings.patch_embedding", "img/embedding");
        else tensors.Patches($"{prefix}embeddings.patch_embedding");
        tensors.Same($"{prefix}embeddings.position_embedding.weight", "img/pos_embedding", config.Grid * config.Grid, image.Width);
        Layers(tensors, $"{prefix}encoder.layers", BigVisionNames.ImageEncoder, image.Depth);
        tensors.Norm($"{prefix}post_layernorm", $"{BigVisionNames.ImageEncoder}/encoder_norm");
        tensors.Same($"{pool}.probe", $"{map}/probe", 1, 1, image.Width);
        tensors.Matrix($"{pool}.attention.in_proj_weight", $"{attention}/query/kernel", $"{attention}/key/kernel", $"{attention}/value/kernel");
        tensors.Vector($"{pool}.attention.in_proj_bias", $"{attention}/query/bias", $"{attention}/key/bias", $"{attention}/value/bias");
        tensors.Dense($"{pool}.attention.out_proj", $"{attention}/out");
        tensors.Norm($"{pool}.layernorm", $"{map}/LayerNorm_0");
        tensors.Mlp($"{pool}.mlp", $"{map}/MlpBlock_0");
    }

    public static void Layers(TorchTensors tensors, string layers, string encoder, int depth)
    {
        for (int i = 0; i < depth; i++)
        {
            var (layer, block) = ($"{layers}.{i}", $"{encoder}/encoderblock_{i}");
            tensors.Norm($"{layer}.layer_norm1", $"{block}/LayerNorm_0");
            foreach (var (theirs, ours) in new[] { ("q_proj", "query"), ("k_proj", "key"), ("v_proj", "value"),
                ("out_proj", "out") })
                tensors.Dense($"{layer}.self_attn.{theirs}", $"{block}/MultiHeadDotProductAttention_0/{ours}");
            tensors.Norm($"{layer}.layer_norm2", $"{block}/LayerNorm_1");
            tensors.Mlp($"{layer}.mlp", $"{block}/MlpBlock_0");
        }
    }
}
