using System.Text.Json.Nodes;
using static Silc.Tests.TimmTower;

namespace Silc.Tests;

/// <summary>
/// Towers of DINO and DINOv2 by the names of timm and transformers, against timm's forward in double precision, written out here from the arrays of
/// the file.
/// </summary>
[TestClass]
public sealed class ClassTowerTests : TempFolder
{
    // DINO's, whose class token has a position; DINOv2's, with layer scale; DINOv2's with registers, of which patches alone have positions.
    [TestMethod]
    [DataRow("vit_small_patch16_224", 0, false), DataRow("vit_small_patch14_dinov2", 0, true), DataRow("vit_small_patch14_reg4_dinov2", 2, true)]
    public void Both_forms_embed_as_timm_does(string architecture, int registers, bool scaled)
    {
        var arrays = Arrays(registers, scaled);
        var folder = Write(Folder(), architecture, arrays, registers);
        using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), folder);
        Assert.AreEqual((true, registers, ImagePooling.Class, false), (model.Config.Image.ClassToken, model.Config.Image.Registers,
            model.Config.ImagePooling, model.Config.HasText));
        var pixels = Matrix.Make(2, Side * Side * 3, (r, c) => (float)Math.Sin(0.37 * (r + 1) * c));
        float[] host = [.. pixels.Values.Select(x => (float)x)];
        var expected = Forward(arrays, pixels, registers);
        int rows = expected.Rows / 2;
        Close.To(Matrix.Make(2, Width, (r, c) => expected[r * rows, c]).Values, [.. model.EmbedPixels(host, normalize: false).Values.Span],
            Close.Chained, "class tokens");
        Close.To(Matrix.Make(2 * Grid * Grid, Width, (r, c) => expected[r / (Grid * Grid) * rows + 1 + registers + r % (Grid * Grid), c]).Values,
            [.. model.EncodePatchPixels(host, Side).Values.Span], Close.Chained, "patches");

        using var theirs = SilcModel.Load(model.Device, Transformers(arrays, registers, scaled));
        Close.Bits([.. model.EmbedPixels(host).Values.Span], [.. theirs.EmbedPixels(host).Values.Span], "transformers");
        Assert.AreEqual(model.Fingerprint(), theirs.Fingerprint());
    }

    [TestMethod]
    public void What_such_towers_cannot_have_is_refused_by_name()
    {
        var arrays = Arrays(registers: 0, scaled: true);
        foreach (var (change, says) in new (Action<JsonObject>, string)[]
        {
            (config => config["architecture"] = "vit_small_patch16_dinov3", "without rotary positions"),
            (config => config["architecture"] = "vit_giant_patch14_dinov2", "architecture is \"vit_giant_patch14_dinov2\""),
            (config => config["global_pool"] = "avg", "global_pool is \"avg\""),
            (config => config["model_args"]!["reg_tokens"] = 4, "the file has 0 registers"),
            (config => config["model_args"]!["img_size"] = 48, "4 x 4 positions"),
            (config => config["model_args"]!["pre_norm"] = true, "pre_norm"),
        })
        {
            var folder = Write(Folder(), "vit_small_patch14_dinov2", arrays, 0);
            var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();
            change(config);
            File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(folder)).Message, says);
        }
        var more = Write(Folder(), "vit_small_patch14_dinov2", [.. arrays, new NamedArray("fc_norm.weight", [Width], new float[Width])], 0);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(more)).Message, "fc_norm");
        var hf = Transformers(arrays, 0, scaled: true, swiglu: true);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(hf)).Message, "use_swiglu_ffn");
    }

    // timm's VisionTransformer.forward_features: class token, registers, patches; (N · tokens, C).
    static Matrix Forward(List<NamedArray> arrays, Matrix pixels, int registers)
    {
        var named = arrays.ToDictionary(array => array.Name);
        Matrix Of(string name, int rows) => new Matrix(rows, named[name].Values.Length / rows).With([.. named[name].Values.Select(x => (double)x)]);
        Matrix Linear(Matrix x, string name) => Naive.PlusRow(Naive.MatMul(x, Of($"{name}.weight", named[$"{name}.bias"].Values.Length), Transpose.B),
            Of($"{name}.bias", 1));
        Matrix Norm(Matrix x, string name) => Naive.LayerNorm(x, Of($"{name}.weight", 1), Of($"{name}.bias", 1), 1e-6);
        Matrix Scaled(Matrix x, string name) => named.ContainsKey(name) ? Matrix.Make(x.Rows, x.Cols, (r, c) => x[r, c] * named[name].Values[c]) : x;

        int places = Grid * Grid, tokens = 1 + registers + places;
        var (kernel, bias, table) = (named["patch_embed.proj.weight"].Values, named["patch_embed.proj.bias"].Values, Of("pos_embed",
            places + (registers > 0 ? 0 : 1)));
        var x = Matrix.Make(pixels.Rows * tokens, Width, (r, c) =>
        {
            int image = r / tokens, t = r % tokens, place = t - 1 - registers;
            if (t == 0) return named["cls_token"].Values[c] + (registers > 0 ? 0 : table[0, c]);
            if (place < 0) return named["reg_token"].Values[(t - 1) * Width + c];
            double sum = bias[c];
            for (int channel = 0; channel < 3; channel++)
                for (int i = 0; i < Patch; i++)
                    for (int j = 0; j < Patch; j++)
                    {
                        var value = pixels[image, ((place / Grid * Patch + i) * Side + place % Grid * Patch + j) * 3 + channel];
                        sum += ((value + 1) / 2 - Mean[channel]) / Deviation[channel] * kernel[((c * 3 + channel) * Patch + i) * Patch + j];
                    }
            return sum + table[registers > 0 ? place : place + 1, c];
        });
        for (int i = 0; i < Depth; i++)
        {
            var qkv = Linear(Norm(x, $"blocks.{i}.norm1"), $"blocks.{i}.attn.qkv");
            Matrix Part(int part) => Matrix.Make(qkv.Rows, Width, (r, c) => qkv[r, part * Width + c]);
            var mixed = Naive.Attention(Part(0), Part(1), Part(2), pixels.Rows, Heads).O;
            x += Scaled(Linear(mixed, $"blocks.{i}.attn.proj"), $"blocks.{i}.ls1.gamma");
            var hidden = Naive.Gelu(Linear(Norm(x, $"blocks.{i}.norm2"), $"blocks.{i}.mlp.fc1"), GeluKind.Exact);
            x += Scaled(Linear(hidden, $"blocks.{i}.mlp.fc2"), $"blocks.{i}.ls2.gamma");
        }
        return Norm(x, "norm");
    }

    string Folder() => Directory.CreateDirectory(At($"m{Directory.GetDirectories(Root).Length}")).FullName;

    // ViTModel's names without layer scale, Dinov2Model's with it.
    string Transformers(List<NamedArray> arrays, int registers, bool scaled, bool swiglu = false)
    {
        var folder = Folder();
        var renamed = arrays.SelectMany(array => Renamed(array, scaled)).ToList();
        // Positions of patches alone become those of a table whose first row is 0.
        if (registers > 0)
        {
            int at = renamed.FindIndex(array => array.Name == "embeddings.position_embeddings");
            renamed[at] = new(renamed[at].Name, [1, 1 + Grid * Grid, Width], [.. new float[Width], .. renamed[at].Values]);
        }
        if (scaled) renamed.Add(new("embeddings.mask_token", [1, Width], new float[Width]));
        Safetensors.Write(Path.Combine(folder, HuggingFaceModel.WeightsName), renamed);
        File.WriteAllText(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["model_type"] = registers > 0 ? "dinov2_with_registers" : scaled ? "dinov2" : "vit",
            ["num_attention_heads"] = Heads,
            ["num_hidden_layers"] = Depth,
            ["hidden_act"] = "gelu",
            ["layer_norm_eps"] = 1e-6,
            ["image_size"] = Side,
            ["use_swiglu_ffn"] = swiglu,
        }.ToJsonString());
        File.WriteAllText(Path.Combine(folder, HuggingFaceModel.PreprocessorName), new JsonObject
        {
            ["image_mean"] = Three(Mean),
            ["image_std"] = Three(Deviation),
        }.ToJsonString());
        return folder;
    }

    static readonly (string From, string To)[] common =
    [
        ("cls_token", "embeddings.cls_token"), ("reg_token", "embeddings.register_tokens"), ("pos_embed", "embeddings.position_embeddings"),
        ("patch_embed.proj", "embeddings.patch_embeddings.projection"), ("attn.proj", "attention.output.dense"),
        ("ls1.gamma", "layer_scale1.lambda1"), ("ls2.gamma", "layer_scale2.lambda1"),
    ];

    static readonly (string From, string To)[] plain =
        [("norm1", "layernorm_before"), ("norm2", "layernorm_after"), ("mlp.fc1", "intermediate.dense"), ("mlp.fc2", "output.dense")];

    static IEnumerable<NamedArray> Renamed(NamedArray array, bool scaled)
    {
        var name = array.Name;
        if (name.Contains(".attn.qkv.", StringComparison.Ordinal))
        {
            int third = array.Values.Length / 3;
            foreach (var (i, part) in new[] { "query", "key", "value" }.Index())
                yield return new(Layer(name.Replace("attn.qkv", $"attention.attention.{part}", StringComparison.Ordinal)),
                    [array.Shape[0] / 3, .. array.Shape[1..]], array.Values[(i * third)..((i + 1) * third)]);
            yield break;
        }
        var from = name.StartsWith("norm.", StringComparison.Ordinal) ? $"layer{name}" : name;
        yield return array with
        {
            Name = Layer(common.Concat(scaled ? [] : plain).Aggregate(from, (word, pair) =>
                word.Replace(pair.From, pair.To, StringComparison.Ordinal))),
        };

        static string Layer(string name) => name.Replace("blocks.", "encoder.layer.", StringComparison.Ordinal);
    }
}
