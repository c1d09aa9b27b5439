using System.Globalization;
using System.Text.RegularExpressions;

namespace Silc;

/// <summary>Reads and writes the files around open_clip's SigLIP models.</summary>
static partial class OpenClipModel
{
    public const string WeightsName = "open_clip_model.safetensors", ConfigName = "open_clip_config.json";

    const string Exact = "gelu", Tanh = "gelu_tanh";

    /// <summary>The model, or null if the file has not got open_clip's names.</summary>
    public static FoundModel? Find(ArrayFile file)
    {
        if (!file.Arrays.ContainsKey(OpenClipNames.Patches)) return null;
        var outer = JsonConfig.Beside(file.Path, ConfigName, "heads and the form of GELU stand there alone");
        var config = outer.Has("model_cfg") ? outer.Section("model_cfg") : outer;
        var (image, text, shapes) = (config.Section("vision_cfg"), config.Section("text_cfg"), new FileShapes(file));
        config.Require(!config.Flag("quick_gelu", false), "quick_gelu", "only gelu and its tanh form are supported");
        image.Require(image.Text("timm_pool", "") == "map", "timm_pool", "only map, attention pooling, is supported");
        image.Require(image.Text("timm_proj", "linear") is "none" or "", "timm_proj",
            "towers with a projection are not supported");

        var patches = shapes.Of(OpenClipNames.Patches, "(width, 3, patch, patch)");
        const string positions = "visual.trunk.pos_embed", table = "text.token_embedding.weight";
        var (count, withRegisters) = Positions(shapes, image.Section("timm_model_kwargs"), OpenClipNames.TrunkPrefix);
        int patch = patches[2], grid = shapes.Grid(positions, count),
            size = image.Side("image_size", 224);
        image.Require(size / patch == grid, "image_size", $"but the file has {grid} x {grid} positions for patches of {patch}");
        var (vocabulary, textWidth) = (shapes.Of(table, "(vocabulary, width)")[0], shapes.Of(table, "(vocabulary, width)")[1]);
        var found = new SilcConfig(
            ImageTower(shapes, image, "timm_model_name", image.Section("timm_model_kwargs"), OpenClipNames.TrunkPrefix, patches[0]),
                TextTower(shapes, text, textWidth), size, patch,
            shapes.Of("text.positional_embedding", "(tokens, width)")[0], vocabulary, Views: BigVisionModel.ViewsFor(size, patch),
            Contrastive: ModelMetadata.LossOf(file));
        found = found with { Images = Images(outer) };
        var tokenizer = HuggingFaceModel.TokenizerBeside(file.Path);
        if (tokenizer is not null) tokenizer = tokenizer with { Captions = Captions(text, tokenizer.Captions) };
        return new(ModelFormat.OpenClip, found, HasHead: false, OpenClipNames.Tensors(found, withRegisters), tokenizer, [])
        {
            Added = withRegisters ? OpenClipNames.PositionsWithRegisters(found, OpenClipNames.TrunkPrefix) : new Dictionary<string, WeightTensor>(),
            Towers = ["visual.", "text."],
        };
    }

    static ImageRule Images(JsonConfig outer)
    {
        if (!outer.Has("preprocess_cfg")) return ImageRule.OpenClip;
        var preprocess = outer.Section("preprocess_cfg");
        var interpolation = preprocess.Text("interpolation", "bicubic");
        preprocess.Require(interpolation is "bicubic" or "bilinear" or "random", "interpolation", "only bicubic and bilinear are supported");
        return interpolation == "bilinear" ? ImageRule.OpenClip with { Filter = EvalFilter.PilBilinear } : ImageRule.OpenClip;
    }

    // open_clip cleans captions before the tokenizer sees them.
    static CaptionRule Captions(JsonConfig text, CaptionRule tokenizer)
    {
        var cleaning = text.Section("tokenizer_kwargs");
        var clean = cleaning.Text("clean", "whitespace");
        cleaning.Require(clean is "canonicalize" or "lower" or "whitespace", "clean", "only canonicalize, lower and whitespace are supported");
        return clean switch { "canonicalize" => CaptionRule.Clean, "lower" => CaptionRule.Lower, _ => tokenizer };
    }

    /// <summary>Pixels along a side that timm's name of a tower says; null if it is no name of a SigLIP tower.</summary>
    public static int? SizeInName(string name) =>
        TimmNames().Match(name) is { Success: true } known ? int.Parse(known.Groups[3].Value, CultureInfo.InvariantCulture) : null;

    /// <summary>timm's image tower.</summary>
    /// <param name="shapes">The file.</param>
    /// <param name="config">Where its name stands.</param>
    /// <param name="key">Under what key.</param>
    /// <param name="more">Settings other than the name's.</param>
    /// <param name="trunk">What the names of its tensors begin with.</param>
    /// <param name="width">Channels.</param>
    public static TowerConfig ImageTower(FileShapes shapes, JsonConfig config, string key, JsonConfig more, string trunk, int width)
    {
        var known = TimmNames().Match(config.Text(key, ""));
        config.Require(known.Success, key, "only timm's vit_…_siglip_… with attention pooling are supported");
        more.RequireOnly("vit_…_siglip_… towers of other forms are not supported", "img_size", "patch_size", "embed_dim", "depth", "num_heads",
            "mlp_ratio", "act_layer", "qk_norm", "init_values", "reg_tokens", "no_embed_class", "class_token", "global_pool", "num_classes",
            "dynamic_img_size", "drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate", "attn_drop_rate", "drop_path_rate");
        more.Require(!more.Flag("class_token", false), "class_token", "only towers without one are supported");
        more.Require(more.Text("global_pool", "map") == "map", "global_pool", "only map, attention pooling, is supported");
        var act = more.Text("act_layer", TimmGelu(known) == GeluKind.Tanh ? Tanh : Exact);
        more.Require(act is Exact or Tanh, "act_layer", $"only {Exact} and {Tanh} are supported");
        var tower = shapes.Tower("image", width, shapes.Depth($"{trunk}blocks.{{0}}.mlp.fc1.weight", more, "depth"),
            more.Int("num_heads", known.Groups[1].Value == "base" ? 12 : 16),
            shapes.Of($"{trunk}blocks.0.mlp.fc1.weight", "(hidden, width)")[0], act == Tanh ? GeluKind.Tanh
                : GeluKind.Exact);
        return tower with
        {
            QkNorm = shapes.Has($"{trunk}blocks.0.attn.q_norm.weight"),
            LayerScale = shapes.Has($"{trunk}blocks.0.ls1.gamma") ? more.Real("init_values", 1e-5) : null,
            Registers = RegistersOf(shapes, trunk),
        };
    }

    /// <summary>How many positions of patches there are, and whether the table begins with those of registers.</summary>
    public static (int Patches, bool WithRegisters) Positions(FileShapes shapes, JsonConfig settings, string trunk)
    {
        var (all, registers) = (shapes.Of($"{trunk}pos_embed", "(1, patches, width)")[1], RegistersOf(shapes, trunk));
        settings.Require(!settings.Has("reg_tokens") || settings.Int("reg_tokens", 0) == registers, "reg_tokens",
            $"but the file has {registers} registers");
        var inside = registers > 0 && !settings.Flag("no_embed_class", false);
        return (inside ? all - registers : all, inside);
    }

    static int RegistersOf(FileShapes shapes, string trunk)
    {
        var name = $"{trunk}{OpenClipNames.Registers}";
        return shapes.Has(name) ? shapes.Of(name, "(1, registers, width)")[1] : 0;
    }

    static TowerConfig TextTower(FileShapes shapes, JsonConfig config, int width)
    {
        var (form, epsilon) = (config.Section("act_kwargs").Text("approximate", "none"),
            config.Section("norm_kwargs").Real("eps", 1e-5));
        config.Require(!config.Has("hf_model_name"), "hf_model_name", "only open_clip's own text towers are supported");
        config.Require(config.Flag("no_causal_mask", false), "no_causal_mask", "only towers without a mask are supported");
        config.Require(config.Text("pool_type", "argmax") == "last", "pool_type", "only last-token pooling is supported");
        config.Require(config.Flag("proj_bias", false), "proj_bias", "only projections with a bias are supported");
        config.Require(form is "none" or "tanh", "act_kwargs", "only none and tanh are supported");
        config.Require(Math.Abs(epsilon - 1e-6) < 1e-9, "norm_kwargs", "only an eps of 1e-6 is supported");
        return shapes.Tower("text", width, shapes.Depth("text.transformer.resblocks.{0}.mlp.c_fc.weight", config, "layers"), config.Int("heads", 8),
            shapes.Of("text.transformer.resblocks.0.mlp.c_fc.weight", "(hidden, width)")[0], form == "tanh" ? GeluKind.Tanh
                : GeluKind.Exact);
    }

    /// <summary>What <c>open_clip_config.json</c> says of a model.</summary>
    public static object Config(SilcConfig config, TokenizerOrigin? tokenizer)
    {
        var vision = new Dictionary<string, object>
        {
            ["image_size"] = config.ImageSize,
            ["timm_model_name"] = TimmName(config),
            ["timm_model_pretrained"] = false,
            ["timm_pool"] = "map",
            ["timm_proj"] = "none",
        };
        var text = new Dictionary<string, object>
        {
            ["context_length"] = config.TextLength,
            ["vocab_size"] = config.VocabSize,
            ["width"] = config.Text.Width,
            ["heads"] = config.Text.Heads,
            ["layers"] = config.Text.Depth,
            ["mlp_ratio"] = Ratio(config.Text),
            ["no_causal_mask"] = true,
            ["proj_bias"] = true,
            ["pool_type"] = "last",
            ["norm_kwargs"] = new { eps = 1e-6 },
        };
        if (config.Text.Gelu == GeluKind.Tanh) text["act_kwargs"] = new { approximate = "tanh" };
        // open_clip looks for the tokenizer in the folder itself; the name only says that it is Hugging Face's kind.
        if (tokenizer is { IsSentencePiece: true })
        {
            text["hf_tokenizer_name"] = HuggingFaceModel.IsGemma(tokenizer) ? "timm/ViT-B-16-SigLIP2" : "timm/ViT-B-16-SigLIP";
            text["tokenizer_kwargs"] = new { clean = HuggingFaceModel.IsGemma(tokenizer) ? "lower" : "canonicalize" };
        }
        var model = new Dictionary<string, object>
        {
            ["embed_dim"] = config.EmbedDim,
            ["custom_text"] = true,
            ["vision_cfg"] = vision,
            ["text_cfg"] = text,
        };
        // Softmax models have a bias of 0, so that every SigLIP of open_clip has one.
        model["init_logit_bias"] = config.Contrastive == ContrastiveKind.Sigmoid ? -10 : 0;
        return new
        {
            model_cfg = model,
            preprocess_cfg = new
            {
                mean = new[] { 0.5, 0.5, 0.5 },
                std = new[] { 0.5, 0.5, 0.5 },
                interpolation = HuggingFaceModel.IsBilinear(config.Images) ? "bilinear" : "bicubic",
                resize_mode = "squash"
            },
        };
    }

    // timm has names for the published sizes, and open_clip 3 takes no other: its vision_cfg has no timm_model_kwargs.
    static string TimmName(SilcConfig config)
    {
        var size = (config.Image with { Gelu = GeluKind.Tanh }) switch
        {
            var t when t == TowerConfig.B => "base",
            var t when t == TowerConfig.L => "large",
            var t when t == TowerConfig.So400m => "so400m",
            _ => "",
        };
        return $"vit_{size}_patch{config.PatchSize}_siglip_{config.ImageSize}";
    }

    /// <exception cref="ArgumentException">open_clip cannot build an image tower of these sizes.</exception>
    public static void RequirePublished(SilcConfig config)
    {
        var (name, tower) = (TimmName(config), config.Image);
        const string instead = "write hf, npz or silc, or export ONNX";
        Require.That(published.Contains(name), "open_clip 3 takes image towers by timm's name alone, and timm has no SigLIP tower of "
            + $"{tower.Depth} layers of {tower.Width} channels for {config.ImageSize} pixels in patches of {config.PatchSize}: {instead}. "
            + $"It has {string.Join(", ", published.Order(StringComparer.Ordinal))}");
    }

    /// <summary>The form of GELU that open_clip will compute the image tower with; its files cannot say another.</summary>
    public static GeluKind GeluThere(SilcConfig config) => TimmGelu(TimmNames().Match(TimmName(config)));

    static readonly HashSet<string> published =
    [
        "vit_base_patch32_siglip_256", "vit_base_patch16_siglip_224", "vit_base_patch16_siglip_256",
            "vit_base_patch16_siglip_384", "vit_base_patch16_siglip_512",
        "vit_large_patch16_siglip_256", "vit_large_patch16_siglip_384", "vit_large_patch16_siglip_512",
        "vit_so400m_patch14_siglip_224", "vit_so400m_patch14_siglip_378", "vit_so400m_patch14_siglip_384",
        "vit_so400m_patch16_siglip_256", "vit_so400m_patch16_siglip_384", "vit_so400m_patch16_siglip_512",
    ];

    // The towers that came with SigLIP 2 have the tanh form, the older ones PyTorch's exact one.
    static GeluKind TimmGelu(Match name) => (name.Groups[1].Value, name.Groups[2].Value, name.Groups[3].Value) switch
    {
        ("base", "32", _) or ("large", _, "512") or ("so400m", "16", _) or ("giantopt", _, _) => GeluKind.Tanh,
        _ => GeluKind.Exact,
    };

    // PyTorch takes the integer part of width times ratio.
    public static double Ratio(TowerConfig tower)
    {
        var ratio = Math.Round(tower.MlpDim / (double)tower.Width, 4);
        return (int)(tower.Width * ratio) == tower.MlpDim ? ratio : (tower.MlpDim + 0.5) / tower.Width;
    }

    [GeneratedRegex(@"^vit_(base|large|so400m|giantopt)_patch(\d+)_siglip_(\d+)(?:\.\w+)?$")]
    private static partial Regex TimmNames();
}
