using System.Text.Json.Nodes;

namespace Silc.Tests;

/// <summary>What cannot be a model, or cannot be one of this library, is refused with file, value and reason.</summary>
[TestClass]
public sealed class ModelFileErrorTests
{
    [TestMethod]
    [DataRow("hf", "vision_config.num_attention_heads", "7", "the image tower has width 24, which 7 heads do not divide")]
    [DataRow("hf", "vision_config.num_attention_heads", "\"three\"",
        "vision_config.num_attention_heads is \"three\", it should be a number")]
    [DataRow("hf", "text_config.hidden_act", "\"quick_gelu\"", "text_config.hidden_act is \"quick_gelu\", only")]
    [DataRow("hf", "text_config.layer_norm_eps", "1e-05", "only 1e-6 is supported")]
    [DataRow("hf", "vision_config.image_size", "20",
        "vision_config.image_size is 20, but the file has 3 x 3 positions for patches of 4")]
    [DataRow("hf", "vision_config.vision_use_head", "false", "without attention pooling")]
    [DataRow("hf", "model_type", "\"clip\"", "only siglip")]
    [DataRow("open_clip", "model_cfg.vision_cfg.timm_model_name", "\"vit_base_patch16_siglip_gap_224\"",
        "timm_model_name is \"vit_base_patch16_siglip_gap_224\"")]
    [DataRow("open_clip", "model_cfg.vision_cfg.timm_pool", "\"avg\"", "only map")]
    [DataRow("open_clip", "model_cfg.vision_cfg.timm_model_kwargs.act_layer", "\"relu\"", "act_layer is \"relu\"")]
    [DataRow("open_clip", "model_cfg.text_cfg.no_causal_mask", "false", "without a mask")]
    [DataRow("open_clip", "model_cfg.text_cfg.norm_kwargs.eps", "1e-5", "only an eps of 1e-6")]
    [DataRow("open_clip", "model_cfg.quick_gelu", "true", "quick_gelu is true")]
    public void A_configuration_of_another_kind_of_model_is_refused(string golden, string key, string value, string says)
    {
        using var folder = new TemporaryFolder();
        foreach (var path in Directory.GetFiles(TinyModels.Golden(golden))) File.Copy(path, folder.File(Path.GetFileName(path)));
        var config = folder.File(golden == "hf" ? "config.json" : "open_clip_config.json");
        var root = JsonNode.Parse(File.ReadAllText(config))!;
        var keys = key.Split('.');
        keys[..^1].Aggregate(root, (node, name) => node[name]!)[keys[^1]] = JsonNode.Parse(value);
        File.WriteAllText(config, root.ToJsonString());
        File.Delete(folder.File("expected.npz"));
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(Path.GetDirectoryName(config)!));
        StringAssert.Contains(error.Message, says);
        StringAssert.Contains(error.Message, golden == "hf" && key.Contains("heads") && value == "7" ? "model.safetensors"
            : config);
    }

    [TestMethod]
    public void A_folder_says_what_is_in_it()
    {
        using var folder = new TemporaryFolder();
        var root = Path.GetDirectoryName(folder.File("x"))!;
        Assert.Contains("holds no weights", Assert.ThrowsExactly<FileNotFoundException>(() => ModelFile.Open(root)).Message);
        File.WriteAllText(folder.File("pytorch_model.bin"), "");
        Assert.Contains("is a pickle", Assert.ThrowsExactly<NotSupportedException>(() => ModelFile.Open(root)).Message);
        File.Copy(Path.Combine(TinyModels.Golden("hf"), "model.safetensors"), folder.File("a.safetensors"));
        Assert.Contains("needs config.json beside it",
            Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(root)).Message);
        File.WriteAllText(folder.File("config.json"), "{");
        Assert.Contains("is no JSON", Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(root)).Message);
        File.WriteAllText(folder.File("b.npz"), "");
        Assert.Contains("2 files of weights; name one: a.safetensors, b.npz",
            Sorted(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(root)).Message));
    }

    // The order of a folder's files is the system's.
    static string Sorted(string message) => message.Replace("b.npz, a.safetensors", "a.safetensors, b.npz");

    [TestMethod]
    [DataRow("""{"Image":{"Depth":2000000000}}""", "2000000000 layers, at most 1000")]
    [DataRow("""{"Image":{"Width":-4}}""", "width")]
    [DataRow("""{"ImageSize":2000000000,"PatchSize":1}""", "it should be")]
    [DataRow("""{"VocabSize":2147483647}""", "it should be")]
    [DataRow("nonsense", "cannot be read")]
    public void Metadata_that_lie_are_refused_before_memory_is_taken(string config, string says)
    {
        using var folder = new TemporaryFolder();
        var stored = BigVisionNames.Tensors(new(), head: false).Select(tensor => new NamedArray(tensor.Name, [1], [0]));
        Safetensors.Write(folder.File("m.safetensors"), stored,
            new Dictionary<string, string> { [ModelMetadata.ConfigKey] = config });
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(folder.File("m.safetensors")));
        StringAssert.Contains(error.Message, says);
        Assert.IsLessThan(16L << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void A_tokenizer_elsewhere_is_not_followed()
    {
        using var folder = new TemporaryFolder();
        var weights = TinyModels.Weights(TinyModels.Config);
        var arrays = TinyModels.Values(weights).Select(entry => new NamedArray(entry.Key, [entry.Value.Length], entry.Value));
        Safetensors.Write(folder.File("m.safetensors"), arrays, new Dictionary<string, string>
        {
            [ModelMetadata.ConfigKey] = ConfigJson.Write(TinyModels.Config),
            [ModelMetadata.TokenizerKey] = "../secret.model",
        });
        Assert.Contains("../secret.model",
            Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(folder.File("m.safetensors"))).Message);
    }
}
