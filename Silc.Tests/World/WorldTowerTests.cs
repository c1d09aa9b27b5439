using System.Text.Json;

namespace Silc.Tests;

/// <summary>Embeddings as big_vision, transformers and open_clip compute them from the same files.</summary>
[TestClass]
public sealed class WorldTowerTests : TempFolder
{
    [TestMethod]
    public void Towers_of_big_vision_embed_as_there()
    {
        foreach (var path in WorldFolder.Files("bv-towers*.npz"))
        {
            var golden = Npz.Read(path);
            using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), path);
            Near(golden["golden/z_image"], model.EmbedPixels(Pixels(golden)), 1e-6, path);
            Near(golden["golden/z_text"], model.EmbedTokens(golden["golden/tokens"].Ints()), 1e-6, path);
            Near(golden["golden/pre_logits"], model.EmbedPixels(Pixels(golden), normalize: false), 1e-5, path);
        }
    }

    // A projection behind the pooling, attention pooling of text, a second table of positions, flat patches.
    [TestMethod]
    public void Towers_of_other_forms_embed_as_in_big_vision_and_come_back_from_every_file_that_has_room_for_them()
    {
        var images = Npz.Read(WorldFolder.File("bv-towers.npz"));
        foreach (var folder in WorldFolder.Subfolders("bv-*").Where(folder => File.Exists(Path.Combine(folder, "expected-image.npy"))
            && Npz.Read(Path.Combine(folder, "model.npz")).Keys.Any(name => name.StartsWith("params/img/", StringComparison.Ordinal)
                && name.EndsWith("pos_embedding", StringComparison.Ordinal))))
        {
            var copies = Path.Combine(Root, Path.GetFileName(folder));
            using (var file = ModelFile.Open(Path.Combine(folder, "model.npz")))
            {
                Assert.IsEmpty(file.Extra);
                ModelWriter.Write(file.Weights, ModelFormat.Silc, $"{copies}.safetensors");
                ModelWriter.Write(file.Weights, ModelFormat.Npz, $"{copies}.npz");
            }
            foreach (var path in new[] { Path.Combine(folder, "model.npz"), $"{copies}.safetensors", $"{copies}.npz" })
            {
                using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), path);
                Near(Array(Path.Combine(folder, "expected-image.npy")), model.EmbedPixels(Pixels(images)), 1e-5, path);
                Near(Array(Path.Combine(folder, "expected-text.npy")), model.EmbedTokens(images["golden/tokens"].Ints()), 1e-5, path);
            }
        }
    }

    [TestMethod]
    public void Positions_under_the_name_of_before_2022_are_the_same_model_and_computed_ones_are_refused()
    {
        var arrays = Npz.Read(WorldFolder.File("bv-towers.npz")).Values.Where(array => array.Name.StartsWith("params/", StringComparison.Ordinal))
            .Select(array => array.ToNamedArray()).ToList();
        Npz.Write(At("old.npz"),
            arrays.Select(array => array with { Name = array.Name.Replace("img/pos_", "img/Transformer/pos_", StringComparison.Ordinal) }));
        using var plain = ModelFile.Open(WorldFolder.File("bv-towers.npz"));
        using var old = ModelFile.Open(At("old.npz"));
        Assert.AreEqual(plain.Weights.Fingerprint(), old.Weights.Fingerprint());
        Assert.IsEmpty(old.Extra);
        Npz.Write(At("computed.npz"), arrays.Where(array => array.Name != "params/img/pos_embedding"));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(At("computed.npz"))).Message, "sincos2d");
    }

    // The file does not say of what size images are: who converts it does.
    [TestMethod]
    public void Computed_positions_are_those_of_big_vision()
    {
        var folder = WorldFolder.File("bv-sincos2d");
        StringAssert.Contains(CommandLineRun.Of("convert", Path.Combine(folder, "model.npz"), At("no")).Error, "--image-size N");
        var (code, output, error) = CommandLineRun.Of("convert", Path.Combine(folder, "model.npz"), At("m"), "--image-size", "16", "--tokenizer",
            "bytes");
        Assert.AreEqual(0, code, error);
        StringAssert.Contains(output, "sincos2d");
        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), At("m"));
        var images = Npz.Read(WorldFolder.File("bv-towers.npz"));
        Near(Array(Path.Combine(folder, "expected-image.npy")), model.EmbedPixels(Pixels(images)), 1e-5, "images");
        Near(Array(Path.Combine(folder, "expected-text.npy")), model.EmbedTokens(images["golden/tokens"].Ints()), 1e-5, "captions");
    }

    [TestMethod]
    public void Models_of_transformers_and_open_clip_embed_as_there()
    {
        foreach (var weights in WorldFolder.Files("hf-*.safetensors"))
        {
            var golden = Npz.Read(Path.ChangeExtension(weights, ".npz"));
            using var json = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(weights, ".json")));
            var folder = Directory.CreateDirectory(At(Path.GetFileNameWithoutExtension(weights))).FullName;
            var (config, openClip) = (json.RootElement.GetProperty("config"), json.RootElement.GetProperty("config")
                .TryGetProperty("model_cfg", out _));
            File.WriteAllText(Path.Combine(folder, openClip ? OpenClipModel.ConfigName : HuggingFaceModel.ConfigName), config.GetRawText());
            File.Copy(weights, Path.Combine(folder, openClip ? OpenClipModel.WeightsName : HuggingFaceModel.WeightsName));
            using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), folder);
            var pixels = golden["pixel_values"];
            Near(golden["image_embeds"], model.EmbedPixels(ChannelsLast(pixels)), 1e-6, weights);
            Near(golden["text_embeds"], model.EmbedTokens(golden["input_ids"].Ints()), 1e-6, weights);
        }
    }

    static StoredArray Array(string path)
    {
        using var file = File.OpenRead(path);
        return Npy.Read(file, file.Length, "vectors", path);
    }

    static float[] Pixels(IReadOnlyDictionary<string, StoredArray> golden) =>
        [.. golden["golden/pixels"].Floats().Select(value => value / 255 * 2 - 1)];

    static float[] ChannelsLast(StoredArray pixels)
    {
        int count = pixels.Shape[0], area = pixels.Shape[2] * pixels.Shape[3];
        var (from, to) = (pixels.Floats(), new float[count * 3 * area]);
        for (int i = 0; i < to.Length; i++) to[i] = from[i / (3 * area) * 3 * area + i % 3 * area + i / 3 % area];
        return to;
    }

    static void Near(StoredArray expected, Vectors actual, double tolerance, string what)
    {
        CollectionAssert.AreEqual(expected.Shape, new[] { actual.Count, actual.Width }, what);
        float[] values = expected.Floats(), flat = [.. actual.Values.Span];
        for (int i = 0; i < flat.Length; i++) Assert.AreEqual(values[i], flat[i], tolerance, $"{what}, value {i}");
    }
}
