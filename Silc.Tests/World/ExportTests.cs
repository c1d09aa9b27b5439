using System.Text.Json;

namespace Silc.Tests;

/// <summary>What is written for other libraries, read as strictly as their newest releases do: every field known, and of its type.</summary>
[TestClass]
public sealed class ExportTests : TempFolder
{
    const JsonValueKind Number = JsonValueKind.Number, Text = JsonValueKind.String, List = JsonValueKind.Array;

    // Of huggingface/transformers 5: src/transformers/models/siglip/configuration_siglip.py, SiglipTextConfig, SiglipVisionConfig and SiglipConfig,
    // which are strict dataclasses; image_processing_siglip.py. F: a float, which must be written as one; I: an integer; N: any number.
    static readonly Dictionary<string, string> tower = Fields("S model_type hidden_act", "F layer_norm_eps attention_dropout",
        "I hidden_size intermediate_size num_hidden_layers num_attention_heads");

    static readonly Dictionary<string, string> image = new(tower.Concat(Fields("I num_channels image_size patch_size")));

    static readonly Dictionary<string, string> text = new(tower.Concat(
        Fields("I vocab_size max_position_embeddings projection_size pad_token_id bos_token_id eos_token_id")));

    static readonly Dictionary<string, string> preprocessor =
        Fields("S image_processor_type processor_class", "B do_convert_rgb do_resize do_rescale do_normalize",
        "O size", "I resample", "F rescale_factor", "LF image_mean image_std");

    // What PreTrainedConfig adds to the classes of models: configuration_utils.py.
    static readonly Dictionary<string, string> whole = Fields("S model_type torch_dtype", "LS architectures", "F initializer_factor",
        "O text_config vision_config");

    // configuration_clip.py: CLIPTextConfig, CLIPVisionConfig, CLIPConfig; image_processing_clip.py.
    static readonly Dictionary<string, string> clipTower = new(tower.Concat(Fields("I projection_dim", "F initializer_range initializer_factor"))),
        clipImage = new(clipTower.Concat(Fields("I num_channels image_size patch_size"))),
        clipText = new(clipTower.Concat(Fields("I vocab_size max_position_embeddings pad_token_id bos_token_id eos_token_id"))),
        clip = new(whole.Concat(Fields("I projection_dim", "F logit_scale_init_value"))),
        clipProcessor = new(preprocessor.Concat(Fields("B do_center_crop", "O crop_size")));

    // Of mlfoundations/open_clip: src/open_clip/model.py, CLIPVisionCfg and CLIPTextCfg of 3.3, dataclasses that take no other name, and what
    // CLIP and CustomTextCLIP take beside them. Later releases know timm_model_kwargs too.
    static readonly Dictionary<string, string> openClipImage = Fields("I layers width head_width patch_size image_size", "N mlp_ratio patch_dropout",
            "S pos_embed_type pool_type timm_model_name timm_pool timm_proj", "B final_ln_after_pool output_tokens timm_model_pretrained",
            "O act_kwargs norm_kwargs"),
        openClipText = Fields("I context_length vocab_size width heads layers pad_id eos_id", "N mlp_ratio",
            "S hf_tokenizer_name pool_type proj_type", "B no_causal_mask proj_bias output_tokens final_ln_after_pool",
            "O tokenizer_kwargs act_kwargs norm_kwargs"),
        openClip = Fields("I embed_dim", "B custom_text quick_gelu", "N init_logit_scale init_logit_bias", "O vision_cfg text_cfg");

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Files_for_transformers_have_floats_as_floats_and_no_unknown_field()
    {
        ModelWriter.Write(TinyModels.Weights(TinyModels.Config, head: false), ModelFormat.HuggingFace, At("hf"));
        var config = Json("hf/config.json");
        Assert.AreEqual("1.0", config.GetProperty("initializer_factor").GetRawText());
        Strict(config, whole, "config");
        Strict(config.GetProperty("vision_config"), image, "vision_config");
        Strict(config.GetProperty("text_config"), text, "text_config");
        Strict(Json("hf/preprocessor_config.json"), preprocessor, "preprocessor");
    }

    [TestMethod]
    public void A_model_that_came_from_transformers_goes_back_with_the_same_fields()
    {
        Directory.CreateDirectory(At("in"));
        foreach (var name in new[] { "config.json", HuggingFaceModel.WeightsName })
            File.Copy(WorldFolder.File($"hf-lower-case/in/{name}"), At($"in/{name}"));
        CommandLineRun.Good("convert", At("in"), At("hf"), "--to", "hf");
        JsonElement before = JsonDocument.Parse(File.ReadAllBytes(At("in/config.json"))).RootElement, config = Json("hf/config.json");
        Strict(config, whole, "config");
        Assert.AreEqual("1.0", config.GetProperty("initializer_factor").GetRawText());
        foreach (var (section, known) in new[] { ("vision_config", image), ("text_config", text) })
        {
            Strict(config.GetProperty(section), known, section);
            foreach (var name in known.Keys.Where(name => known[name] is "I" or "S" && before.GetProperty(section).TryGetProperty(name, out _)))
                if (config.GetProperty(section).TryGetProperty(name, out var value))
                    Assert.AreEqual(before.GetProperty(section).GetProperty(name).GetRawText(), value.GetRawText(), $"{section}.{name}");
        }
        Strict(Json("hf/preprocessor_config.json"), preprocessor, "preprocessor");
    }

    [TestMethod]
    public void A_model_of_softmax_gets_a_bias_of_0_in_other_libraries()
    {
        var weights = TinyModels.Weights(TinyModels.Config with { Contrastive = ContrastiveKind.Softmax }, head: false);
        ModelWriter.Write(weights, ModelFormat.HuggingFace, At("hf"));
        var arrays = CheckpointFile.Read(At("hf/model.safetensors"));
        CollectionAssert.AreEqual(new float[] { 0 }, arrays["logit_bias"].Floats());
        CollectionAssert.AreEqual(new[] { 1 }, arrays["logit_bias"].Shape);
        var openClip = TinyModels.WriteOpenClip(weights, At("open_clip"));
        CollectionAssert.AreEqual(new float[] { 0 }, CheckpointFile.Read(openClip)["logit_bias"].Floats());
        StringAssert.Contains(File.ReadAllText(At("open_clip/open_clip_config.json")), "\"init_logit_bias\":0");
    }

    [TestMethod]
    [DataRow("gemma/tokenizer.model")]
    [DataRow("gemma/tokenizer.json")]
    public void The_files_of_a_SigLIP_2_tokenizer_are_carried_over(string tokenizer)
    {
        var origin = TokenizerOrigin.Of(WorldFolder.File(tokenizer));
        ModelWriter.Write(TinyModels.Weights(TinyModels.Config with { VocabSize = 600 }, head: false), ModelFormat.HuggingFace, At("hf"), origin);
        foreach (var name in new[] { "tokenizer.json", "tokenizer_config.json", Path.GetFileName(tokenizer) })
            CollectionAssert.AreEqual(File.ReadAllBytes(WorldFolder.File($"gemma/{name}")), File.ReadAllBytes(At($"hf/{name}")), name);
        Assert.IsFalse(File.Exists(At("hf/spiece.model")));
        using var again = ModelFile.Open(At("hf"));
        CollectionAssert.AreEqual(new[] { 554, 540, 396, 1, 0 }, again.Tokenizer!.Open().Tokens("a red star", 5));
    }

    [TestMethod]
    public void A_Gemma_vocabulary_alone_gets_a_configuration_of_its_own_class()
    {
        var origin = new TokenizerOrigin("t.model", File.ReadAllBytes(WorldFolder.File("gemma/tokenizer.model"))) { Captions = CaptionRule.Lower };
        ModelWriter.Write(TinyModels.Weights(TinyModels.Config with { VocabSize = 600 }, head: false), ModelFormat.HuggingFace, At("hf"), origin);
        var config = Json("hf/tokenizer_config.json");
        foreach (var (name, value) in new[] { ("tokenizer_class", "Siglip2Tokenizer"), ("eos_token", "<eos>"), ("pad_token", "<pad>"),
            ("padding_side", "right") })
            Assert.AreEqual(value, config.GetProperty(name).GetString(), name);
        using var again = ModelFile.Open(At("hf"));
        Assert.AreEqual(CaptionRule.Lower, again.Tokenizer!.Captions);
    }

    [TestMethod]
    public void Open_clip_gets_published_sizes_by_name_and_others_are_refused_with_what_to_do()
    {
        var message = Assert.ThrowsExactly<ArgumentException>(
            () => ModelWriter.Write(TinyModels.Weights(TinyModels.Config, head: false), ModelFormat.OpenClip, At("oc"))).Message;
        foreach (var words in new[] { "2 layers of 12 channels", "11 pixels in patches of 3", "write hf, npz or silc",
            "vit_base_patch16_siglip_256" })
            StringAssert.Contains(message, words);
        Assert.IsFalse(Directory.Exists(At("oc")));

        OpenClipModel.RequirePublished(SilcConfig.B16);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(OpenClipModel.Config(SilcConfig.B16, null));
        var model = Printed(OpenClipModel.ConfigName, bytes).GetProperty("model_cfg");
        Assert.AreEqual("vit_base_patch16_siglip_256", model.GetProperty("vision_cfg").GetProperty("timm_model_name").GetString());
        foreach (var (section, known) in new[] { ("vision_cfg", openClipImage), ("text_cfg", openClipText) })
            Strict(model.GetProperty(section), known, section);
        Strict(model, openClip, "model_cfg");
    }

    [TestMethod]
    public void Files_of_CLIP_have_the_fields_of_its_classes()
    {
        using (var file = ModelFile.Open(WorldFolder.File("clip-hf"))) ModelWriter.Write(file.Weights, ModelFormat.HuggingFace, At("hf"));
        var config = Json("hf/config.json");
        Strict(config, clip, "config");
        Strict(config.GetProperty("vision_config"), clipImage, "vision_config");
        Strict(config.GetProperty("text_config"), clipText, "text_config");
        Strict(Json("hf/preprocessor_config.json"), clipProcessor, "preprocessor");
        using (var file = ModelFile.Open(WorldFolder.File("clip-open_clip"))) ModelWriter.Write(file.Weights, ModelFormat.OpenClip, At("oc"));
        var model = Json("oc/open_clip_config.json").GetProperty("model_cfg");
        Strict(model, openClip, "model_cfg");
        Strict(model.GetProperty("vision_cfg"), openClipImage, "vision_cfg");
        Strict(model.GetProperty("text_cfg"), openClipText, "text_cfg");
    }

    [TestMethod]
    public void Stacked_layers_stay_stacked_unless_asked_otherwise()
    {
        var source = WorldFolder.File("bv-towers-scan.npz");
        string[] Names(string path) =>
            [.. CheckpointFile.Read(path).Keys.Where(name => name.StartsWith("params/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        foreach (var (option, same) in new[] { (Array.Empty<string>(), true), (["--stacked", "false"], false) })
        {
            var (code, _, error) = CommandLineRun.Of(["convert", source, At($"{same}.npz"), .. option]);
            Assert.AreEqual(0, code, error);
            Assert.AreEqual(same, Names(source).SequenceEqual(Names(At($"{same}.npz"))));
            foreach (var (name, values) in TinyModels.Values(source)) Close.Bits(values, TinyModels.Values(At($"{same}.npz"))[name], name);
        }
        var (stacked, single) = (CheckpointFile.Read(source), CheckpointFile.Read(At("True.npz")));
        foreach (var name in Names(source)) Close.Bits(stacked[name].Floats(), single[name].Floats(), name);
    }

    [TestMethod]
    [DataRow("hf"), DataRow("open_clip")]
    public void A_part_that_a_format_has_no_place_for_is_named(string format)
    {
        foreach (var (config, part) in new[] { (TinyModels.Config with { ImageHead = 7 }, "img/head"),
            (TinyModels.Config with { TextPooling = TextPooling.Map }, "txt/MAPHead_0"),
            (TinyModels.Config with { PreLogits = 7 }, "img/pre_logits"), (TinyModels.Config with { TextPooling = TextPooling.Mean },
                "pools by Mean") })
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() =>
                ModelWriter.Write(TinyModels.Weights(config, head: false), ModelFormats.Parse(format), At("m"))).Message, part);
    }

    // Each line: a kind, then the names of fields of it.
    static Dictionary<string, string> Fields(params string[] kinds) => kinds.Select(line => line.Split(' '))
        .SelectMany(words => words.Skip(1).Select(name => (name, words[0]))).ToDictionary(field => field.name, field => field.Item2);

    JsonElement Json(string name) => Printed(name, File.ReadAllBytes(At(name)));

    // Shown by --logger "console;verbosity=detailed".
    JsonElement Printed(string name, byte[] json)
    {
        TestContext.WriteLine($"{name}: {System.Text.Encoding.UTF8.GetString(json)}");
        return JsonDocument.Parse(json).RootElement;
    }

    static void Strict(JsonElement section, Dictionary<string, string> fields, string where)
    {
        foreach (var field in section.EnumerateObject())
        {
            Assert.IsTrue(fields.TryGetValue(field.Name, out var kind), $"{where}.{field.Name} is no field");
            Typed(field.Value, kind!, $"{where}.{field.Name}");
        }
    }

    static void Typed(JsonElement value, string kind, string where)
    {
        if (kind[0] == 'L')
        {
            Assert.AreEqual(List, value.ValueKind, where);
            foreach (var item in value.EnumerateArray()) Typed(item, kind[1..], where);
            return;
        }
        var raw = value.GetRawText();
        var right = kind switch
        {
            "F" => value.ValueKind == Number && raw.AsSpan().ContainsAny('.', 'e', 'E'),
            "I" => value.ValueKind == Number && !raw.AsSpan().ContainsAny('.', 'e', 'E'),
            "N" => value.ValueKind == Number,
            "S" => value.ValueKind == Text,
            "B" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            _ => value.ValueKind == JsonValueKind.Object,
        };
        Assert.IsTrue(right, $"{where} is {raw}, not of the kind {kind}");
    }
}
