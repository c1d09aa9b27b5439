namespace Silc;

/// <summary>
/// Image towers that come without a text tower: transformers' <c>SiglipVisionModel</c>, timm's <c>vit_…_siglip_…</c>, and those of
/// <see cref="ClassTower"/>.
/// </summary>
static class ImageTower
{
    /// <summary>What a user should know of one.</summary>
    public static readonly string[] Notes = ["an image tower alone: it embeds images and is probed; silc train --init draws a text tower for it"];

    /// <summary>What names of arrays of timm's towers begin with.</summary>
    public static readonly string[] TimmTowers =
        ["patch_embed.", "pos_embed", "blocks.", "norm.", "attn_pool.", ClassTower.TimmClass, OpenClipNames.Registers, "norm_pre.", "fc_norm."];

    /// <summary>timm's tower, or null if the file has not got its names.</summary>
    public static FoundModel? FindTimm(ArrayFile file)
    {
        if (!file.Arrays.ContainsKey(OpenClipNames.TimmPatches)) return null;
        if (file.Arrays.ContainsKey(ClassTower.TimmClass) && !file.Arrays.ContainsKey("attn_pool.latent")) return ClassTower.FindTimm(file);
        var (config, shapes) = (JsonConfig.Beside(file.Path, HuggingFaceModel.ConfigName, "the name of the architecture stands there alone"),
            new FileShapes(file));
        config.Require(config.Text("global_pool", "map") == "map", "global_pool", "only map, attention pooling, is supported");
        var (arguments, seen) = (config.Section("model_args"), config.Section("pretrained_cfg"));
        var patches = shapes.Of(OpenClipNames.TimmPatches, "(width, 3, patch, patch)");
        const string positions = "pos_embed";
        var (count, withRegisters) = OpenClipModel.Positions(shapes, arguments, "");
        int patch = patches[2], grid = shapes.Grid(positions, count);
        var tower = OpenClipModel.ImageTower(shapes, config, "architecture", arguments, "", patches[0]);
        int size = arguments.Has("img_size") ? arguments.Side("img_size", 0) : OpenClipModel.SizeInName(config.Text("architecture", ""))
            ?? grid * patch;
        config.Require(size / patch == grid, "architecture",
            $"whose images have {size} pixels, but the file has {grid} x {grid} positions for patches of {patch}");
        var found = new SilcConfig(tower, ImageSize: size, PatchSize: patch, Views: BigVisionModel.ViewsFor(size, patch)) with
        {
            HasText = false,
            Images = ImageRule.OpenClip,
            Pixels = PixelNorm.Of(seen.Three("mean", [0.5, 0.5, 0.5]), seen.Three("std", [0.5, 0.5, 0.5])),
        };
        return new(ModelFormat.OpenClip, found, HasHead: false, OpenClipNames.Timm(found, withRegisters), null, Notes)
        {
            Added = withRegisters ? OpenClipNames.PositionsWithRegisters(found, "") : new Dictionary<string, WeightTensor>(),
            Towers = TimmTowers,
        };
    }
}
