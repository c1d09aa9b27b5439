using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Silc.Tests;

/// <summary>Image towers without a text tower: cut out of the models of transformers and open_clip, they embed images as those do.</summary>
[TestClass]
public sealed class ImageTowerTests : TempFolder
{
    [TestMethod]
    [DataRow("embeddings."), DataRow("vision_model.embeddings.")]
    public void The_vision_model_of_transformers_embeds_images(string form)
    {
        var prefix = form.Replace("embeddings.", "", StringComparison.Ordinal);
        var folder = Cut("hf", HuggingFaceModel.WeightsName, name => name.StartsWith("vision_model.", StringComparison.Ordinal)
            ? prefix + name["vision_model.".Length..] : null);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(TinyModels.Golden("hf"), "config.json")))!["vision_config"]!.AsObject();
        config["model_type"] = "siglip_vision_model";
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        Same("hf", folder);
    }

    // CLIPVisionModel and CLIPVisionModelWithProjection: the golden embeddings are those behind the projection.
    [TestMethod]
    [DataRow("", true), DataRow("vision_model.", true), DataRow("", false)]
    public void The_vision_model_of_CLIP_embeds_images(string prefix, bool projects)
    {
        var whole = Path.Combine(WorldFolder.File("clip-hf"));
        var folder = Directory.CreateDirectory(At("clip")).FullName;
        Safetensors.Write(Path.Combine(folder, HuggingFaceModel.WeightsName),
            [.. CheckpointFile.Read(Path.Combine(whole, HuggingFaceModel.WeightsName)).Values.Select(array => array.ToNamedArray())
                .Where(array => array.Name.StartsWith("vision_model.", StringComparison.Ordinal)
                    || projects && array.Name == "visual_projection.weight")
                .Select(array => array with { Name = array.Name.Replace("vision_model.", prefix, StringComparison.Ordinal) })]);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(whole, "config.json")))!["vision_config"]!.AsObject();
        config["model_type"] = "clip_vision_model";
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        if (File.Exists(Path.Combine(whole, "preprocessor_config.json")))
            File.Copy(Path.Combine(whole, "preprocessor_config.json"), Path.Combine(folder, "preprocessor_config.json"));
        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), folder);
        using var reference = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), whole);
        Assert.IsFalse(model.Config.HasText);
        var pixels = Npz.Read(WorldFolder.File("clip.npz"))["pixels"].Floats();
        Vectors ours = model.EmbedPixels(pixels, normalize: false), theirs = reference.EmbedPixels(pixels, normalize: false);
        if (projects) Close.To([.. theirs.Values.ToArray()], ours.Values.ToArray(), Close.Chained, "embeddings");
        else Assert.AreEqual(reference.Config.Image.Width, ours.Width);
    }

    // A classifier is a whole SiglipModel's configuration without its text tower, and a layer behind that is left out.
    [TestMethod]
    public void A_classifier_of_transformers_embeds_images()
    {
        var folder = Cut("hf", HuggingFaceModel.WeightsName, name => name.StartsWith("vision_model.", StringComparison.Ordinal) ? name : null,
            new NamedArray("classifier.bias", [2], [1, 2]));
        File.Copy(Path.Combine(TinyModels.Golden("hf"), "config.json"), Path.Combine(folder, "config.json"));
        CollectionAssert.AreEqual(new[] { "classifier.bias" }, Same("hf", folder).ToArray());
    }

    [TestMethod]
    public void The_tower_of_timm_embeds_images()
    {
        var folder = Timm();
        Same("open_clip", folder);
        File.WriteAllText(Path.Combine(folder, "config.json"),
            File.ReadAllText(Path.Combine(folder, "config.json")).Replace("siglip", "dino", StringComparison.Ordinal));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(folder)).Message,
            "architecture is \"vit_base_patch16_dino_224\"");
    }

    [TestMethod]
    public void The_norms_of_queries_and_keys_are_read_from_timm()
    {
        var blocks = new[] { 0, 1 }.SelectMany(block => new[] { "q_norm.weight", "q_norm.bias", "k_norm.weight", "k_norm.bias" }
            .Select(part => $"blocks.{block}.attn.{part}"));
        int size;
        using (var plain = ModelFile.Open(Timm())) size = plain.Config.Image.HeadDim;
        NamedArray[] norms = [.. blocks.Select((name, i) => new NamedArray(name, [size], [.. Enumerable.Range(0, size).Select(at => i + at / 10f)]))];
        using var file = ModelFile.Open(Timm(norms));
        Assert.IsTrue(file.Config.Image.QkNorm);
        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), file.Path);
        foreach (var (name, i) in new[] { ("0", "query", "scale"), ("0", "query", "bias"), ("0", "key", "scale"), ("0", "key", "bias"),
            ("1", "query", "scale"), ("1", "query", "bias"), ("1", "key", "scale"), ("1", "key", "bias") }.Select((part, i) =>
            ($"img/Transformer/encoderblock_{part.Item1}/MultiHeadDotProductAttention_0/{part.Item2}_norm/{part.Item3}", i)))
            Close.Bits(norms[i].Values, model.Device.Download(model.Parameters[name].Value.View), name);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(Timm(norms[0]))).Message;
        StringAssert.Contains(message, "blocks.0.attn.q_norm.bias");
    }

    [TestMethod]
    public void Layer_scale_is_read_from_timm()
    {
        int width;
        using (var plain = ModelFile.Open(Timm())) width = plain.Config.Image.Width;
        string[] names = ["blocks.0.ls1.gamma", "blocks.0.ls2.gamma", "blocks.1.ls1.gamma", "blocks.1.ls2.gamma"];
        NamedArray[] gains = [.. names.Select((name, i) =>
            new NamedArray(name, [width], [.. Enumerable.Range(0, width).Select(at => i + at / 10f)]))];
        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), Timm(gains));
        foreach (var (name, i) in new[] { "0/LayerScale_0", "0/LayerScale_1", "1/LayerScale_0", "1/LayerScale_1" }.Select((name, i) => (name, i)))
            Close.Bits(gains[i].Values, model.Device.Download(model.Parameters[$"img/Transformer/encoderblock_{name}/scale"].Value.View), name);
    }

    // timm's table of positions begins with rows for the registers, unless no_embed_class says that they have none.
    [TestMethod]
    [DataRow(false), DataRow(true)]
    public void Registers_are_read_from_timm(bool noEmbedClass)
    {
        int width, grid;
        using (var plain = ModelFile.Open(Timm())) (width, grid) = (plain.Config.Image.Width, plain.Config.Grid);
        const int registers = 2;
        float[] tokens = [.. Enumerable.Range(0, registers * width).Select(at => MathF.Sin(at))],
            own = [.. tokens.Select((_, at) => noEmbedClass ? 0 : MathF.Cos(at))];
        var folder = Timm(new NamedArray("reg_token", [1, registers, width], tokens));
        var path = Path.Combine(folder, HuggingFaceModel.WeightsName);
        var arrays = CheckpointFile.Read(path).Values.Select(array => array.ToNamedArray()).ToList();
        int at = arrays.FindIndex(array => array.Name == "pos_embed");
        var positions = arrays[at].Values;
        if (!noEmbedClass) arrays[at] = new("pos_embed", [1, registers + grid * grid, width], [.. own, .. positions]);
        Safetensors.Write(path, arrays);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!;
        (config["model_args"]!["reg_tokens"], config["model_args"]!["no_embed_class"]) = (registers, noEmbedClass);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());

        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), folder);
        Assert.AreEqual(registers, model.Config.Image.Registers);
        Close.Bits([.. tokens.Zip(own, (a, b) => a + b)], model.Device.Download(model.Parameters["img/reg/embedding"].Value.View), "registers");
        Close.Bits(positions, model.Device.Download(model.Parameters["img/pos_embedding"].Value.View), "positions");

        // The same vectors after a copy in Silc's own format, and from ONNX; PatchFeatureTests has the tower in double precision.
        int side = model.Config.ImageSize;
        float[] pixels = [.. Enumerable.Range(0, 3 * side * side * 3).Select(i => MathF.Sin(0.37f * i))];
        var embedded = model.EmbedPixels(pixels);
        int whole = grid * model.Config.PatchSize;
        Assert.AreEqual(grid * grid, model.EmbedPatchPixels(pixels[..(whole * whole * 3)], whole, PatchFeature.MapValues).Count);
        Assert.AreEqual(0, Run(out var error, "convert", folder, At("silc")), error);
        using (var again = SilcModel.Load(model.Device, At("silc")))
            Close.Bits([.. embedded.Values.Span], [.. again.EmbedPixels(pixels).Values.Span], "a copy");
        OnnxExport.Write(model.Weights, At("onnx"));
        var planes = new DenseTensor<float>([3, 3, side, side]);
        for (int i = 0; i < pixels.Length; i++) planes[i / (3 * side * side), i % 3, i / (3 * side) % side, i / 3 % side] = pixels[i];
        using var session = new InferenceSession(At($"onnx/{OnnxExport.ImageName}"));
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("pixel_values", planes)]);
        float[] theirs = [.. results[0].AsTensor<float>()], ours = [.. embedded.Values.Span];
        for (int i = 0; i < ours.Length; i++) Assert.AreEqual(theirs[i], ours[i], 1e-5);

        Assert.AreEqual(1, Run(out error, "convert", folder, At("m.npz")));
        StringAssert.Contains(error, "no place for");
        config["model_args"]!["reg_tokens"] = registers + 1;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(folder)).Message, "the file has 2 registers");
    }

    // timm's save_for_hf keeps all that the tower was made with.
    [TestMethod]
    public void Arguments_that_say_what_timm_says_anyway_are_read()
    {
        var path = Path.Combine(Timm(), "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!;
        var arguments = config["model_args"]!;
        (arguments["global_pool"], arguments["class_token"], arguments["num_classes"]) = ("map", false, 0);
        File.WriteAllText(path, config.ToJsonString());
        using (ModelFile.Open(Path.GetDirectoryName(path)!)) { }
        arguments["global_pool"] = "avg";
        File.WriteAllText(path, config.ToJsonString());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(Path.GetDirectoryName(path)!)).Message,
            "global_pool is \"avg\"");
    }

    [TestMethod]
    public void A_layer_that_the_tower_has_no_place_for_is_refused()
    {
        var folder = Timm(new NamedArray("blocks.1.ls1.gamma", [2], [1, 2]));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(folder)).Message, "layer scale");
    }

    [TestMethod]
    public void It_is_embedded_and_begins_a_run_but_has_no_words()
    {
        var folder = Timm();
        ImageFile.Write(At("images/a.png"), new RgbImage(5, 4, [.. Enumerable.Range(0, 80).Select(i => (byte)(i % 4 == 3 ? 255 : 3 * i))]));
        Assert.AreEqual(0, Run(out var error, "embed", "--model", folder, "--data", At("images"), "--out", At("v.npy"), "--device", "cpu"), error);
        Assert.AreEqual(0, Run(out error, "convert", folder, At("silc")), error);
        Same("open_clip", At("silc"));
        File.WriteAllText(At("texts.txt"), "a\n");
        foreach (var line in new string[][] { ["embed", "--texts", At("texts.txt"), "--out", At("t.npy")], ["eval", "zero-shot", "--data", "demo"] })
        {
            Assert.AreEqual(1, Run(out error, [.. line, "--model", folder, "--device", "cpu"]));
            StringAssert.Contains(error, "an image tower alone");
        }
        Assert.AreEqual(1, Run(out error, "convert", folder, At("hf"), "--to", "hf"));
        StringAssert.Contains(error, "no place for an image tower alone");
        Assert.AreEqual(0, Run(out error, "train", "--init", folder, "--data", "demo", "--tokenizer", "words", "--steps", "1", "--batch", "2",
            "--lr", "0", "--wd", "0",
            "--device", "cpu", "--out", At("run")), error);
        using var file = ModelFile.Open(At("run"));
        Assert.IsTrue(file.Config.HasText);
        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), folder);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => model.EmbedTexts(["a"])).Message, "image tower alone");
        Assert.HasCount(1, OnnxExport.Write(model.Weights, At("onnx")));
    }

    string Timm(params NamedArray[] more)
    {
        var folder = Cut("open_clip", HuggingFaceModel.WeightsName, name => name.StartsWith("visual.trunk.", StringComparison.Ordinal)
            ? name["visual.trunk.".Length..] : null, more);
        var whole =
            JsonNode.Parse(File.ReadAllText(Path.Combine(TinyModels.Golden("open_clip"), "open_clip_config.json")))!["model_cfg"]!["vision_cfg"]!;
        File.WriteAllText(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["architecture"] = "vit_base_patch16_siglip_224",
            ["num_classes"] = 0,
            ["global_pool"] = "map",
            ["model_args"] = whole["timm_model_kwargs"]!.DeepClone(),
            ["pretrained_cfg"] = new JsonObject { ["mean"] = new JsonArray(0.5, 0.5, 0.5), ["std"] = new JsonArray(0.5, 0.5, 0.5) },
        }.ToJsonString());
        return folder;
    }

    string Cut(string golden, string name, Func<string, string?> rename, params NamedArray[] more)
    {
        var folder = Directory.CreateDirectory(At($"m{Directory.GetDirectories(Root).Length}")).FullName;
        Safetensors.Write(Path.Combine(folder, name),
            CheckpointFile.Read(Directory.GetFiles(TinyModels.Golden(golden), "*.safetensors").Single()).Values
            .Where(array => rename(array.Name) is not null).Select(array =>
                array.ToNamedArray() with { Name = rename(array.Name)! }).Concat(more).ToList());
        return folder;
    }

    static IReadOnlyList<string> Same(string golden, string path)
    {
        var expected = Npz.Read(Path.Combine(TinyModels.Golden(golden), "expected.npz"));
        using var file = ModelFile.Open(path);
        Assert.IsFalse(file.Config.HasText);
        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), path);
        float[] values = expected["image"].Floats(), ours = [.. model.EmbedPixels(expected["pixels"].Floats()).Values.Span];
        for (int i = 0; i < values.Length; i++) Assert.AreEqual(values[i], ours[i], 1e-5, $"{path}, value {i}");
        return file.Extra;
    }

    static int Run(out string error, params string[] line)
    {
        (var code, _, error) = CommandLineRun.Of(line);
        return code;
    }
}
