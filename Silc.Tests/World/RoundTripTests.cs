using System.Text.Json.Nodes;

namespace Silc.Tests;

/// <summary>Weights that go through every format and come back with the bits that they had, SigLIP 2's too.</summary>
[TestClass]
public sealed class RoundTripTests : TempFolder
{
    [TestMethod]
    [DataRow("bv-towers"), DataRow("bv-towers-scan"), DataRow("bv-naflex"), DataRow("hf-siglip-asym"), DataRow("hf-siglip2-fixed"),
        DataRow("hf-siglip2-naflex")]
    public void From_big_vision_to_Silc_to_Hugging_Face_and_back(string source)
    {
        var path = Source(source);
        var values = TinyModels.Values(path);
        var first = Hop(path, ModelFormat.Npz, "first.npz");
        var back = first;
        foreach (var (format, name) in new[] { (ModelFormat.Silc, "silc"), (ModelFormat.HuggingFace, "hf"), (ModelFormat.Silc, "again"),
            (ModelFormat.Npz, "last.npz") }) back = Hop(back, format, name);
        SameArrays(first, back);

        string Hop(string from, ModelFormat format, string name)
        {
            using (var file = ModelFile.Open(from)) ModelWriter.Write(file.Weights, format, At(name));
            var there = TinyModels.Values(At(name));
            Assert.HasCount(values.Count, there);
            foreach (var (parameter, bits) in values) Close.Bits(bits, there[parameter], $"{parameter} in {name}");
            return At(name);
        }
    }

    // A file comes back as it was, name for name and bit for bit.
    [TestMethod]
    public void Each_library_gets_the_arrays_that_it_gave()
    {
        foreach (var (source, format, name, weights) in new[]
        {
            ("bv-towers", ModelFormat.Npz, "a.npz", ""), ("hf-siglip-asym", ModelFormat.HuggingFace, "b", HuggingFaceModel.WeightsName),
            ("hf-siglip2-fixed", ModelFormat.HuggingFace, "c", HuggingFaceModel.WeightsName),
            ("clip-hf", ModelFormat.HuggingFace, "d", HuggingFaceModel.WeightsName),
            ("clip-open_clip", ModelFormat.OpenClip, "e", OpenClipModel.WeightsName),
        })
        {
            var path = Source(source);
            using (var file = ModelFile.Open(path)) ModelWriter.Write(file.Weights, ModelFormat.Silc, At($"{name}-silc"));
            using (var file = ModelFile.Open(At($"{name}-silc"))) ModelWriter.Write(file.Weights, format, At(name));
            SameArrays(weights == "" ? path : Path.Combine(path, weights), Path.Combine(At(name), weights));
        }
    }

    // transformers has the values of a patch one after another where a fixed model has one plane a channel: row, column, channel.
    [TestMethod]
    public void Flat_patches_are_the_same_model()
    {
        Dictionary<string, float[]> plain = TinyModels.Values(Source("hf-siglip2-fixed")), flat = TinyModels.Values(Source("hf-siglip2-naflex"));
        foreach (var (name, values) in plain) Close.Bits(values, flat[name], name);
    }

    static void SameArrays(string one, string other)
    {
        var (before, after) = (CheckpointFile.Read(one), CheckpointFile.Read(other));
        foreach (var (name, array) in before.Where(array => !array.Key.StartsWith("golden/", StringComparison.Ordinal)
            && !array.Key.EndsWith("position_ids", StringComparison.Ordinal)))
        {
            Assert.IsTrue(after.TryGetValue(name, out var same), $"{other} lacks {name}");
            // A single value is one whether its shape is (1) or ().
            if (array.Count > 1) CollectionAssert.AreEqual(array.Shape, same.Shape, name);
            Close.Bits(array.Floats(), same.Floats(), name);
        }
    }

    string Source(string name)
    {
        if (name.StartsWith("bv-towers", StringComparison.Ordinal)) return WorldFolder.File($"{name}.npz");
        if (name == "bv-naflex") return WorldFolder.File("bv-naflex-embedding/model.npz");
        if (name.StartsWith("clip", StringComparison.Ordinal)) return WorldFolder.File(name);
        var flat = name == "hf-siglip2-naflex";
        var golden = flat ? "hf-siglip2-fixed" : name;
        var config = JsonNode.Parse(File.ReadAllText(WorldFolder.File($"{golden}.json")))!["config"]!;
        var folder = Directory.CreateDirectory(At($"source-{name}")).FullName;
        var vision = config["vision_config"]!.AsObject();
        var arrays = CheckpointFile.Read(WorldFolder.File($"{golden}.safetensors")).Values.Select(array => array.ToNamedArray());
        if (flat)
        {
            config["model_type"] = "siglip2";
            vision["model_type"] = "siglip2_vision_model";
            int patch = (int)vision["patch_size"]!, side = (int)vision["image_size"]! / patch;
            vision.Remove("image_size");
            vision["num_patches"] = side * side;
            arrays = arrays.Select(array => array.Name == "vision_model.embeddings.patch_embedding.weight" ? Flat(array, patch) : array);
        }
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        Safetensors.Write(Path.Combine(folder, HuggingFaceModel.WeightsName), arrays);
        return folder;
    }

    static NamedArray Flat(NamedArray planes, int patch)
    {
        int inputs = 3 * patch * patch, area = patch * patch;
        var flat = new float[planes.Values.Length];
        for (int i = 0; i < flat.Length; i++) flat[i] = planes.Values[i / inputs * inputs + i % 3 * area + i % inputs / 3];
        return new(planes.Name, [planes.Shape[0], inputs], flat);
    }
}
