namespace Silc;

/// <summary>Reads and writes the files around Hugging Face's <c>SiglipModel</c>.</summary>
static class HuggingFaceModel
{
    public const string WeightsName = "model.safetensors", ConfigName = "config.json", TokenizerName = "spiece.model",
        PreprocessorName = "preprocessor_config.json";

    const string TanhName = "gelu_pytorch_tanh";

    /// <summary>The model, or null if the file has not got Hugging Face's names.</summary>
    public static FoundModel? Find(ArrayFile file)
    {
        var prefix = file.Arrays.ContainsKey(HuggingFaceNames.Patches) ? HuggingFaceNames.ImagePrefix : "";
        if (prefix == "" && !file.Arrays.ContainsKey(HuggingFaceNames.BarePatches)) return null;
        var config = JsonConfig.Beside(file.Path, ConfigName, "heads and the form of GELU stand there alone");
        var kind = config.Text("model_type", "siglip");
        config.Require(kind != "clip" || file.Arrays.ContainsKey(ClipNames.HuggingFaceClass), "model_type",
            $"but the file has no class token, '{ClipNames.HuggingFaceClass}': only siglip and siglip2 go without");
        if (kind == "clip") return HuggingFaceClip.Find(file, config);
        if (kind == "clip_vision_model") return HuggingFaceClip.FindImageTower(file, config, prefix);
        var alone = !file.Arrays.Keys.Any(name => name.StartsWith("text_model.", StringComparison.Ordinal));
        config.Require(kind is "siglip" or "siglip2" || alone && kind is "siglip_vision_model" or "siglip2_vision_model", "model_type",
            "only siglip, siglip2, clip and their vision models are supported");
        var (image, text, shapes) = (config.Has("vision_config") || !alone ? config.Section("vision_config") : config,
            config.Section("text_config"), new FileShapes(file));
        image.Require(image.Flag("vision_use_head", true), "vision_use_head",
            "towers without attention pooling are not supported");

        var flat = kind.StartsWith("siglip2", StringComparison.Ordinal);
        var patches = flat ? shapes.Of($"{prefix}{HuggingFaceNames.BarePatches}", "(width, patch · patch · 3)")
            : shapes.Of($"{prefix}{HuggingFaceNames.BarePatches}", "(width, 3, patch, patch)");
        var positions = $"{prefix}embeddings.position_embedding.weight";
        int patch = flat ? image.Int("patch_size", 16) : patches[2], grid = shapes.Grid(positions, shapes.Of(positions, "(patches, width)")[0]),
            size = flat ? grid * patch : image.Side("image_size", 224);
        image.Require(!flat || patches[1] == 3 * patch * patch, "patch_size", $"but patches have {patches[1]} values in the file");
        image.Require(size / patch == grid, "image_size", $"but the file has {grid} x {grid} positions for patches of {patch}");
        if (alone)
        {
            var tower = new SilcConfig(Tower(shapes, image, "image", $"{prefix}encoder", patches[0]), ImageSize: size, PatchSize: patch,
                Views: BigVisionModel.ViewsFor(size, patch),
                PositionResize: flat ? PositionResize.BilinearAntialias : PositionResize.Bicubic) with
            { HasText = false, Images = Images(file.Path) };
            return new(ModelFormat.HuggingFace, tower, HasHead: false, HuggingFaceNames.ImageTensors(tower, prefix, flat), null, ImageTower.Notes)
            {
                Towers = prefix == "" ? ["embeddings.", "encoder.", "post_layernorm.", "head."] : [prefix],
            };
        }
        var table = shapes.Of("text_model.embeddings.token_embedding.weight", "(vocabulary, width)");
        var length = shapes.Of("text_model.embeddings.position_embedding.weight", "(tokens, width)")[0];
        var found = new SilcConfig(
            Tower(shapes, image, "image", "vision_model.encoder", patches[0]), Tower(shapes, text, "text", "text_model.encoder", table[1]), size,
                patch, length, table[0],
            Views: BigVisionModel.ViewsFor(size, patch), Contrastive: ModelMetadata.LossOf(file));
        found = found with { Images = Images(file.Path) };
        if (flat) found = found with { PositionResize = PositionResize.BilinearAntialias };
        string[] notes = !flat ? [] : [$"a NaFlex model: transformers keeps the aspect of images, here they are squashed to {size} x {size}, "
            + "the size that its positions were made for; --eval-crop naflex keeps it, --image-size N takes another size"];
        return new(ModelFormat.HuggingFace, found, HasHead: false, HuggingFaceNames.Tensors(found, flat), TokenizerBeside(file.Path), notes)
        {
            Towers = ["vision_model.", "text_model."],
        };
    }

    // The processor's resample beside the weights: 3 is PIL's bicubic, the class's own; SigLIP 2 has 2, bilinear.
    internal static ImageRule Images(string path)
    {
        var name = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, PreprocessorName);
        if (!File.Exists(name)) return ImageRule.HuggingFace;
        var processor = JsonConfig.Beside(path, PreprocessorName, "");
        var resample = processor.Int("resample", 3);
        processor.Require(resample is 2 or 3, "resample", "only 2 (bilinear) and 3 (bicubic) are supported");
        return resample == 2 ? ImageRule.HuggingFace with { Filter = EvalFilter.PilBilinear } : ImageRule.HuggingFace;
    }

    /// <summary>A tokenizer in the same folder, under the names that Hugging Face gives it.</summary>
    /// <param name="path">The weights.</param>
    /// <param name="captions">The rule of captions, if no configuration of a tokenizer says another.</param>
    public static TokenizerOrigin? TokenizerBeside(string path, CaptionRule captions = CaptionRule.Lower) =>
        new[] { TokenizerName, "tokenizer.model", "sentencepiece.model", TokenizerFiles.JsonName }
            .Select(name => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, name)).FirstOrDefault(File.Exists) is { } file
            ? TokenizerFiles.Open(file, captions) : null;

    static TowerConfig Tower(FileShapes shapes, JsonConfig config, string which, string model, int width)
    {
        var (act, epsilon) = (config.Text("hidden_act", TanhName), config.Real("layer_norm_eps", 1e-6));
        config.Require(act is TanhName or "gelu" or "gelu_new", "hidden_act", $"only {TanhName} and gelu are supported");
        config.Require(Math.Abs(epsilon - 1e-6) < 1e-9, "layer_norm_eps", "only 1e-6 is supported");
        return shapes.Tower(which, width, shapes.Depth($"{model}.layers.{{0}}.mlp.fc1.weight", config, "num_hidden_layers"),
            config.Int("num_attention_heads", 12),
            shapes.Of($"{model}.layers.0.mlp.fc1.weight", "(hidden, width)")[0], act == "gelu" ? GeluKind.Exact
                : GeluKind.Tanh);
    }

    /// <summary>What <c>config.json</c> says of a model.</summary>
    public static object Config(SilcConfig config) => new
    {
        architectures = new[] { "SiglipModel" },
        model_type = "siglip",
        initializer_factor = 1.0,
        torch_dtype = "float32",
        text_config = new
        {
            model_type = "siglip_text_model",
            vocab_size = config.VocabSize,
            hidden_size = config.Text.Width,
            intermediate_size = config.Text.MlpDim,
            num_hidden_layers = config.Text.Depth,
            num_attention_heads = config.Text.Heads,
            max_position_embeddings = config.TextLength,
            projection_size = config.EmbedDim,
            hidden_act = Activation(config.Text),
            layer_norm_eps = 1e-6,
            attention_dropout = 0.0,
            pad_token_id = 1,
            bos_token_id = 49406,
            eos_token_id = 49407,
        },
        vision_config = new
        {
            model_type = "siglip_vision_model",
            hidden_size = config.Image.Width,
            intermediate_size = config.Image.MlpDim,
            num_hidden_layers = config.Image.Depth,
            num_attention_heads = config.Image.Heads,
            num_channels = 3,
            image_size = config.ImageSize,
            patch_size = config.PatchSize,
            hidden_act = Activation(config.Image),
            layer_norm_eps = 1e-6,
            attention_dropout = 0.0,
        },
    };

    /// <summary>What <c>preprocessor_config.json</c> says: squashed, bicubic or bilinear (3 and 2 in PIL), to [-1, 1].</summary>
    public static object Preprocessor(SilcConfig config) => new
    {
        image_processor_type = "SiglipImageProcessor",
        processor_class = "SiglipProcessor",
        do_convert_rgb = true,
        do_resize = true,
        size = new { height = config.ImageSize, width = config.ImageSize },
        resample = IsBilinear(config.Images) ? 2 : 3,
        do_rescale = true,
        rescale_factor = 1 / 255.0,
        do_normalize = true,
        image_mean = new[] { 0.5, 0.5, 0.5 },
        image_std = new[] { 0.5, 0.5, 0.5 },
    };

    /// <summary>Libraries with PIL have one filter for each of ours that is nearest to it.</summary>
    public static bool IsBilinear(ImageRule rule) => rule.Filter is EvalFilter.Bilinear or EvalFilter.Tf or EvalFilter.PilBilinear;

    /// <summary>True for a SentencePiece model whose rows end with Gemma's <c>&lt;eos&gt;</c>: SigLIP 2's.</summary>
    public static bool IsGemma(TokenizerOrigin tokenizer) =>
        tokenizer.IsSentencePiece && tokenizer.Open() is SentencePieceTokenizer pieces && pieces.PaddingId != pieces.EndId;

    /// <summary>What <c>tokenizer_config.json</c> says of a SentencePiece model like SigLIP's, or of Gemma's.</summary>
    public static object Tokenizer(SilcConfig config, TokenizerOrigin tokenizer) => IsGemma(tokenizer) ? (object)new
    {
        tokenizer_class = tokenizer.Captions == CaptionRule.AsIs ? "GemmaTokenizer" : "Siglip2Tokenizer",
        processor_class = "SiglipProcessor",
        add_bos_token = false,
        add_eos_token = true,
        bos_token = "<bos>",
        eos_token = "<eos>",
        pad_token = "<pad>",
        unk_token = "<unk>",
        padding_side = "right",
        model_max_length = config.TextLength,
        model_input_names = new[] { "input_ids" },
    } : new
    {
        tokenizer_class = "SiglipTokenizer",
        processor_class = "SiglipProcessor",
        do_lower_case = true,
        eos_token = "</s>",
        pad_token = "</s>",
        unk_token = "<unk>",
        model_max_length = config.TextLength,
        model_input_names = new[] { "input_ids" },
    };

    static string Activation(TowerConfig tower) => tower.Gelu == GeluKind.Exact ? "gelu" : TanhName;
}
