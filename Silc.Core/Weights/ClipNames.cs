namespace Silc;

/// <summary>
/// Names of CLIP's two forms: that of OpenAI and open_clip (<c>model.py</c> in github.com/openai/CLIP,
/// <c>transformer.py</c> in github.com/mlfoundations/open_clip), and Hugging Face's <c>CLIPModel</c>
/// (<c>models/clip/modeling_clip.py</c> in github.com/huggingface/transformers).
/// </summary>
static class ClipNames
{
    public const string Patches = "visual.conv1.weight", ClassToken = "visual.class_embedding", Positions = "visual.positional_embedding",
        ImageProjection = "visual.proj", TextProjection = "text_projection", HuggingFaceClass = "vision_model.embeddings.class_embedding",
        HuggingFaceImageProjection = "visual_projection.weight", HuggingFacePositions = "vision_model.embeddings.position_embedding.weight";

    /// <summary>The tensors in OpenAI's form; a text tower of its own, open_clip's <c>CustomTextCLIP</c>, has the prefix <c>text.</c>.</summary>
    public static IReadOnlyList<WeightTensor> OpenClip(SilcConfig config, string text = "")
    {
        var (tensors, width) = (new TorchTensors(config), config.Image.Width);
        tensors.Patches("visual.conv1");
        tensors.Joined(ClassToken, [width], BigVisionNames.ClassToken);
        tensors.Joined(Positions, [1 + config.Grid * config.Grid, width], BigVisionNames.ClassPosition, ModelWeights.Positions);
        tensors.Norm("visual.ln_pre", BigVisionNames.PreNorm);
        OpenAiBlocks(tensors, "visual.transformer", BigVisionNames.ImageEncoder, config.Image);
        tensors.Norm("visual.ln_post", $"{BigVisionNames.ImageEncoder}/encoder_norm");
        tensors.Same(ImageProjection, $"{BigVisionNames.ImageHead}/kernel", width, config.EmbedDim);

        tensors.Same($"{text}token_embedding.weight", "txt/Embed_0/embedding", config.VocabSize, config.Text.Width);
        tensors.Same($"{text}positional_embedding", "txt/pos_embedding", config.TextLength, config.Text.Width);
        OpenAiBlocks(tensors, $"{text}transformer", BigVisionNames.TextEncoder, config.Text);
        tensors.Norm($"{text}ln_final", $"{BigVisionNames.TextEncoder}/encoder_norm");
        tensors.Same($"{text}{TextProjection}", "txt/head/kernel", config.Text.Width, config.EmbedDim);
        Scale(tensors);
        return tensors.All;
    }

    /// <summary>The tensors in Hugging Face's form.</summary>
    public static IReadOnlyList<WeightTensor> HuggingFace(SilcConfig config)
    {
        var tensors = new TorchTensors(config);
        Image(tensors, config, HuggingFaceNames.ImagePrefix);
        tensors.Same("text_model.embeddings.token_embedding.weight", "txt/Embed_0/embedding", config.VocabSize, config.Text.Width);
        tensors.Same("text_model.embeddings.position_embedding.weight", "txt/pos_embedding", config.TextLength, config.Text.Width);
        HuggingFaceNames.Layers(tensors, "text_model.encoder.layers", BigVisionNames.TextEncoder, config.Text.Depth);
        tensors.Norm("text_model.final_layer_norm", $"{BigVisionNames.TextEncoder}/encoder_norm");
        tensors.Matrix("text_projection.weight", "txt/head/kernel");
        Scale(tensors);
        return tensors.All;
    }

    /// <summary>The tensors of an image tower alone, with its projection if there is one.</summary>
    public static IReadOnlyList<WeightTensor> HuggingFaceImage(SilcConfig config, string prefix)
    {
        var tensors = new TorchTensors(config);
        Image(tensors, config, prefix);
        return tensors.All;
    }

    static void Image(TorchTensors tensors, SilcConfig config, string prefix)
    {
        var width = config.Image.Width;
        tensors.Joined($"{prefix}embeddings.class_embedding", [width], BigVisionNames.ClassToken);
        tensors.Patches($"{prefix}embeddings.patch_embedding");
        tensors.Joined($"{prefix}embeddings.position_embedding.weight", [1 + config.Grid * config.Grid, width],
            BigVisionNames.ClassPosition, ModelWeights.Positions);
        tensors.Norm($"{prefix}pre_layrnorm", BigVisionNames.PreNorm);      // so in the library
        HuggingFaceNames.Layers(tensors, $"{prefix}encoder.layers", BigVisionNames.ImageEncoder, config.Image.Depth);
        tensors.Norm($"{prefix}post_layernorm", $"{BigVisionNames.ImageEncoder}/encoder_norm");
        if (config.ImageHead is not null) tensors.Matrix(HuggingFaceImageProjection, $"{BigVisionNames.ImageHead}/kernel");
    }

    static void Scale(TorchTensors tensors)
    {
        tensors.Same("logit_scale", "t");
        if (tensors.HasBias) tensors.Same("logit_bias", "b");
    }

    static void OpenAiBlocks(TorchTensors tensors, string name, string encoder, TowerConfig tower)
    {
        for (int i = 0; i < tower.Depth; i++) OpenClipNames.Block(tensors, $"{name}.resblocks.{i}", $"{encoder}/encoderblock_{i}");
    }
}
