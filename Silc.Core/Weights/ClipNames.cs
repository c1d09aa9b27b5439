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
        var (tensors, width) = (new TorchTensors(config), config.Image.Width);
        tensors.Joined(HuggingFaceClass, [width], BigVisionNames.ClassToken);
        tensors.Patches("vision_model.embeddings.patch_embedding");
        tensors.Joined(HuggingFacePositions, [1 + config.Grid * config.Grid, width], BigVisionNames.ClassPosition, ModelWeights.Positions);
        tensors.Norm("vision_model.pre_layrnorm", BigVisionNames.PreNorm);      // so in the library
        HuggingFaceNames.Layers(tensors, "vision_model.encoder.layers", BigVisionNames.ImageEncoder, config.Image.Depth);
        tensors.Norm("vision_model.post_layernorm", $"{BigVisionNames.ImageEncoder}/encoder_norm");
        tensors.Matrix(HuggingFaceImageProjection, $"{BigVisionNames.ImageHead}/kernel");

        tensors.Same("text_model.embeddings.token_embedding.weight", "txt/Embed_0/embedding", config.VocabSize, config.Text.Width);
        tensors.Same("text_model.embeddings.position_embedding.weight", "txt/pos_embedding", config.TextLength, config.Text.Width);
        HuggingFaceNames.Layers(tensors, "text_model.encoder.layers", BigVisionNames.TextEncoder, config.Text.Depth);
        tensors.Norm("text_model.final_layer_norm", $"{BigVisionNames.TextEncoder}/encoder_norm");
        tensors.Matrix("text_projection.weight", "txt/head/kernel");
        Scale(tensors);
        return tensors.All;
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
