namespace Silc;

/// <summary>Reads and writes the files around Hugging Face's <c>CLIPModel</c>.</summary>
static class HuggingFaceClip
{
    const string Preprocessor = "preprocessor_config.json", Quick = "quick_gelu", Exact = "gelu", Tanh = "gelu_pytorch_tanh";
    const int Legacy = 2;       // the id of configurations that were written before the library read it: the largest id ends captions

    /// <summary>The model of a file with these names, whose configuration says <c>clip</c>.</summary>
    public static FoundModel Find(ArrayFile file, JsonConfig config)
    {
        var (image, text, shapes) = (config.Section("vision_config"), config.Section("text_config"), new FileShapes(file));
        var patches = shapes.Of(HuggingFaceNames.Patches, "(width, 3, patch, patch)");
        int patch = patches[2], grid = shapes.Grid(ClipNames.HuggingFacePositions,
            shapes.Of(ClipNames.HuggingFacePositions, "(1 + patches, width)")[0] - 1),
            size = image.Side("image_size", 224);
        image.Require(size / patch == grid, "image_size", $"but the file has {grid} x {grid} positions for patches of {patch}");
        var table = shapes.Of("text_model.embeddings.token_embedding.weight", "(vocabulary, width)");
        int end = text.Int("eos_token_id", 49407);
        var found = ClipModel.Of(Tower(shapes, image, "image", "vision_model", patches[0], 12),
            Tower(shapes, text, "text", "text_model", table[1], 8),
            new(ImageSize: size, PatchSize: patch, VocabSize: table[0],
                TextLength: shapes.Of("text_model.embeddings.position_embedding.weight", "(tokens, width)")[0])
            {
                ImageHead = shapes.Of(ClipNames.HuggingFaceImageProjection, "(embedding, width)")[0],
                TextEnd = end == Legacy ? null : end,
                Pixels = Pixels(file.Path, PixelNorm.Clip),
                Images = HuggingFaceModel.Images(file.Path),
            });
        return new(ModelFormat.HuggingFace, found, HasHead: false, ClipNames.HuggingFace(found), ClipFiles.Beside(file.Path), [])
        {
            Towers = ["vision_model.", "text_model.", "visual_projection.", "text_projection."],
        };
    }

    /// <summary>
    /// The image tower alone, <c>CLIPVisionModel</c>, or with its projection, <c>CLIPVisionModelWithProjection</c>; in releases from 5 on the names
    /// of the former have no <c>vision_model.</c> in front.
    /// </summary>
    public static FoundModel FindImageTower(ArrayFile file, JsonConfig config, string prefix)
    {
        var (image, shapes) = (config.Has("vision_config") ? config.Section("vision_config") : config, new FileShapes(file));
        var (patches, positions) = (shapes.Of($"{prefix}{HuggingFaceNames.BarePatches}", "(width, 3, patch, patch)"),
            $"{prefix}embeddings.position_embedding.weight");
        int patch = patches[2], grid = shapes.Grid(positions, shapes.Of(positions, "(1 + patches, width)")[0] - 1),
            size = image.Side("image_size", 224);
        image.Require(size / patch == grid, "image_size", $"but the file has {grid} x {grid} positions for patches of {patch}");
        bool projects = shapes.Has(ClipNames.HuggingFaceImageProjection);
        var tower = ClipModel.Of(Tower(shapes, image, "image", prefix.TrimEnd('.'), patches[0], 12), TowerConfig.Mini,
            new(ImageSize: size, PatchSize: patch)
            {
                ImageHead = projects ? shapes.Of(ClipNames.HuggingFaceImageProjection, "(embedding, width)")[0] : null,
                Pixels = Pixels(file.Path, PixelNorm.Clip),
                Images = HuggingFaceModel.Images(file.Path),
                HasText = false,
            });
        return new(ModelFormat.HuggingFace, tower, HasHead: false, ClipNames.HuggingFaceImage(tower, prefix), null, ImageTower.Notes)
        {
            Towers = [.. prefix == "" ? ["embeddings.", "encoder.", "pre_layrnorm.", "post_layernorm."] : (string[])[prefix], "visual_projection."],
        };
    }

    static TowerConfig Tower(FileShapes shapes, JsonConfig config, string which, string model, int width, int heads)
    {
        var encoder = model == "" ? "encoder" : $"{model}.encoder";
        var act = config.Text("hidden_act", Quick);
        config.Require(act is Quick or Exact or Tanh or "gelu_new", "hidden_act", $"only {Quick}, {Exact} and {Tanh} are supported");
        return shapes.Tower(which, width, shapes.Depth($"{encoder}.layers.{{0}}.mlp.fc1.weight", config, "num_hidden_layers"),
            config.Int("num_attention_heads", heads), shapes.Of($"{encoder}.layers.0.mlp.fc1.weight", "(hidden, width)")[0],
            act == Quick ? GeluKind.Quick : act == Exact ? GeluKind.Exact : GeluKind.Tanh) with
        { Epsilon = config.Real("layer_norm_eps", ClipModel.Epsilon) };
    }

    /// <summary>Mean and deviation of the processor beside the weights, or the usual ones.</summary>
    public static PixelNorm? Pixels(string weights, PixelNorm usual)
    {
        if (!File.Exists(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(weights))!, Preprocessor))) return usual;
        var config = JsonConfig.Beside(weights, Preprocessor, "it is there");
        return PixelNorm.Of(config.Three("image_mean", usual.Means), config.Three("image_std", usual.Stds));
    }

    /// <summary>What <c>config.json</c> says of a model.</summary>
    public static object Config(SilcConfig config)
    {
        int end = config.TextEnd ?? config.VocabSize - 1;
        return new
        {
            architectures = new[] { "CLIPModel" },
            model_type = "clip",
            projection_dim = config.EmbedDim,
            logit_scale_init_value = 2.6592,
            initializer_factor = 1.0,
            torch_dtype = "float32",
            text_config = new
            {
                model_type = "clip_text_model",
                vocab_size = config.VocabSize,
                hidden_size = config.Text.Width,
                intermediate_size = config.Text.MlpDim,
                projection_dim = config.EmbedDim,
                num_hidden_layers = config.Text.Depth,
                num_attention_heads = config.Text.Heads,
                max_position_embeddings = config.TextLength,
                hidden_act = Activation(config.Text),
                layer_norm_eps = config.Text.Epsilon,
                attention_dropout = 0.0,
                pad_token_id = end,
                bos_token_id = end - 1,
                eos_token_id = end,
            },
            vision_config = new
            {
                model_type = "clip_vision_model",
                hidden_size = config.Image.Width,
                intermediate_size = config.Image.MlpDim,
                projection_dim = config.EmbedDim,
                num_hidden_layers = config.Image.Depth,
                num_attention_heads = config.Image.Heads,
                num_channels = 3,
                image_size = config.ImageSize,
                patch_size = config.PatchSize,
                hidden_act = Activation(config.Image),
                layer_norm_eps = config.Image.Epsilon,
                attention_dropout = 0.0,
            },
        };
    }

    /// <summary>What <c>preprocessor_config.json</c> says: the shortest side resized, bicubic (3 in PIL), the middle cut out.</summary>
    public static object ImageProcessor(SilcConfig config) => new
    {
        image_processor_type = "CLIPImageProcessor",
        do_convert_rgb = true,
        do_resize = true,
        size = new { shortest_edge = config.ImageSize },
        resample = 3,
        do_center_crop = true,
        crop_size = new { height = config.ImageSize, width = config.ImageSize },
        do_rescale = true,
        rescale_factor = 1 / 255.0,
        do_normalize = true,
        image_mean = config.Pixels?.Means ?? [0.5, 0.5, 0.5],
        image_std = config.Pixels?.Stds ?? [0.5, 0.5, 0.5],
    };

    static string Activation(TowerConfig tower) => tower.Gelu switch { GeluKind.Quick => Quick, GeluKind.Exact => Exact, _ => Tanh };
}
