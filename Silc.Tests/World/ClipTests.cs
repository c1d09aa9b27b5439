using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using static Silc.Tests.CommandLineRun;

namespace Silc.Tests;

/// <summary>CLIP as PyTorch computes it (make_clip.py): embeddings, one step's gradients, and the ways between its forms.</summary>
[TestClass]
public sealed class ClipTests : TempFolder
{
    static readonly IReadOnlyDictionary<string, StoredArray> golden = Npz.Read(WorldFolder.File("clip.npz"));

    static string OpenClip => WorldFolder.File("clip-open_clip");

    static string HuggingFace => WorldFolder.File("clip-hf");

    [TestMethod, EveryDevice]
    public void Both_forms_embed_as_in_PyTorch(string device)
    {
        foreach (var folder in new[] { OpenClip, HuggingFace })
        {
            using var model = SilcModel.Load(TestDevices.Open(device), folder);
            Near(golden["image"], model.EmbedPixels(golden["pixels"].Floats()), folder);
            Near(golden["text"], model.EmbedTokens(golden["tokens"].Ints()), folder);
        }
    }

    [TestMethod, EveryDevice]
    public void A_step_has_the_gradients_of_PyTorch(string device)
    {
        using var model = SilcModel.Load(TestDevices.Open(device), OpenClip);
        using (model.Exclusive()) model.Parameters.AllocateGradients();
        using var arena = Arena.Allocate(model.Device, 1 << 20);
        using var losses = new LossBuffer(model.Device);
        var ids = golden["tokens"].Ints();
        using var tokens = new DeviceIntegers(model.Device, ids);
        using var order = new DeviceIntegers(model.Device, TokenBatch.Sort(ids));
        using var pixels = new DeviceMatrix(model.Device, Pixels(5), 3 * 13 * 13);
        foreach (var recompute in new[] { false, true })
        {
            model.Parameters.ZeroGrads();
            arena.Reset();
            losses.Clear(model.Device.Ops);
            var pass = new Pass(model.Device.Ops, arena, Recompute: recompute);
            using (pass.Frame())
            {
                var (zText, backText) = model.EmbedText(pass, new(tokens.View, order.View, 5));
                var (zImage, _, backImage) = model.EmbedImage(pass, pixels, 13);
                var (dzImage, dzText) = new ContrastiveLoss(model, 1, new Solo()).Run(pass, zImage, zText, losses);
                backImage(dzImage, default);
                backText.Invoke(dzText);
            }
            Assert.AreEqual(golden["loss"].Floats()[0], model.Device.Download(losses.Values.View)[LossTerm.Contrastive.Index], 1e-5);
            foreach (var tensor in ClipNames.OpenClip(model.Config))
            {
                var expected = golden[$"grad/{tensor.Name}"].Floats();
                int at = 0;
                foreach (var part in tensor.Parts)
                {
                    var values = expected[at..(at += part.Count)];
                    if (part.Order != WeightOrder.Same) part.FromFile(values.ToArray(), values);
                    var actual = model.Device.Download(model.Parameters[part.Parameter].Grad.View)[..part.Count];
                    double size = Math.Sqrt(values.Sum(value => (double)value * value) / values.Length);
                    for (int i = 0; i < values.Length; i++) Assert.AreEqual(values[i], actual[i], 1e-5 + 1e-4 * size,
                        $"{part.Parameter}[{i}], recompute {recompute}");
                }
            }
        }
    }

    [TestMethod]
    public void Each_form_becomes_the_other_and_comes_back_with_equal_bits()
    {
        foreach (var (first, second, folder) in new[] { (ModelFormat.OpenClip, ModelFormat.HuggingFace, OpenClip),
            (ModelFormat.HuggingFace, ModelFormat.OpenClip, HuggingFace) })
        {
            string start;
            using (var file = ModelFile.Open(folder))
            {
                Assert.AreEqual(first, file.Format);
                Assert.IsEmpty(file.Extra);
                start = file.Weights.Fingerprint();
                ModelWriter.Write(file.Weights, second, At($"{first}/there"));
            }
            using (var file = ModelFile.Open(At($"{first}/there")))
            {
                Assert.AreEqual(start, file.Weights.Fingerprint(), "from the model there, to which nothing was lost");
                ModelWriter.Write(file.Weights, ModelFormat.Silc, At($"{first}/silc"));
            }
            using (var file = ModelFile.Open(At($"{first}/silc"))) ModelWriter.Write(file.Weights, first, At($"{first}/back"));
            var name = first == ModelFormat.OpenClip ? OpenClipModel.WeightsName : HuggingFaceModel.WeightsName;
            var (before, after) = (CheckpointFile.Read(Path.Combine(folder, name)), CheckpointFile.Read(At($"{first}/back/{name}")));
            CollectionAssert.AreEquivalent(before.Keys.ToArray(), after.Keys.ToArray());
            foreach (var (array, values) in before)
            {
                CollectionAssert.AreEqual(values.Shape, after[array].Shape, array);
                Close.Bits(values.Floats(), after[array].Floats(), array);
            }
        }
    }

    [TestMethod]
    public void The_configurations_are_what_the_libraries_read()
    {
        using var file = ModelFile.Open(OpenClip);
        ModelWriter.Write(file.Weights, ModelFormat.HuggingFace, At("hf"));
        ModelWriter.Write(file.Weights, ModelFormat.OpenClip, At("oc"));
        var hf = JsonNode.Parse(File.ReadAllText(At("hf/config.json")))!;
        Assert.AreEqual("clip", (string)hf["model_type"]!);
        Assert.AreEqual("CLIPModel", (string)hf["architectures"]![0]!);
        foreach (var tower in new[] { "text_config", "vision_config" })
        {
            Assert.AreEqual("quick_gelu", (string)hf[tower]!["hidden_act"]!);
            Assert.AreEqual(1e-5, (double)hf[tower]!["layer_norm_eps"]!);
            Assert.AreEqual(20, (int)hf[tower]!["projection_dim"]!);
        }
        Assert.AreEqual(36, (int)hf["text_config"]!["eos_token_id"]!);
        StringAssert.Contains(File.ReadAllText(At("hf/config.json")), "\"initializer_factor\": 1.0");
        var seen = JsonNode.Parse(File.ReadAllText(At("hf/preprocessor_config.json")))!;
        Assert.AreEqual(0.48145466, (double)seen["image_mean"]![0]!);
        Assert.AreEqual(0.27577711, (double)seen["image_std"]![2]!);
        var oc = JsonNode.Parse(File.ReadAllText(At("oc/open_clip_config.json")))!["model_cfg"]!;
        Assert.IsTrue((bool)oc["quick_gelu"]!);
        var theirs = JsonNode.Parse(File.ReadAllText(Path.Combine(OpenClip, "open_clip_config.json")))!["model_cfg"]!;
        foreach (var section in new[] { "vision_cfg", "text_cfg" })
            foreach (var (key, value) in theirs[section]!.AsObject())
                Assert.AreEqual((double)value!, (double)oc[section]![key]!, 1e-4, $"{section}.{key}");
    }

    [TestMethod]
    public void Weights_of_OpenAI_need_no_configuration()
    {
        var sizes = new SilcConfig(new(64, 2, 1, 80, GeluKind.Quick) { Epsilon = 1e-5 }, new(128, 1, 2, 96, GeluKind.Quick) { Epsilon = 1e-5 },
            ImageSize: 12, PatchSize: 4,
            TextLength: 5, VocabSize: 11)
        { ImageHead = 9, Pixels = PixelNorm.Clip, Images = ImageRule.OpenClip };
        var config = ClipModel.Of(sizes.Image, sizes.Text, sizes);
        var weights = TinyModels.Weights(config, head: false);
        var path = ModelWriter.Write(weights, ModelFormat.OpenClip, At("m"))[0];
        File.Delete(At("m/open_clip_config.json"));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(path)).Message, "open_clip_config.json");
        Safetensors.Write(path, [.. CheckpointFile.Read(path).Values.Select(array => array.ToNamedArray()),
            new("input_resolution", [], [12]), new("context_length", [], [5]), new("vocab_size", [], [11])]);
        using var file = ModelFile.Open(path);
        Assert.AreEqual(config, file.Config);
        Assert.AreEqual(weights.Fingerprint(), file.Weights.Fingerprint());
        StringAssert.Contains(file.Notes.Single(), "quick");
    }

    // In open_clip's CustomTextCLIP the text tower has a prefix of its own.
    [TestMethod]
    public void A_text_tower_of_its_own_is_the_same_model()
    {
        Directory.CreateDirectory(At("m"));
        File.Copy(Path.Combine(OpenClip, "open_clip_config.json"), At("m/open_clip_config.json"));
        Safetensors.Write(At("m/open_clip_model.safetensors"),
            CheckpointFile.Read(Path.Combine(OpenClip, "open_clip_model.safetensors")).Values.Select(array =>
            array.ToNamedArray() is var named && (named.Name.StartsWith("visual.", StringComparison.Ordinal) || named.Name == "logit_scale") ? named
                : named with { Name = $"text.{named.Name}" }).ToList());
        using ModelFile plain = ModelFile.Open(OpenClip), custom = ModelFile.Open(At("m"));
        Assert.AreEqual(plain.Weights.Fingerprint(), custom.Weights.Fingerprint());
        Assert.IsEmpty(custom.Extra);
    }

    [TestMethod]
    public void A_CLIP_with_a_ResNet_is_named()
    {
        Directory.CreateDirectory(At("m"));
        Safetensors.Write(At("m/open_clip_model.safetensors"), CheckpointFile.Read(Path.Combine(OpenClip, "open_clip_model.safetensors")).Values
            .Where(array => array.Name != ClipNames.ClassToken).Select(array => array.ToNamedArray()).ToList());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(At("m"))).Message, "ResNet");
    }

    [TestMethod]
    [DataRow("vision_cfg", "pool_type", "\"avg\"", "only tok"), DataRow("vision_cfg", "ls_init_value", "0.1", "other forms"),
        DataRow("vision_cfg", "no_ln_pre", "true", "other forms")]
    [DataRow("text_cfg", "no_causal_mask", "true", "other forms"), DataRow("text_cfg", "pool_type", "\"last\"", "only argmax and eos"),
        DataRow("text_cfg", "proj_bias", "true", "other forms")]
    public void A_setting_that_changes_the_function_is_refused(string section, string key, string value, string words)
    {
        Directory.CreateDirectory(At("m"));
        File.Copy(Path.Combine(OpenClip, "open_clip_model.safetensors"), At("m/open_clip_model.safetensors"));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(OpenClip, "open_clip_config.json")))!;
        config["model_cfg"]![section]![key] = JsonNode.Parse(value);
        File.WriteAllText(At("m/open_clip_config.json"), config.ToJsonString());
        var message = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(At("m"))).Message;
        foreach (var part in new[] { "open_clip_config.json", $"{section}.{key} is {value}", words }) StringAssert.Contains(message, part);
    }

    [TestMethod]
    public void Formats_without_a_place_for_a_part_refuse_it_by_name()
    {
        using var file = ModelFile.Open(OpenClip);
        var weights = file.Weights;
        StringAssert.Contains(Refusal(weights, ModelFormat.Npz), "the class token of its image tower");
        StringAssert.Contains(Refusal(weights with { Config = weights.Config with { TextPooling = TextPooling.Last } }, ModelFormat.OpenClip),
            "pools by Last");
        StringAssert.Contains(Refusal(weights with { Config = weights.Config with { TextEnd = 3 } }, ModelFormat.OpenClip), "end with the id 3");
        StringAssert.Contains(Refusal(weights with { Config = weights.Config with { Contrastive = ContrastiveKind.Sigmoid } },
            ModelFormat.HuggingFace), "logit_bias");
    }

    string Refusal(ModelWeights weights, ModelFormat format) =>
        Assert.ThrowsExactly<ArgumentException>(() => ModelWriter.Write(weights, format, At($"{format}"))).Message;

    // Captions end where the configuration's id is for the first time.
    [TestMethod]
    public void The_end_of_captions_is_the_id_that_the_configuration_names()
    {
        Directory.CreateDirectory(At("m"));
        File.Copy(Path.Combine(HuggingFace, "model.safetensors"), At("m/model.safetensors"));
        File.WriteAllText(At("m/config.json"), File.ReadAllText(Path.Combine(HuggingFace, "config.json")).Replace("\"eos_token_id\": 2",
            "\"eos_token_id\": 36", StringComparison.Ordinal));
        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), At("m"));
        Assert.AreEqual(36, model.Config.TextEnd);
        Near(golden["text"], model.EmbedTokens(golden["tokens"].Ints()), "by id");
        int[] two = [35, 3, 30, 36, 0, 0, 0], padded = [35, 3, 30, 36, 36, 5, 9];
        var rows = model.EmbedTokens([.. two, .. padded]);
        for (int c = 0; c < 20; c++) Assert.AreEqual(rows[0, c], rows[1, c], 1e-6, "what follows the end is not seen");
    }

    [TestMethod]
    [DataRow(false), DataRow(true)]
    public void ONNX_computes_what_PyTorch_does(bool byId)
    {
        using var file = ModelFile.Open(OpenClip);
        OnnxExport.Write(byId ? file.Weights with { Config = file.Config with { TextEnd = 36 } } : file.Weights, At("onnx"));
        var pixels = golden["pixels"].Floats();
        var planes = new DenseTensor<float>([5, 3, 13, 13]);
        for (int i = 0; i < pixels.Length; i++) planes[i / 507, i % 3, i / 39 % 13, i / 3 % 13] = pixels[i];
        Near(golden["image"], Run(At($"onnx/{OnnxExport.ImageName}"), NamedOnnxValue.CreateFromTensor("pixel_values", planes)), "image");
        var ids = new DenseTensor<long>(golden["tokens"].Ints().Select(id => (long)id).ToArray(), [5, 7]);
        Near(golden["text"], Run(At($"onnx/{OnnxExport.TextName}"), NamedOnnxValue.CreateFromTensor("input_ids", ids)), "text");
    }

    static float[,] Run(string path, NamedOnnxValue input)
    {
        using var session = new InferenceSession(path);
        using var results = session.Run([input]);
        var tensor = results[0].AsTensor<float>();
        var rows = new float[tensor.Dimensions[0], tensor.Dimensions[1]];
        for (int r = 0; r < rows.GetLength(0); r++)
            for (int c = 0; c < rows.GetLength(1); c++) rows[r, c] = tensor[r, c];
        return rows;
    }

    // Positions of patches follow another size of images; the class token keeps its own.
    [TestMethod]
    public void Another_size_of_images_resizes_the_patches_positions_alone()
    {
        using var file = ModelFile.Open(OpenClip);
        var larger = file.Weights.WithImageSize(20);
        Assert.AreEqual(5, larger.Config.Grid);
        Close.Bits(file.Weights.All(BigVisionNames.ClassPosition, 24), larger.All(BigVisionNames.ClassPosition, 24), "position of the class token");
        using var model = SilcModel.From(TestDevices.Open(TestDevices.OneThread), larger, larger.Config);
        var features = model.EmbedPatchPixels(new float[20 * 20 * 3], 20);
        Assert.AreEqual((25, 20), (features.Count, features.Width));
        var shares = model.PoolAttention(new float[2 * 20 * 20 * 3], 20);
        for (int image = 0; image < 2; image++) Assert.AreEqual(1, Enumerable.Range(0, 25).Sum(t => shares[image, t]), 1e-5);
    }

    [TestMethod]
    public void A_tokenizer_whose_captions_end_elsewhere_is_refused()
    {
        var message = Assert.ThrowsExactly<ArgumentException>(() => SilcModel.Load(TestDevices.Open(TestDevices.OneThread), OpenClip,
            Tokenizers.Open("words:37"))).Message;
        StringAssert.Contains(message, "merges");
    }

    [TestMethod]
    public void It_is_embedded_evaluated_and_tuned_by_the_command_line()
    {
        foreach (var form in new[] { OpenClip, HuggingFace })
        {
            var model = At($"{Path.GetFileName(form)}");
            Directory.CreateDirectory(model);
            foreach (var file in Directory.EnumerateFiles(form)) File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
            File.WriteAllText(Path.Combine(model, "tokenizer.json"), SmallClip.TokenizerJson(37));
            File.WriteAllText(At("texts.txt"), "a bad cab\nA FED DEAF HEAD\n");
            Good("embed", "--model", model, "--texts", At("texts.txt"), "--out", At($"{Path.GetFileName(form)}.npy"), "--device", "cpu");
            Good("train", "--init", model, "--data", "demo", "--steps", "2", "--batch", "4", "--device", "cpu", "--out",
                At($"run-{Path.GetFileName(form)}"), "--overwrite");
            Good("convert", At($"run-{Path.GetFileName(form)}"), At($"tuned-{Path.GetFileName(form)}"), "--to", "hf");
            using var tuned = ModelFile.Open(At($"tuned-{Path.GetFileName(form)}"));
            Assert.AreEqual("clip", (string)JsonNode.Parse(File.ReadAllText(At($"tuned-{Path.GetFileName(form)}/config.json")))!["model_type"]!);
            Assert.IsInstanceOfType<ClipTokenizer>(tuned.Tokenizer!.Open());
        }
    }

    static Matrix Pixels(int rows)
    {
        var values = golden["pixels"].Floats();
        return Matrix.Make(rows, values.Length / rows, (r, c) => values[r * (values.Length / rows) + c]);
    }

    static void Near(StoredArray expected, Vectors actual, string what)
    {
        CollectionAssert.AreEqual(expected.Shape, new[] { actual.Count, actual.Width }, what);
        float[] values = expected.Floats(), flat = [.. actual.Values.Span];
        for (int i = 0; i < flat.Length; i++) Assert.AreEqual(values[i], flat[i], 2e-6, $"{what}, value {i}");
    }
}
