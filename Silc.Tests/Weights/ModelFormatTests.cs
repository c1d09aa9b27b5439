namespace Silc.Tests;

/// <summary>Names, layouts and values between big_vision, Hugging Face, open_clip and Silc.</summary>
[TestClass]
public sealed class ModelFormatTests
{
    const double Parity = 1e-5;     // float32 through six layers against double; cosines are below 1

    static readonly (string Name, Func<SilcConfig, IEnumerable<WeightTensor>> Tensors)[] formats =
    [
        ("hf", config => HuggingFaceNames.Tensors(config)), ("naflex", config => HuggingFaceNames.Tensors(config, flatPatches: true)),
            ("open_clip", config => OpenClipNames.Tensors(config)),
        ("npz", config => BigVisionNames.Tensors(config, head: false)),
            ("scanned npz", config => BigVisionNames.Tensors(config, head: false, "params/", _ => true)),
    ];

    [TestMethod]
    [DataRow("hf"), DataRow("open_clip")]
    public void Embeddings_are_those_of_PyTorch(string folder)
    {
        var expected = Npz.Read(Path.Combine(TinyModels.Golden(folder), "expected.npz"));
        foreach (var device in TestDevices.Names)
        {
            using var model = SilcModel.Load(TestDevices.Open(device), TinyModels.Golden(folder));
            Near(expected["image"].Floats(), model.EmbedPixels(expected["pixels"].Floats()), $"{folder}, image, {device}");
            Near(expected["text"].Floats(), model.EmbedTokens(expected["tokens"].Ints()), $"{folder}, text, {device}");
        }
    }

    static void Near(float[] expected, Vectors actual, string what)
    {
        Assert.AreEqual(expected.Length, actual.Values.Length, what);
        float[] flat = [.. actual.Values.Span];
        for (int i = 0; i < flat.Length; i++) Assert.AreEqual(expected[i], flat[i], Parity, $"{what}, value {i}");
    }

    [TestMethod]
    [DataRow("hf"), DataRow("open_clip")]
    public void What_PyTorch_wrote_is_written_again_name_for_name_and_bit_for_bit(string name)
    {
        using var folder = new TemporaryFolder();
        using var file = ModelFile.Open(TinyModels.Golden(name));
        Assert.IsEmpty(file.Extra);
        ModelWriter.WriteFiles(file.Weights, file.Format, folder.File("again"));
        // Of open_clip's sizes only the published ones have a configuration.
        if (file.Format == ModelFormat.OpenClip)
            File.Copy(Path.Combine(TinyModels.Golden(name), "open_clip_config.json"), folder.File("again/open_clip_config.json"), overwrite: true);
        var (before, after) = (CheckpointFile.Read(file.Path),
            CheckpointFile.Read(folder.File($"again/{Path.GetFileName(file.Path)}")));
        CollectionAssert.AreEquivalent(before.Keys.ToArray(), after.Keys.ToArray());
        foreach (var (tensor, stored) in before)
        {
            CollectionAssert.AreEqual(stored.Shape, after[tensor].Shape, tensor);
            Close.Bits(stored.Floats(), after[tensor].Floats(), tensor);
        }
        using var again = ModelFile.Open(folder.File("again"));
        Assert.AreEqual(file.Config, again.Config with { Views = file.Config.Views });
    }

    [TestMethod]
    public void A_trip_through_all_formats_changes_no_bit()
    {
        using var folder = new TemporaryFolder();
        var original = TinyModels.Weights(TinyModels.Config);
        string[] stops = ["silc", "npz", "hf", "npz", "hf", "silc"];
        var at = folder.File("0");
        ModelWriter.Write(original, ModelFormat.Silc, at);
        for (int i = 1; i < stops.Length; i++)
        {
            using var file = ModelFile.Open(at);
            ModelWriter.Write(file.Weights, ModelFormats.Parse(stops[i]), at = folder.File($"{i}"));
            var values = TinyModels.Values(at);
            foreach (var (name, expected) in TinyModels.Values(original with { HasHead = i < 2 })) Close.Bits(expected,
                values[name], $"{name} after {stops[i]}");
        }
    }

    [TestMethod]
    public void The_form_of_gelu_travels_where_there_is_a_place_for_it()
    {
        foreach (var (image, text) in new[] { (GeluKind.Exact, GeluKind.Tanh), (GeluKind.Tanh, GeluKind.Exact),
            (GeluKind.Exact, GeluKind.Exact) })
            foreach (var format in new[] { ModelFormat.HuggingFace, ModelFormat.Silc })
            {
                using var folder = new TemporaryFolder();
                var config = TinyModels.Config with
                {
                    Image = TinyModels.Config.Image with { Gelu = image },
                    Text = TinyModels.Config.Text with { Gelu = text }
                };
                ModelWriter.Write(TinyModels.Weights(config), format, folder.File("m"));
                using var file = ModelFile.Open(folder.File("m"));
                Assert.AreEqual((image, text), (file.Config.Image.Gelu, file.Config.Text.Gelu), $"{format}");
                Assert.AreEqual((config.Image, config.Text, config.ImageSize, config.Contrastive),
                    (file.Config.Image, file.Config.Text, file.Config.ImageSize, file.Config.Contrastive));
            }
    }

    [TestMethod]
    [DataRow("mini"), DataRow("b"), DataRow("so400m")]
    public void Each_parameter_is_in_exactly_one_tensor_and_no_value_is_lost(string preset)
    {
        var config = SilcConfig.Preset(preset) with { Contrastive = ContrastiveKind.Sigmoid };
        var parameters = ParameterTable.Towers(config).ToDictionary(weight => weight.Name, weight =>
            weight.Shape.Aggregate(1, (a, b) => a * b));
        foreach (var (name, tensors) in formats)
        {
            var all = tensors(config).ToList();
            CollectionAssert.AllItemsAreUnique(all.ConvertAll(tensor => tensor.Name), name);
            var parts = all.SelectMany(tensor => tensor.Parts).ToList();
            CollectionAssert.AreEquivalent(parameters.Keys, parts.ConvertAll(part => part.Parameter), name);
            foreach (var part in parts) Assert.AreEqual(parameters[part.Parameter], part.Count, $"{name}, {part.Parameter}");
            foreach (var tensor in all) Assert.AreEqual(tensor.Parts.Sum(part => (long)part.Count),
                tensor.Shape.Aggregate(1L, (a, b) => a * b), $"{name}, {tensor.Name}");
        }
    }

    [TestMethod]
    public void Names_and_shapes_are_those_of_the_model()
    {
        var config = TinyModels.Config;
        CollectionAssert.AreEquivalent(
            SilcModel.Describe(TestDevices.Open(TestDevices.OneThread), config).Select(p =>
                $"{p.Name} ({string.Join(',', p.Shape)})").ToArray(),
            ParameterTable.Towers(config).Concat(ParameterTable.Head(config)).Select(weight =>
                $"{weight.Name} ({string.Join(',', weight.Shape)})").ToArray());
    }

    [TestMethod]
    [DataRow("b", 256, "vit_base_patch16_siglip_256", GeluKind.Exact)]
    [DataRow("l", 512, "vit_large_patch16_siglip_512", GeluKind.Tanh)]
    [DataRow("so400m", 384, "vit_so400m_patch14_siglip_384", GeluKind.Exact)]
    public void Published_sizes_go_by_timms_names(string preset, int size, string timm, GeluKind gelu)
    {
        var config = SilcConfig.Preset(preset) with { ImageSize = size };
        var text = System.Text.Json.JsonSerializer.Serialize(OpenClipModel.Config(config, null));
        StringAssert.Contains(text, $"\"{timm}\"");
        Assert.IsFalse(text.Contains("timm_model_kwargs"), text);
        Assert.AreEqual(gelu, OpenClipModel.GeluThere(config));
    }

    [TestMethod]
    public void A_model_without_head_gets_a_fresh_one_and_trains()
    {
        using var folder = new TemporaryFolder();
        ModelWriter.Write(TinyModels.Weights(TinyRun.Config with { Contrastive = ContrastiveKind.Sigmoid }, head: false),
            ModelFormat.HuggingFace, folder.File("m"));
        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), folder.File("m"));
        var head = model.Device.Download(model.Parameters["head/prototypes/kernel"].Value.View);
        Assert.IsTrue(head.Distinct().Count() > head.Length / 2);
        using var trainer = new Trainer(model, TinyRun.Recipe);
        var batch = new Batch(model.Config, TinyRun.Recipe.BatchSize);
        trainer.Step(batch);
        Assert.IsTrue(double.IsFinite(trainer.ReadMetrics().Loss));
    }

    [TestMethod]
    public void Positions_are_resized_as_the_model_does()
    {
        using var folder = new TemporaryFolder();
        ModelWriter.Write(TinyModels.Weights(TinyModels.Config), ModelFormat.Silc, folder.File("m"));
        using var file = ModelFile.Open(folder.File("m"));
        var (before, after) = (TinyModels.Values(file.Weights),
            TinyModels.Values(file.Weights.WithImageSize(16)));     // 3 x 3 to 5 x 5
        var (r, width) = (PositionResizer.Matrix(3, 5, PositionResize.Bicubic), TinyModels.Config.Image.Width);
        var expected = Matrix.Make(25, width, (row, col) =>
            Enumerable.Range(0, 9).Sum(cell => r[row * 9 + cell] * (double)before["img/pos_embedding"][cell * width + col]));
        Close.To(expected.Values, after["img/pos_embedding"], Close.Float32, "positions");
        Close.Bits(before["img/MAPHead_0/probe"], after["img/MAPHead_0/probe"], "all else");
        Assert.AreEqual(10, file.Weights.WithImageSize(10).Config.ImageSize);
        Close.Bits(before["img/pos_embedding"], TinyModels.Values(file.Weights.WithImageSize(10))["img/pos_embedding"],
            "the same grid");
        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), folder.File("m"), imageSize: 16);
        Assert.AreEqual(width, model.EmbedPixels(new float[16 * 16 * 3]).Width);
    }
}
