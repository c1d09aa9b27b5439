using System.Text.Json;

namespace Silc.Tests;

/// <summary>Models in several parts, with a common prefix, flat patches of transformers' NaFlex models, and an odd header.</summary>
[TestClass]
public sealed class JoinedFileTests : TempFolder
{
    static readonly SilcConfig config = TinyModels.Config;
    static readonly Dictionary<string, float[]> expected = TinyModels.Values(TinyModels.Weights(config, head: false));

    [TestMethod]
    public void Parts_are_read_as_one_model_and_a_part_that_is_missing_is_named()
    {
        Cut();
        foreach (var path in new[] { At("m"), At("m/model.safetensors.index.json") }) Same(path);
        File.Delete(At("m/part-1.safetensors"));
        var message = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(At("m"))).Message;
        StringAssert.Contains(message, "model.safetensors.index.json names the part part-1.safetensors, which is not there");
        File.Copy(At("m/part-0.safetensors"), At("m/part-1.safetensors"));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(At("m"))).Message, "part-1.safetensors lacks '");
    }

    [TestMethod]
    [DataRow("{}"), DataRow("{\"weight_map\": {}}"), DataRow("{\"weight_map\": {\"t\": 3}}"), DataRow("nothing")]
    public void A_damaged_index_is_named(string text)
    {
        Cut();
        File.WriteAllText(At("m/model.safetensors.index.json"), text);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(At("m"))).Message,
            "model.safetensors.index.json is no index of a model's parts");
    }

    [TestMethod]
    public void A_part_outside_the_folder_is_refused()
    {
        Cut();
        File.WriteAllText(At("m/model.safetensors.index.json"), "{\"weight_map\": {\"t\": \"../secret.safetensors\"}}");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(At("m"))).Message, "not a file beside it");
    }

    [TestMethod]
    [DataRow("module."), DataRow("_orig_mod."), DataRow("model."), DataRow("siglip."), DataRow("module._orig_mod."), DataRow("_orig_mod.module.")]
    public void A_common_prefix_is_taken_off(string prefix)
    {
        var path = Rewrite(array => array with { Name = prefix + array.Name });
        Same(path);
    }

    [TestMethod]
    public void A_NaFlex_model_of_transformers_is_a_plain_one_at_its_square_size()
    {
        var square = config with { ImageSize = 9 };
        var values = TinyModels.Values(TinyModels.Weights(square, head: false));
        var path = ModelWriter.Write(TinyModels.Weights(square, head: false), ModelFormat.HuggingFace, At("m"))[0];
        Safetensors.Write(path, CheckpointFile.Read(path).Values.Select(array => array.ToNamedArray()).Select(array =>
        {
            if (array.Name != HuggingFaceNames.Patches) return array;
            int width = square.Image.Width, area = square.PatchSize * square.PatchSize;
            var flat = new float[array.Values.Length];
            for (int i = 0; i < flat.Length; i++) flat[i] = array.Values[i / (3 * area) * 3 * area + i % 3 * area + i / 3 % area];
            return new(array.Name, [width, 3 * area], flat);
        }).ToList());
        File.WriteAllText(At("m/config.json"), File.ReadAllText(At("m/config.json")).Replace("\"siglip\"", "\"siglip2\"", StringComparison.Ordinal));
        using var file = ModelFile.Open(path);
        StringAssert.Contains(file.Notes.Single(), "NaFlex");
        Assert.AreEqual(9, file.Config.ImageSize);
        foreach (var (name, value) in TinyModels.Values(file.Weights)) Close.Bits(values[name], value, name);
    }

    [TestMethod]
    public void Metadata_may_be_null()
    {
        var bytes = "{\"__metadata__\":null,\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"u8;
        File.WriteAllBytes(At("a.safetensors"), [.. BitConverter.GetBytes((ulong)bytes.Length), .. bytes, 0, 0, 128, 63]);
        Assert.AreEqual(1f, CheckpointFile.Read(At("a.safetensors"))["a"].Floats().Single());
    }

    static void Same(string path)
    {
        foreach (var (name, values) in TinyModels.Values(path)) Close.Bits(expected[name], values, name);
    }

    string Rewrite(Func<NamedArray, NamedArray> change)
    {
        var path = ModelWriter.Write(TinyModels.Weights(config, head: false), ModelFormat.HuggingFace, At("m"))[0];
        Safetensors.Write(path, CheckpointFile.Read(path).Values.Select(array => change(array.ToNamedArray())).ToList());
        return path;
    }

    // The model in two parts, with an index.
    void Cut()
    {
        var path = ModelWriter.Write(TinyModels.Weights(config, head: false), ModelFormat.HuggingFace, At("m"))[0];
        var parts = CheckpointFile.Read(path).Values.Select((array, i) => (Array: array.ToNamedArray(), Name: $"part-{i % 2}.safetensors")).ToList();
        foreach (var part in parts.GroupBy(part => part.Name)) Safetensors.Write(At($"m/{part.Key}"), part.Select(entry => entry.Array));
        File.WriteAllText(At("m/model.safetensors.index.json"),
            JsonSerializer.Serialize(new { weight_map = parts.ToDictionary(part => part.Array.Name, part => part.Name) }));
        File.Delete(path);
    }
}
