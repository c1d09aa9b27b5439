using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Silc.Tests;

/// <summary>Layers and poolings of big_vision that a few models have.</summary>
[TestClass]
public sealed class TowerOptionTests : TempFolder
{
    static readonly IReadOnlyDictionary<string, StoredArray> golden = Npz.Read(WorldFolder.File("bv-towers.npz"));

    // vit.py with rep_size: tanh of a dense layer behind the pooling, here on the pooled values that big_vision itself computed.
    [TestMethod]
    public void A_representation_layer_is_applied()
    {
        var (random, pooled) = (new Random(5), golden["golden/pre_logits"]);
        int width = pooled.Shape[1];
        float[] kernel = [.. Enumerable.Range(0, width * width).Select(_ => random.NextSingle() - 0.5f)], bias = [.. Enumerable.Range(0,
            width).Select(_ => random.NextSingle())];
        Npz.Write(At("m.npz"), golden.Values.Where(array => array.Name.StartsWith("params/", StringComparison.Ordinal)).Select(array =>
            array.ToNamedArray())
            .Append(new("params/img/pre_logits/kernel", [width, width], kernel)).Append(new("params/img/pre_logits/bias", [width], bias)));
        using (var file = ModelFile.Open(At("m.npz")))
        {
            Assert.IsEmpty(file.Extra);
            ModelWriter.Write(file.Weights, ModelFormat.Npz, At("again.npz"));
            OnnxExport.Write(file.Weights, At("onnx"));
        }
        foreach (var path in new[] { At("m.npz"), At("again.npz") })
        {
            using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), path);
            Near(model.EmbedPixels(Pixels, normalize: false));
        }
        using var session = new InferenceSession(At($"onnx/{OnnxExport.ImageName}"));
        int images = pooled.Shape[0], side = (int)Math.Sqrt(Pixels.Length / 3 / images);
        var planes = new DenseTensor<float>([images, 3, side, side]);
        for (int i = 0; i < Pixels.Length; i++) planes[i / (3 * side * side), i % 3, i / (3 * side) % side, i / 3 % side] = Pixels[i];
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("pixel_values", planes)]);
        var embedded = results[0].AsTensor<float>();
        using var ours = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), At("m.npz"));
        float[] unit = [.. ours.EmbedPixels(Pixels).Values.Span];
        for (int i = 0; i < unit.Length; i++) Assert.AreEqual(unit[i], embedded.GetValue(i), 1e-5);

        void Near(Vectors actual)
        {
            var values = pooled.Floats();
            for (int image = 0; image < pooled.Shape[0]; image++)
                for (int c = 0; c < width; c++)
                {
                    double sum = bias[c];
                    for (int i = 0; i < width; i++) sum += values[image * width + i] * (double)kernel[i * width + c];
                    Assert.AreEqual(Math.Tanh(sum), actual[image, c], 1e-5, $"image {image}, channel {c}");
                }
        }
    }

    // Captions of equal tokens at every place but their positions: the pooled values differ, and ONNX pools as the tower does.
    [TestMethod]
    public void Text_pooling_is_an_option_that_travels()
    {
        var rows = new Dictionary<string, float[]>();
        foreach (var pooling in new[] { "last", "first", "mean", "max" })
        {
            var (code, output, error) = CommandLineRun.Of("convert", WorldFolder.File("bv-towers.npz"), At(pooling), "--text-pooling", pooling);
            Assert.AreEqual(0, code, error);
            if (pooling != "last") StringAssert.Contains(output, $"pooled by {char.ToUpperInvariant(pooling[0])}{pooling[1..]}");
            using var model = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), At(pooling));
            int[] tokens = golden["golden/tokens"].Ints();
            rows[pooling] = [.. model.EmbedTokens(tokens).Values.Span];
            using (var file = ModelFile.Open(At(pooling))) OnnxExport.Write(file.Weights, At($"{pooling}-onnx"));
            using var session = new InferenceSession(At($"{pooling}-onnx/{OnnxExport.TextName}"));
            int length = model.Config.TextLength;
            using var results = session.Run([NamedOnnxValue.CreateFromTensor("input_ids", new DenseTensor<long>(tokens.Select(id =>
                (long)id).ToArray(), [tokens.Length / length, length]))]);
            float[] theirs = [.. results[0].AsTensor<float>()];
            for (int i = 0; i < theirs.Length; i++) Assert.AreEqual(theirs[i], rows[pooling][i], 1e-5, pooling);
        }
        float[] expected = golden["golden/z_text"].Floats();
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], rows["last"][i], 1e-6);
        foreach (var other in new[] { "first", "mean", "max" }) Assert.IsTrue(rows["last"].Zip(rows[other], (a, b) =>
            Math.Abs(a - b)).Max() > 1e-2, other);
        Assert.AreEqual(1, CommandLineRun.Of("convert", WorldFolder.File("clip-hf"), At("x"), "--text-pooling", "mean").Code);
        StringAssert.Contains(CommandLineRun.Of("convert", WorldFolder.File("bv-towers.npz"), At("y"), "--text-pooling", "map").Error,
            "say last, first, mean, max");
    }

    static float[] Pixels => [.. golden["golden/pixels"].Floats().Select(value => value / 255 * 2 - 1)];
}
