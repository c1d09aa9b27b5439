using System.Text.Json.Nodes;

namespace Silc.Tests;

/// <summary>A tower of DINO or DINOv2 of a few thousand parameters in timm's form.</summary>
static class TimmTower
{
    public const int Width = 24, Depth = 2, Heads = 3, Hidden = 40, Patch = 8, Grid = 4, Side = Patch * Grid;

    /// <summary>ImageNet's, by channel.</summary>
    public static readonly double[] Mean = [0.485, 0.456, 0.406], Deviation = [0.229, 0.224, 0.225];

    /// <summary>Random weights by timm's names; with registers the patches alone have positions.</summary>
    public static List<NamedArray> Arrays(int registers, bool scaled)
    {
        var random = new Random(5);
        var arrays = new List<NamedArray>();
        void Add(string name, params int[] shape) => arrays.Add(new(name, shape,
            [.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(_ => (random.NextSingle() - 0.5f) * 0.8f)]));
        Add("cls_token", 1, 1, Width);
        if (registers > 0) Add("reg_token", 1, registers, Width);
        Add("pos_embed", 1, Grid * Grid + (registers > 0 ? 0 : 1), Width);
        Add("patch_embed.proj.weight", Width, 3, Patch, Patch);
        Add("patch_embed.proj.bias", Width);
        for (int i = 0; i < Depth; i++)
        {
            foreach (var (part, rows, cols) in new[] { ("attn.qkv", 3 * Width, Width), ("attn.proj", Width, Width), ("mlp.fc1", Hidden, Width),
                ("mlp.fc2", Width, Hidden) })
            {
                Add($"blocks.{i}.{part}.weight", rows, cols);
                Add($"blocks.{i}.{part}.bias", rows);
            }
            foreach (var norm in new[] { "norm1", "norm2" })
            {
                Add($"blocks.{i}.{norm}.weight", Width);
                Add($"blocks.{i}.{norm}.bias", Width);
            }
            if (!scaled) continue;
            Add($"blocks.{i}.ls1.gamma", Width);
            Add($"blocks.{i}.ls2.gamma", Width);
        }
        Add("norm.weight", Width);
        Add("norm.bias", Width);
        return arrays;
    }

    /// <summary>Writes weights and configuration into a folder, as timm's save_for_hf does.</summary>
    public static string Write(string folder, string architecture, List<NamedArray> arrays, int registers)
    {
        Safetensors.Write(Path.Combine(folder, HuggingFaceModel.WeightsName), arrays);
        var arguments = new JsonObject { ["num_heads"] = Heads };
        if (registers > 0) (arguments["reg_tokens"], arguments["no_embed_class"]) = (registers, true);
        File.WriteAllText(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["architecture"] = architecture,
            ["num_classes"] = 0,
            ["global_pool"] = "token",
            ["model_args"] = arguments,
            ["pretrained_cfg"] = new JsonObject { ["mean"] = Three(Mean), ["std"] = Three(Deviation) },
        }.ToJsonString());
        return folder;
    }

    public static JsonArray Three(double[] values) => [.. values.Select(value => (JsonNode)value)];
}
