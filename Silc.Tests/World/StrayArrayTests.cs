namespace Silc.Tests;

/// <summary>An array of a tower that the model has no use for is refused by name; others are left out, and every command says so.</summary>
[TestClass]
public sealed class StrayArrayTests : TempFolder
{
    static readonly SilcConfig config = TinyModels.Config with
    {
        Image = TinyModels.Config.Image with { Gelu = GeluKind.Tanh },
        ImageSize = 9,
    };

    [TestMethod]
    [DataRow("npz", "params/img/Transformer/encoderblock_0/MlpBlock_0/LayerNorm_0/scale", "have no place for")]
    [DataRow("npz", "params/img/cls", "class token")]
    [DataRow("npz", "params/txt/more/kernel", "have no place for")]
    [DataRow("hf", "vision_model.encoder.layers.0.layer_scale1.lambda1", "have no place for")]
    [DataRow("hf", "text_model.embeddings.token_type_embeddings.weight", "have no place for")]
    [DataRow("open_clip", "visual.trunk.blocks.1.ls1.gamma", "layer scale")]
    [DataRow("open_clip", "visual.trunk.blocks.1.attn.q_norm.weight", "queries and keys")]
    [DataRow("open_clip", "text.cls_emb", "have no place for")]
    public void An_array_of_a_tower_is_refused(string format, string name, string meaning)
    {
        var path = Write(format, name);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(path)).Message;
        foreach (var words in new[] { path, $"'{name}'", "(3)", meaning, "embeddings would be wrong" }) StringAssert.Contains(message, words);
    }

    [TestMethod]
    [DataRow("npz", "params/teacher_t")]
    [DataRow("npz", "opt/mu/img/embedding/kernel")]
    [DataRow("hf", "vision_model.embeddings.position_ids")]
    [DataRow("open_clip", "logits_extra")]
    public void Another_array_is_left_out_and_named(string format, string name)
    {
        var path = Write(format, name);
        using (var file = ModelFile.Open(path)) CollectionAssert.AreEqual(new[] { name }, file.Extra.ToArray());
        File.WriteAllText(At("texts.txt"), "a\n");
        var (code, _, error) = CommandLineRun.Of("embed", "--model", path, "--tokenizer", "words:13", "--texts", At("texts.txt"), "--out",
            At("v.npy"), "--device", "cpu");
        Assert.AreEqual(0, code, error);
        StringAssert.Contains(error, $"left out 1 arrays that are no part of the model: {name}");
    }

    // A model, written again with one array more.
    string Write(string format, string name)
    {
        var path = At("m/open_clip_model.safetensors");
        if (format != "open_clip") path = ModelWriter.Write(TinyModels.Weights(config, head: false), ModelFormats.Parse(format), At("m"))[0];
        else
        {
            Directory.CreateDirectory(At("m"));
            foreach (var file in Directory.EnumerateFiles(TinyModels.Golden(format), "open_clip_*"))
                File.Copy(file, At($"m/{Path.GetFileName(file)}"));
        }
        var arrays = CheckpointFile.Read(path).Values.Select(array => array.ToNamedArray()).Append(new(name, [3], [1, 2, 3])).ToList();
        if (format == "npz") Npz.Write(path, arrays);
        else Safetensors.Write(path, arrays);
        return path;
    }
}
