using System.Text.Json;
using System.Text.Json.Nodes;
using static Silc.Tests.CommandLineRun;

namespace Silc.Tests;

/// <summary>Files that transformers, open_clip, timm and big_vision wrote: what <c>silc convert</c> and <c>silc embed</c> make of them.</summary>
[TestClass]
public sealed class CaseFileTests : TempFolder
{
    // The model that hf-sharded has in parts and hf-prefix-module behind a prefix, with the bytes of each array.
    static string Whole => WorldFolder.File("hf-lower-case/in");

    [TestMethod]
    public void Stacked_layers_come_back_under_the_names_that_they_had()
    {
        var source = WorldFolder.File("bv-stacked-out/model.npz");
        Good("convert", source, At("out.npz"));
        IReadOnlyDictionary<string, StoredArray> before = CheckpointFile.Read(source), after = CheckpointFile.Read(At("out.npz"));
        CollectionAssert.AreEquivalent(before.Keys.ToArray(), after.Keys.ToArray());
        Assert.Contains("params/txt/Encoder_0/encoderblock/LayerNorm_0/bias", after.Keys);
        foreach (var (name, array) in before)
        {
            // A single value is one whether its shape is (1) or ().
            if (array.Count > 1) CollectionAssert.AreEqual(array.Shape, after[name].Shape, name);
            Close.Bits(array.Floats(), after[name].Floats(), name);
        }
    }

    [TestMethod]
    public void Positions_of_another_size_are_those_that_big_vision_loads()
    {
        Good("convert", WorldFolder.File("bv-towers.npz"), At("out.npz"), "--image-size", "24");
        using var file = File.OpenRead(WorldFolder.File("images/positions-4-to-6.npy"));
        Close.To(Npy.Read(file, file.Length, "positions", file.Name).Floats(),
            CheckpointFile.Read(At("out.npz"))[$"params/{ModelWeights.Positions}"].Floats(), 1e-6, "positions");
    }

    [TestMethod]
    public void A_model_in_parts_is_the_whole_one()
    {
        Directory.CreateDirectory(At("in"));
        File.Copy(Path.Combine(Whole, "config.json"), At("in/config.json"));
        File.Copy(WorldFolder.File("hf-sharded/model.safetensors.index.json"), At("in/model.safetensors.index.json"));
        var parts = JsonNode.Parse(File.ReadAllText(At("in/model.safetensors.index.json")))!["weight_map"]!.AsObject();
        Assert.HasCount(Arrays().Count, parts);
        foreach (var part in Arrays().GroupBy(array => (string)parts[array.Name]!)) Safetensors.Write(At($"in/{part.Key}"), part);
        Assert.HasCount(4, Directory.GetFiles(At("in"), "model-0000*.safetensors"));
        Good("convert", At("in"), At("out"));
        Assert.AreEqual(Fingerprint(Whole), Fingerprint(At("out")));
    }

    // What DataParallel puts in front of names, with a configuration that repeats fields of the whole model inside of the image tower.
    [TestMethod]
    public void A_prefix_of_every_name_is_left_off()
    {
        Directory.CreateDirectory(At("in"));
        File.Copy(WorldFolder.File("hf-transparent-picture/in/config.json"), At("in/config.json"));
        Safetensors.Write(At("in/model.safetensors"), [.. Arrays().Select(array => array with { Name = $"module.{array.Name}" })]);
        Good("convert", At("in"), At("out"));
        Assert.AreEqual(Fingerprint(Whole), Fingerprint(At("out")));
    }

    // transformers' flat kernels hold row, column, channel of a patch; a fixed model's hold channel, row, column.
    [TestMethod]
    public void A_NaFlex_SigLIP_2_becomes_the_fixed_model_of_its_square_size()
    {
        const string kernel = "vision_model.embeddings.patch_embedding.weight";
        const int patch = 8, area = patch * patch;
        var source = WorldFolder.File("hf-siglip2-naflex/in");
        StringAssert.Contains(Good("convert", source, At("out"), "--to", "hf"), "NaFlex");
        var before = CheckpointFile.Read(Path.Combine(source, HuggingFaceModel.WeightsName));
        var after = CheckpointFile.Read(At($"out/{HuggingFaceModel.WeightsName}"));
        CollectionAssert.AreEquivalent(before.Keys.ToArray(), after.Keys.ToArray());
        foreach (var (name, array) in before)
        {
            var values = array.Floats();
            Close.Bits(name != kernel ? values : [.. Enumerable.Range(0, values.Length).Select(i =>
                values[i / (3 * area) * 3 * area + i % area * 3 + i / area % 3])], after[name].Floats(), name);
        }
        CollectionAssert.AreEqual(new[] { 32, 3, patch, patch }, after[kernel].Shape);
        using var config = JsonDocument.Parse(File.ReadAllBytes(At("out/config.json")));
        Assert.AreEqual("siglip", config.RootElement.GetProperty("model_type").GetString());
        Assert.AreEqual(32, config.RootElement.GetProperty("vision_config").GetProperty("image_size").GetInt32());
    }

    // x + γ (W h + b) = x + (γ W) h + γ b: a tower whose gains are multiplied into its layers is the same function, which plain timm holds.
    [TestMethod]
    public void Layer_scale_of_open_clip_is_applied()
    {
        var source = WorldFolder.File("hf-open_clip-layer-scale/in");
        Good("convert", source, At("out"));
        Directory.CreateDirectory(At("folded"));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, OpenClipModel.ConfigName)))!;
        config["model_cfg"]!["vision_cfg"]!["timm_model_kwargs"]!.AsObject().Remove("init_values");
        File.WriteAllText(At($"folded/{OpenClipModel.ConfigName}"), config.ToJsonString());
        var arrays = CheckpointFile.Read(Path.Combine(source, OpenClipModel.WeightsName)).Values.Select(array => array.ToNamedArray())
            .ToDictionary(array => array.Name);
        foreach (var (name, gains) in arrays.Where(array => array.Key.EndsWith(".gamma", StringComparison.Ordinal)).ToList())
        {
            var layer = name.Replace("ls1.gamma", "attn.proj", StringComparison.Ordinal).Replace("ls2.gamma", "mlp.fc2", StringComparison.Ordinal);
            foreach (var part in new[] { $"{layer}.weight", $"{layer}.bias" })
            {
                int inputs = arrays[part].Values.Length / gains.Values.Length;
                for (int i = 0; i < arrays[part].Values.Length; i++) arrays[part].Values[i] *= gains.Values[i / inputs];
            }
            Assert.IsTrue(arrays.Remove(name));
        }
        Safetensors.Write(At($"folded/{OpenClipModel.WeightsName}"), [.. arrays.Values]);
        Alike(source, At("folded"));
        Alike(source, At("out"));
        // Written for open_clip it would need timm's settings, which 3.3 does not take.
        Bad("layer scale", "convert", source, At("oc"), "--to", "open_clip");
    }

    [TestMethod]
    public void Open_clip_does_not_get_sizes_that_it_cannot_load()
    {
        Bad("vit_base_patch16_siglip_256", "convert", Whole, At("out"), "--to", "open_clip");
        Assert.IsFalse(Directory.Exists(At("out")));
    }

    [TestMethod]
    public void The_tokenizer_of_a_SigLIP_2_goes_with_it()
    {
        Good("convert", WorldFolder.File("hf-siglip2-padding/in"), At("out"), "--to", "hf");
        foreach (var name in new[] { "tokenizer.json", "tokenizer_config.json", "tokenizer.model" })
            CollectionAssert.AreEqual(File.ReadAllBytes(WorldFolder.File($"hf-siglip2-padding/in/{name}")), File.ReadAllBytes(At($"out/{name}")),
                name);
        using var file = ModelFile.Open(At("out"));
        CollectionAssert.AreEqual(new[] { 554, 540, 396, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, file.Tokenizer!.Open().Tokens("a red star", 16));
    }

    [TestMethod]
    [DataRow("hf-timm-tower"), DataRow("hf-vision-model")]
    public void An_image_tower_alone_embeds_images(string name)
    {
        var folder = WorldFolder.File(name);
        Good("embed", "--model", Path.Combine(folder, "in"), "--data", Path.Combine(folder, "pics"), "--out", At("out.npy"), "--device", "cpu");
        using var file = File.OpenRead(At("out.npy"));
        var vectors = Npy.Read(file, file.Length, "vectors", file.Name);
        CollectionAssert.AreEqual(new[] { 1, 32 }, vectors.Shape);
        Assert.AreEqual(1, vectors.Floats().Sum(value => (double)value * value), 1e-5);
    }

    // The same tower under the names of SiglipVisionModel, which other golden files hold to transformers.
    [TestMethod]
    public void The_tower_of_timm_is_that_of_transformers()
    {
        var source = WorldFolder.File("hf-timm-tower/in");
        Directory.CreateDirectory(At("hf"));
        var config = JsonNode.Parse(File.ReadAllText(WorldFolder.File("hf-vision-model/in/config.json")))!;
        config["hidden_act"] = "gelu";
        File.WriteAllText(At("hf/config.json"), config.ToJsonString());
        var arrays = CheckpointFile.Read(Path.Combine(source, HuggingFaceModel.WeightsName)).Values.Select(array => array.ToNamedArray())
            .ToDictionary(array => array.Name);
        const int width = 32;
        List<NamedArray> renamed =
        [
            new("embeddings.position_embedding.weight", [16, width], arrays["pos_embed"].Values),
            new("head.probe", [1, 1, width], arrays["attn_pool.latent"].Values),
        ];
        foreach (var end in new[] { "weight", "bias" })
        {
            Layer("patch_embed.proj", "embeddings.patch_embedding");
            Layer("norm", "post_layernorm");
            Layer("attn_pool.norm", "head.layernorm");
            Layer("attn_pool.proj", "head.attention.out_proj");
            foreach (var layer in new[] { "mlp.fc1", "mlp.fc2" }) Layer($"attn_pool.{layer}", $"head.{layer}");
            float[] query = arrays[$"attn_pool.q.{end}"].Values, rest = arrays[$"attn_pool.kv.{end}"].Values;
            renamed.Add(new($"head.attention.in_proj_{end}", end == "bias" ? [3 * width] : [3 * width, width], [.. query, .. rest]));
            for (int i = 0; i < 2; i++)
            {
                foreach (var (from, to) in new[] { ("norm1", "layer_norm1"), ("norm2", "layer_norm2"), ("attn.proj", "self_attn.out_proj"),
                    ("mlp.fc1", "mlp.fc1"), ("mlp.fc2", "mlp.fc2") }) Layer($"blocks.{i}.{from}", $"encoder.layers.{i}.{to}");
                var qkv = arrays[$"blocks.{i}.attn.qkv.{end}"].Values;
                foreach (var (part, at) in new[] { "q", "k", "v" }.Select((part, at) => (part, at)))
                    renamed.Add(new($"encoder.layers.{i}.self_attn.{part}_proj.{end}", end == "bias" ? [width] : [width, width],
                        qkv[(at * qkv.Length / 3)..((at + 1) * qkv.Length / 3)]));
            }

            void Layer(string from, string to) =>
                renamed.Add(new($"{to}.{end}", arrays[$"{from}.{end}"].Shape, arrays[$"{from}.{end}"].Values));
        }
        Safetensors.Write(At("hf/model.safetensors"), renamed);
        Alike(source, At("hf"));
    }

    static List<NamedArray> Arrays() =>
        [.. CheckpointFile.Read(Path.Combine(Whole, HuggingFaceModel.WeightsName)).Values.Select(array => array.ToNamedArray())];

    static string Fingerprint(string path)
    {
        using var file = ModelFile.Open(path);
        Assert.IsEmpty(file.Extra);
        return file.Weights.Fingerprint();
    }

    static void Alike(string one, string other)
    {
        var device = TestDevices.Open(TestDevices.OneThread);
        using SilcModel first = SilcModel.Load(device, one), second = SilcModel.Load(device, other);
        float[] pixels = [.. Enumerable.Range(0, 3 * 32 * 32 * 3).Select(i => MathF.Sin(0.37f * i))],
            theirs = [.. second.EmbedPixels(pixels).Values.Span], ours = [.. first.EmbedPixels(pixels).Values.Span];
        Assert.HasCount(3 * 32, ours);
        for (int i = 0; i < ours.Length; i++) Assert.AreEqual(theirs[i], ours[i], 1e-6, $"{one} and {other}, value {i}");
    }
}
