using System.Text.RegularExpressions;

namespace Silc;

/// <summary>
/// Image towers of DINO, DINOv2 and others like them, a ViT with a class token and nothing behind its last norm: timm's
/// <c>vit_…_patch16_224</c> and <c>vit_…_patch14_dinov2</c> (<c>vision_transformer.py</c> in github.com/huggingface/pytorch-image-models), and
/// transformers' <c>ViTModel</c>, <c>Dinov2Model</c> and <c>Dinov2WithRegistersModel</c>. Their images are normalised by ImageNet's mean and
/// deviation unless the configuration says otherwise.
/// </summary>
static partial class ClassTower
{
    public const string TimmClass = "cls_token";

    const string TimmPositions = "pos_embed", Patches = "embeddings.patch_embeddings.projection";

    static readonly string[] prefixes = ["", "vit.", "dinov2.", "dinov2_with_registers."];

    static readonly PixelNorm imageNet = new(0.485, 0.456, 0.406, 0.229, 0.224, 0.225);

    /// <summary>timm's tower; the file has <see cref="TimmClass"/>.</summary>
    public static FoundModel FindTimm(ArrayFile file)
    {
        const string trunk = "";
        var (config, shapes) = (JsonConfig.Beside(file.Path, HuggingFaceModel.ConfigName, "the name of the architecture stands there alone"),
            new FileShapes(file));
        var (arguments, seen) = (config.Section("model_args"), config.Section("pretrained_cfg"));
        var known = TimmNames().Match(config.Text("architecture", ""));
        config.Require(known.Success, "architecture",
            "of towers with a class token only timm's vit_…_patch16_224 and the like and vit_…_dinov2 are supported, without rotary positions");
        foreach (var section in new[] { config, arguments })
            section.Require(section.Text("global_pool", "token") is "token" or "", "global_pool", "only token, the class token, is supported");
        arguments.RequireOnly("towers of other forms are not supported", "img_size", "patch_size", "embed_dim", "depth", "num_heads", "mlp_ratio",
            "act_layer", "qk_norm", "init_values", "reg_tokens", "no_embed_class", "class_token", "global_pool", "num_classes", "qkv_bias",
            "dynamic_img_size", "drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate", "attn_drop_rate", "drop_path_rate");
        arguments.Require(arguments.Text("act_layer", "gelu") is "gelu" or "gelu_tanh", "act_layer", "only gelu and gelu_tanh are supported");

        var patches = shapes.Of(OpenClipNames.TimmPatches, "(width, 3, patch, patch)");
        var registers = shapes.Has(OpenClipNames.Registers) ? shapes.Of(OpenClipNames.Registers, "(1, registers, width)")[1] : 0;
        arguments.Require(!arguments.Has("reg_tokens") || arguments.Int("reg_tokens", 0) == registers, "reg_tokens",
            $"but the file has {registers} registers");
        // With no_embed_class, as in timm's towers with registers, the patches alone have positions.
        int all = shapes.Of(TimmPositions, "(1, positions, width)")[1], side = (int)Math.Round(Math.Sqrt(all)), patch = patches[2];
        var bare = side * side == all;
        if (!bare && registers > 0) throw shapes.Refused("has registers with positions of their own beside a class token, which is not supported");
        int grid = bare ? side : shapes.Grid(TimmPositions, all - 1);
        var size = arguments.Has("img_size") ? arguments.Side("img_size", 0) : grid * patch;
        arguments.Require(size / patch == grid, "img_size", $"but the file has {grid} x {grid} positions for patches of {patch}");
        var tower = shapes.Tower("image", patches[0], shapes.Depth("blocks.{0}.mlp.fc1.weight", arguments, "depth"),
            arguments.Int("num_heads", known.Groups[1].Value switch { "tiny" => 3, "small" => 6, "base" => 12, _ => 16 }),
            shapes.Of("blocks.0.mlp.fc1.weight", "(hidden, width)")[0],
            arguments.Text("act_layer", "gelu") == "gelu" ? GeluKind.Exact : GeluKind.Tanh) with
        {
            QkNorm = shapes.Has("blocks.0.attn.q_norm.weight"),
            LayerScale = shapes.Has("blocks.0.ls1.gamma") ? arguments.Real("init_values", 1e-5) : null,
            Registers = registers,
        };
        var pixels = PixelNorm.Of(seen.Three("mean", imageNet.Means), seen.Three("std", imageNet.Stds));
        var found = Config(tower, size, patch, pixels, ImageRule.OpenClip);
        var tensors = new TorchTensors(found);
        Positions(tensors, found, TimmClass, TimmPositions, bare);
        OpenClipNames.Blocks(tensors, found, trunk);
        return new(ModelFormat.OpenClip, found, HasHead: false, tensors.All, null, ImageTower.Notes)
        {
            Computed = bare ? new Dictionary<string, float[]> { [BigVisionNames.ClassPosition] = new float[patches[0]] } : [],
            Towers = ImageTower.TimmTowers,
        };
    }

    /// <summary>transformers' tower, or null if the file has not got its names.</summary>
    public static FoundModel? FindHuggingFace(ArrayFile file)
    {
        if (prefixes.FirstOrDefault(prefix => file.Arrays.ContainsKey($"{prefix}{Patches}.weight")) is not { } prefix) return null;
        var (config, shapes) = (JsonConfig.Beside(file.Path, HuggingFaceModel.ConfigName, "heads and the form of GELU stand there alone"),
            new FileShapes(file));
        var kind = config.Text("model_type", "vit");
        var plain = kind == "vit";
        config.Require(plain || kind is "dinov2" or "dinov2_with_registers", "model_type", "of towers with these names only vit, dinov2 and "
            + "dinov2_with_registers are supported");
        config.Require(!config.Flag("use_swiglu_ffn", false), "use_swiglu_ffn", "only MLPs with GELU are supported");
        config.Require(config.Flag("qkv_bias", true), "qkv_bias", "only projections with a bias are supported");
        var act = config.Text("hidden_act", "gelu");
        config.Require(act is "gelu" or "gelu_new" or "gelu_pytorch_tanh", "hidden_act", "only gelu and gelu_pytorch_tanh are supported");
        var patches = shapes.Of($"{prefix}{Patches}.weight", "(width, 3, patch, patch)");
        string registers = $"{prefix}embeddings.register_tokens", positions = $"{prefix}embeddings.position_embeddings",
            layers = $"{prefix}encoder.layer", hidden = plain ? "intermediate.dense" : "mlp.fc1";
        int patch = patches[2], grid = shapes.Grid(positions, shapes.Of(positions, "(1, 1 + patches, width)")[1] - 1),
            size = config.Side("image_size", 224);
        config.Require(size / patch == grid, "image_size", $"but the file has {grid} x {grid} positions for patches of {patch}");
        var tower = shapes.Tower("image", patches[0], shapes.Depth($"{layers}.{{0}}.{hidden}.weight", config, "num_hidden_layers"),
            config.Int("num_attention_heads", 12), shapes.Of($"{layers}.0.{hidden}.weight", "(hidden, width)")[0],
            act == "gelu" ? GeluKind.Exact : GeluKind.Tanh) with
        {
            Epsilon = config.Real("layer_norm_eps", plain ? 1e-12 : 1e-6),
            LayerScale = shapes.Has($"{layers}.0.layer_scale1.lambda1") ? config.Real("layerscale_value", 1) : null,
            Registers = shapes.Has(registers) ? shapes.Of(registers, "(1, registers, width)")[1] : 0,
        };
        var found = Config(tower, size, patch, HuggingFaceClip.Pixels(file.Path, imageNet), HuggingFaceModel.Images(file.Path));
        var tensors = new TorchTensors(found);
        tensors.Patches($"{prefix}{Patches}");
        Positions(tensors, found, $"{prefix}embeddings.cls_token", positions, bare: false);
        if (tower.Registers > 0) tensors.Same(registers, BigVisionNames.Registers, 1, tower.Registers, tower.Width);
        for (int i = 0; i < tower.Depth; i++)
        {
            var (layer, block) = ($"{layers}.{i}", $"{BigVisionNames.ImageEncoder}/encoderblock_{i}");
            tensors.Norm($"{layer}.{(plain ? "layernorm_before" : "norm1")}", $"{block}/LayerNorm_0");
            foreach (var part in new[] { "query", "key", "value" })
                tensors.Dense($"{layer}.attention.attention.{part}", $"{block}/MultiHeadDotProductAttention_0/{part}");
            tensors.Dense($"{layer}.attention.output.dense", $"{block}/MultiHeadDotProductAttention_0/out");
            tensors.Norm($"{layer}.{(plain ? "layernorm_after" : "norm2")}", $"{block}/LayerNorm_1");
            tensors.Dense($"{layer}.{hidden}", $"{block}/MlpBlock_0/Dense_0");
            tensors.Dense($"{layer}.{(plain ? "output.dense" : "mlp.fc2")}", $"{block}/MlpBlock_0/Dense_1");
            if (tower.LayerScale is null) continue;
            tensors.Vector($"{layer}.layer_scale1.lambda1", $"{block}/LayerScale_0/scale");
            tensors.Vector($"{layer}.layer_scale2.lambda1", $"{block}/LayerScale_1/scale");
        }
        tensors.Norm($"{prefix}layernorm", $"{BigVisionNames.ImageEncoder}/encoder_norm");
        return new(ModelFormat.HuggingFace, found, HasHead: false, tensors.All, null, ImageTower.Notes)
        {
            // The vector for hidden patches, and a layer behind the class token that nobody reads, are left out.
            Towers = [.. new[] { "embeddings.patch", "embeddings.position", "embeddings.cls", "embeddings.register", "encoder.", "layernorm." }
                .Select(name => prefix + name)],
        };
    }

    // The class token and the table of positions, whose first row is the class token's unless the table is of the patches alone.
    static void Positions(TorchTensors tensors, SilcConfig config, string token, string positions, bool bare)
    {
        var (width, patches) = (config.Image.Width, config.Grid * config.Grid);
        tensors.Same(token, BigVisionNames.ClassToken, 1, 1, width);
        if (bare) tensors.Same(positions, ModelWeights.Positions, 1, patches, width);
        else tensors.Joined(positions, [1, 1 + patches, width], BigVisionNames.ClassPosition, ModelWeights.Positions);
    }

    static SilcConfig Config(TowerConfig tower, int size, int patch, PixelNorm? pixels, ImageRule images) =>
        new(tower with { ClassToken = true }, ImageSize: size, PatchSize: patch, Views: BigVisionModel.ViewsFor(size, patch))
        {
            ImagePooling = ImagePooling.Class,
            HasText = false,
            Pixels = pixels,
            Images = images,
        };

    [GeneratedRegex(@"^vit_(tiny|small|base|large)_patch\d+_(?:reg\d+_)?(?:\d+|dinov2)(?:\.\w+)?$")]
    private static partial Regex TimmNames();
}
