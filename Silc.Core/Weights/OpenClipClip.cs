namespace Silc;

/// <summary>Reads and writes open_clip's own CLIP models, whose names are those of OpenAI's.</summary>
static class OpenClipClip
{
    const int HeadWidth = 64;

    /// <summary>The model, or null if the file has not got these names.</summary>
    public static FoundModel? Find(ArrayFile file)
    {
        if (!file.Arrays.ContainsKey(ClipNames.Patches)) return null;
        var shapes = new FileShapes(file);
        if (!shapes.Has(ClipNames.ClassToken))
            throw shapes.Refused($"lacks '{ClipNames.ClassToken}': it is a CLIP with a ResNet, which is not supported; take one with a ViT");
        var own = shapes.Has("text.token_embedding.weight") ? "text." : "";
        var (config, notes) = Configuration(file, shapes, own);
        return new(ModelFormat.OpenClip, config, HasHead: false, ClipNames.OpenClip(config, own), ClipFiles.Beside(file.Path), notes)
        {
            Towers = own == "" ? ["visual.", "transformer.", "token_embedding.", "positional_embedding", "ln_final.", "text_projection"]
                : ["visual.", "text."],
        };
    }

    static (SilcConfig Config, string[] Notes) Configuration(ArrayFile file, FileShapes shapes, string own)
    {
        var patches = shapes.Of(ClipNames.Patches, "(width, 3, patch, patch)");
        int grid = shapes.Grid(ClipNames.Positions, shapes.Of(ClipNames.Positions, "(1 + patches, width)")[0] - 1), patch = patches[2];
        var table = shapes.Of($"{own}token_embedding.weight", "(vocabulary, width)");
        var sizes = new SilcConfig(ImageSize: grid * patch, PatchSize: patch, VocabSize: table[0],
            TextLength: shapes.Of($"{own}positional_embedding", "(tokens, width)")[0],
            Contrastive: file.Arrays.ContainsKey("logit_bias") ? ContrastiveKind.Sigmoid : ContrastiveKind.Softmax)
        {
            ImageHead = shapes.Of(ClipNames.ImageProjection, "(width, embedding)")[1],
            Images = ImageRule.OpenClip,
        };
        int Mlp(string tower) => shapes.Of($"{tower}transformer.resblocks.0.mlp.c_fc.weight", "(hidden, width)")[0];
        string Layer(string tower) => $"{tower}transformer.resblocks.{{0}}.mlp.c_fc.weight";

        // OpenAI's weights have these three numbers, and no configuration is needed: heads of 64 channels and the quick GELU are common to all.
        var isOpenAi = new[] { "input_resolution", "context_length", "vocab_size" }.All(file.Arrays.ContainsKey);
        if (isOpenAi && !File.Exists(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file.Path))!, OpenClipModel.ConfigName)))
        {
            TowerConfig OpenAi(string which, string tower, int width) =>
                shapes.Tower(which, width, shapes.Depth(Layer(tower)), width / HeadWidth, Mlp(tower),
                    GeluKind.Quick) with
                { Epsilon = ClipModel.Epsilon };
            return (ClipModel.Of(OpenAi("image", "visual.", patches[0]), OpenAi("text", own, table[1]), sizes with { Pixels = PixelNorm.Clip }),
                ["no configuration beside it: heads of 64 channels and the quick form of GELU, as in all of OpenAI's"]);
        }

        var outer = JsonConfig.Beside(file.Path, OpenClipModel.ConfigName, "heads and the form of GELU stand there alone");
        var config = outer.Has("model_cfg") ? outer.Section("model_cfg") : outer;
        var (image, text, quick) = (config.Section("vision_cfg"), config.Section("text_cfg"), config.Flag("quick_gelu", false));
        const string otherwise = "towers of other forms are not supported";
        image.RequireOnly(otherwise, "layers", "width", "head_width", "mlp_ratio", "patch_size", "image_size", "patch_dropout", "pool_type",
            "pos_embed_type",
            "final_ln_after_pool", "output_tokens", "act_kwargs", "norm_kwargs");
        image.Require(image.Text("pool_type", "tok") == "tok", "pool_type", "only tok, the class token, is supported");
        image.Require(image.Text("pos_embed_type", "learnable") == "learnable", "pos_embed_type", "only learnable positions are supported");
        text.RequireOnly(otherwise, "context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "hf_tokenizer_name",
            "tokenizer_kwargs", "pool_type",
            "proj_type", "eos_id", "pad_id", "output_tokens", "act_kwargs", "norm_kwargs");
        var pool = text.Text("pool_type", "argmax");
        text.Require(pool is "argmax" or "eos", "pool_type", "only argmax and eos, the token that ends a caption, are supported");
        text.Require(text.Text("proj_type", "linear") == "linear", "proj_type", "only linear is supported");
        int size = image.Side("image_size", 224);
        image.Require(size / patch == grid, "image_size", $"but the file has {grid} x {grid} positions for patches of {patch}");
        TowerConfig Tower(JsonConfig section, string which, string tower, int width, int heads)
        {
            var form = section.Section("act_kwargs").Text("approximate", "none");
            section.Require(form is "none" or "tanh", "act_kwargs", "only none and tanh are supported");
            return shapes.Tower(which, width, shapes.Depth(Layer(tower), section, "layers"), heads, Mlp(tower),
                quick ? GeluKind.Quick : form == "tanh" ? GeluKind.Tanh : GeluKind.Exact) with
            { Epsilon = section.Section("norm_kwargs").Real("eps", ClipModel.Epsilon) };
        }
        var seen = outer.Section("preprocess_cfg");
        return (ClipModel.Of(Tower(image, "image", "visual.", patches[0], patches[0] / image.Int("head_width", HeadWidth)),
            Tower(text, "text", own, table[1], text.Int("heads", 8)), sizes with
            {
                ImageSize = size,
                TextEnd = pool == "eos" ? text.Int("eos_id", 2) : null,
                Pixels = PixelNorm.Of(seen.Three("mean", PixelNorm.Clip.Means), seen.Three("std", PixelNorm.Clip.Stds)),
            }), []);
    }

    /// <summary>What <c>open_clip_config.json</c> says of a model.</summary>
    public static object Config(SilcConfig config)
    {
        var vision = new Dictionary<string, object>
        {
            ["image_size"] = config.ImageSize,
            ["layers"] = config.Image.Depth,
            ["width"] = config.Image.Width,
            ["head_width"] = config.Image.HeadDim,
            ["mlp_ratio"] = OpenClipModel.Ratio(config.Image),
            ["patch_size"] = config.PatchSize,
        };
        var text = new Dictionary<string, object>
        {
            ["context_length"] = config.TextLength,
            ["vocab_size"] = config.VocabSize,
            ["width"] = config.Text.Width,
            ["heads"] = config.Text.Heads,
            ["layers"] = config.Text.Depth,
            ["mlp_ratio"] = OpenClipModel.Ratio(config.Text),
        };
        foreach (var (section, tower) in new[] { (vision, config.Image), (text, config.Text) })
        {
            if (tower.Gelu == GeluKind.Tanh) section["act_kwargs"] = new { approximate = "tanh" };
            if (tower.Epsilon != ClipModel.Epsilon) section["norm_kwargs"] = new { eps = tower.Epsilon };
        }
        var model = new Dictionary<string, object> { ["embed_dim"] = config.EmbedDim };
        if (config.Image.Gelu == GeluKind.Quick) model["quick_gelu"] = true;
        if (config.Contrastive == ContrastiveKind.Sigmoid) model["init_logit_bias"] = -10;
        (model["vision_cfg"], model["text_cfg"]) = (vision, text);
        return new
        {
            model_cfg = model,
            preprocess_cfg = new
            {
                mean = config.Pixels?.Means ?? [0.5, 0.5, 0.5],
                std = config.Pixels?.Stds ?? [0.5, 0.5, 0.5],
                interpolation = "bicubic",
                resize_mode = "shortest",
            },
        };
    }
}
