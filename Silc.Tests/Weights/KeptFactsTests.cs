using System.Text;
using System.Text.Json;

namespace Silc.Tests;

/// <summary>What a conversion must not lose without a word: the loss that a model was trained with, its tokenizer, its values.</summary>
[TestClass, DoNotParallelize]
public sealed class KeptFactsTests : TempFolder
{
    static readonly SilcConfig softmax = TinyModels.Config with { Contrastive = ContrastiveKind.Softmax };

    [TestMethod]
    [DataRow(ModelFormat.HuggingFace), DataRow(ModelFormat.OpenClip)]
    public void A_softmax_model_comes_back_as_one(ModelFormat format)
    {
        var path = Write(softmax, format);
        using (var file = ModelFile.Open(path))
        {
            Assert.AreEqual(ContrastiveKind.Softmax, file.Config.Contrastive);
            CollectionAssert.AreEqual(new[] { "logit_bias" }, file.Extra.ToArray());
            Assert.IsEmpty(file.Notes);
        }
        // Saved again by another program, which keeps no metadata, it cannot be told from a sigmoid model, and is not passed over in silence.
        Safetensors.Write(path, [.. CheckpointFile.Read(path).Values.Select(array => array.ToNamedArray())]);
        using var bare = ModelFile.Open(path);
        Assert.AreEqual(ContrastiveKind.Sigmoid, bare.Config.Contrastive);
        Assert.Contains("logit_bias is exactly 0", bare.Notes.Single());
    }

    [TestMethod]
    [DataRow(ModelFormat.HuggingFace), DataRow(ModelFormat.OpenClip), DataRow(ModelFormat.Npz)]
    public void A_sigmoid_model_comes_back_as_one(ModelFormat format)
    {
        using var file = ModelFile.Open(Write(TinyModels.Config, format));
        Assert.AreEqual(ContrastiveKind.Sigmoid, file.Config.Contrastive);
        Assert.IsEmpty(file.Notes);
    }

    [TestMethod]
    [DataRow(ModelFormat.HuggingFace), DataRow(ModelFormat.OpenClip), DataRow(ModelFormat.Npz)]
    public void A_built_in_tokenizer_goes_along(ModelFormat format)
    {
        using var file = ModelFile.Open(Write(TinyModels.Config, format, new("words:13")));
        Assert.AreEqual("words:13", file.Tokenizer!.Name);
        using var none = ModelFile.Open(Write(TinyModels.Config, format));
        Assert.IsNull(none.Tokenizer);
    }

    [TestMethod]
    public void Arrays_without_use_may_be_of_any_type_and_those_of_the_model_of_8_bits()
    {
        var path = Write(TinyModels.Config, ModelFormat.HuggingFace);
        Retype(path, "F8_E4M3", name => name == "logit_scale" ? [0x48] : null,
            [("extra.wave", "C64", new byte[8]), ("extra.scale", "F8_E8M0", [127])]);
        using (var file = ModelFile.Open(path))
        {
            CollectionAssert.AreEquivalent(new[] { "extra.wave", "extra.scale" }, file.Extra.ToArray());
            Assert.AreEqual(4, TinyModels.Values(file.Weights)["t"].Single());
        }
        Retype(path, "C64", name => name == "logit_scale" ? new byte[8] : null, []);
        Assert.Contains("'logit_scale' holds complex numbers", Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(path)).Message);
    }

    // Values of PyTorch's float8_e4m3fn, float8_e5m2 and float8_e8m0fnu.
    [TestMethod]
    public void Floats_of_8_bits_are_those_of_PyTorch()
    {
        var values = new float[8];
        Elements.ToFloats(ElementType.Float8E4M3, [0x00, 0x01, 0x07, 0x08, 0x38, 0x7E, 0xC0, 0x7F], values);
        CollectionAssert.AreEqual(new[] { 0, 1 / 512f, 7 / 512f, 1 / 64f, 1, 448, -2, float.NaN }, values);
        Elements.ToFloats(ElementType.Float8E5M2, [0x00, 0x01, 0x04, 0x3C, 0x7B, 0x7C, 0xC0, 0x7F], values);
        CollectionAssert.AreEqual(new[] { 0, 1 / 65536f, 1 / 16384f, 1, 57344, float.PositiveInfinity, -2, float.NaN }, values);
        Elements.ToFloats(ElementType.Float8E8M0, [127, 128, 126], values.AsSpan(0, 3));
        CollectionAssert.AreEqual(new[] { 1f, 2, 0.5f }, values[..3]);
    }

    // Sizes around the blocks of 16 in which matrices change their layout.
    [TestMethod]
    [DataRow(1, 1), DataRow(16, 16), DataRow(33, 50), DataRow(48, 17), DataRow(15, 64)]
    public void Kernels_change_their_layout_and_back(int rows, int cols)
    {
        var part = new WeightPart("x", rows, cols, WeightOrder.Transposed);
        float[] values = [.. Enumerable.Range(0, rows * cols).Select(i => (float)i)], stored = new float[values.Length];
        var back = new float[values.Length];
        part.ToFile(values, stored);
        for (int row = 0; row < rows; row++)
            for (int col = 0; col < cols; col++) Assert.AreEqual(values[row * cols + col], stored[col * rows + row]);
        part.FromFile(stored, back);
        CollectionAssert.AreEqual(values, back);
    }

    [TestMethod]
    [DataRow(ModelFormat.HuggingFace), DataRow(ModelFormat.OpenClip), DataRow(ModelFormat.Npz), DataRow(ModelFormat.Silc)]
    public void Values_read_in_place_are_those_read_in_pieces(ModelFormat format)
    {
        using var file = ModelFile.Open(Write(TinyModels.Config, format));
        foreach (var weights in new[] { file.Weights, file.Weights.WithImageSize(15) })
            foreach (var (name, values) in TinyModels.Values(weights with { HasHead = false }))
            {
                var place = new float[values.Length];
                weights.Direct!.Fill(name, place);
                Close.Bits(values, place, name);
            }
        Assert.IsNull((file.Weights with { Read = (_, _) => { } }).Direct, "of other values than those of Read");
    }

    // The head that a file lacks is drawn when it is first read, and is the same as one that is drawn at once.
    [TestMethod, EveryDevice]
    public void A_head_is_drawn_when_it_is_read(string device)
    {
        var path = Write(TinyModels.Config, ModelFormat.HuggingFace);
        using var file = ModelFile.Open(path);
        var config = file.Config with { Head = TinyModels.Config.Head };
        var opened = TestDevices.Open(device);
        using SilcModel read = SilcModel.From(opened, file.Weights, config, seed: 3), flat = SilcModel.From(opened, file.Weights, config, seed: 3),
            drawn = SilcModel.Create(opened, config, seed: 3);
        read.EmbedTokens(new int[config.TextLength]);
        var waiting = read.Parameters.All.Where(p => p.Drawing is not null).Select(p => p.Name).ToArray();
        Assert.IsTrue(waiting.Length > 0 && waiting.All(name => name.StartsWith("head/", StringComparison.Ordinal)), string.Join(", ", waiting));
        var all = flat.Device.Download(flat.Parameters.Values.View);
        foreach (var p in drawn.Parameters.All.Where(p => waiting.Contains(p.Name)))
        {
            var expected = drawn.Device.Download(p.Value.View);
            Close.Bits(expected, read.Device.Download(read.Parameters[p.Name].Value.View), p.Name);
            Close.Bits(expected, flat.Device.Download(flat.Parameters[p.Name].Value.View), p.Name);
        }
        Assert.IsTrue(all.All(float.IsFinite));
        Assert.IsFalse(read.Parameters.All.Any(p => p.Drawing is not null));
    }

    [TestMethod]
    public void A_conversion_that_is_refused_prints_nothing_before()
    {
        var (code, output, error) = CommandLineRun.Of("convert", Write(TinyModels.Config, ModelFormat.HuggingFace), At("oc"), "--to", "open_clip");
        Assert.AreEqual(1, code);
        Assert.Contains("2 layers of 12 channels", error);
        Assert.AreEqual("", output);
        Assert.IsFalse(Directory.Exists(At("oc")));
    }

    int written;

    string Write(SilcConfig config, ModelFormat format, TokenizerOrigin? tokenizer = null)
    {
        var folder = At($"m{written++}");
        Directory.CreateDirectory(folder);
        var weights = TinyModels.Weights(config, head: false);
        if (format == ModelFormat.OpenClip) return TinyModels.WriteOpenClip(weights, folder, tokenizer);
        return ModelWriter.WriteFiles(weights, format, folder, tokenizer).First(path => Path.GetExtension(path) is ".npz" or ".safetensors");
    }

    // The file with other bytes, of another type, for some arrays, and with more of them.
    static void Retype(string path, string type, Func<string, byte[]?> bytes, (string Name, string Type, byte[] Bytes)[] more)
    {
        var (header, data) = (new List<string>(), new List<byte>());
        var metadata = Safetensors.ReadMetadata(path);
        foreach (var array in Safetensors.Read(path).Arrays.Values.Where(array => !array.Name.StartsWith("extra.", StringComparison.Ordinal)))
            Add(array.Name, bytes(array.Name) is null ? "F32" : type, string.Join(',', array.Shape), bytes(array.Name) ?? array.Bytes);
        foreach (var (name, kind, content) in more) Add(name, kind, "1", content);
        var facts = JsonSerializer.Serialize(metadata);
        var json = Encoding.UTF8.GetBytes($$"""{"__metadata__":{{facts}},{{string.Join(',', header)}}}""");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. data]);

        void Add(string name, string kind, string shape, byte[] content)
        {
            var offsets = $"[{data.Count},{data.Count + content.Length}]";
            header.Add($$"""{{'"'}}{{name}}":{"dtype":"{{kind}}","shape":[{{shape}}],"data_offsets":{{offsets}}}""");
            data.AddRange(content);
        }
    }
}
