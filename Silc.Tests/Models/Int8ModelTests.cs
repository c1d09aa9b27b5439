using System.Runtime.Intrinsics.X86;
using Silc.Samples.Models;

namespace Silc.Tests;

/// <summary>Models that embed with weights in 8 bits: near float32, after every change of weights; and what they cannot do.</summary>
[TestClass, DoNotParallelize]
public sealed class Int8ModelTests
{
    static Device Open(int threads)
    {
        if (!AvxVnni.IsSupported) Assert.Inconclusive("this processor has no AVX-VNNI");
        return Device.Cpu(threads, Precision.Int8);
    }

    [TestMethod]
    public void The_shipped_model_gives_nearly_the_same_vectors()
    {
        using var device = Open(1);
        using var several = Device.Cpu(3, Precision.Int8);
        using var exactly = Device.Cpu(2);
        var path = ShippedModel.Locate(ShippedModel.Name);
        using SilcModel model = SilcModel.Load(device, path), parts = SilcModel.Load(several, path), exact = SilcModel.Load(exactly, path);
        var scenes = new DemoDetection(40, 5, 96, DemoLevel.Hard);
        var images = Enumerable.Range(0, scenes.Count).Select(i => scenes.Read(i).Image).ToList();
        string[] captions = ["a red circle", "a blue star above a green heart", "a small yellow ring"];
        Near(exact.EmbedImages(images), model.EmbedImages(images));
        Near(exact.EmbedTexts(captions), model.EmbedTexts(captions));
        Close.Bits([.. model.EmbedImages(images).Values.Span], [.. parts.EmbedImages(images).Values.Span], "parts of other sizes");
    }

    /// <summary>
    /// One channel of what every MLP reads a hundred times as large, and its weights as much smaller: the same model in float32, and nearly so in 8
    /// bits.
    /// </summary>
    [TestMethod]
    public void A_large_channel_keeps_the_others_apart()
    {
        using var device = Open(2);
        using var exactly = Device.Cpu(2);
        var path = ShippedModel.Locate(ShippedModel.Name);
        using SilcModel model = SilcModel.Load(device, path), exact = SilcModel.Load(exactly, path);
        foreach (var of in new[] { model, exact })
            foreach (var p in of.Parameters.All.Where(p => p.Name.StartsWith("img/Transformer/encoderblock", StringComparison.Ordinal)))
            {
                var (row, factor) = p.Name.Contains("LayerNorm_1", StringComparison.Ordinal) ? (0, 100f)
                    : p.Name.EndsWith("MlpBlock_0/Dense_0/kernel", StringComparison.Ordinal) ? (7, 0.01f) : (-1, 1);
                if (row < 0) continue;
                var values = of.Device.Download(p.Value.View.SubView(0, p.Value.Count));
                if (row == 0) values[7] *= factor;
                else for (int i = 0; i < p.Cols; i++) values[row * p.Cols + i] *= factor;
                of.Device.Upload<float>(values, p.Value.View.SubView(0, p.Value.Count));
                of.Device.Ops.Weights?.Written(p.Value);
            }
        var scenes = new DemoDetection(40, 5, 96, DemoLevel.Hard);
        var images = Enumerable.Range(0, scenes.Count).Select(i => scenes.Read(i).Image).ToList();
        Near(exact.EmbedImages(images), model.EmbedImages(images));
    }

    static void Near(Vectors exact, Vectors rounded)
    {
        for (int i = 0; i < exact.Count; i++)
        {
            var cosine = exact[i].ToArray().Zip(rounded[i].ToArray(), (a, b) => (double)a * b).Sum();
            Assert.IsTrue(cosine is >= 0.999 and < 1 - 1e-7, $"vector {i}: a cosine of {cosine}");
        }
    }

    [TestMethod]
    public void Weights_that_were_written_anew_are_rounded_anew()
    {
        using var device = Open(2);
        var config = TinyRun.Config;
        using SilcModel first = SilcModel.Create(device, config, seed: 1), second = SilcModel.Create(device, config, seed: 2);
        var pixels = new float[2 * config.ImageSize * config.ImageSize * 3];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = MathF.Sin(i);
        float[] before = [.. first.EmbedPixels(pixels).Values.Span], wanted = [.. second.EmbedPixels(pixels).Values.Span];
        first.Parameters.Load(second.Parameters.ToArrays().ToDictionary(array => array.Name));
        float[] after = [.. first.EmbedPixels(pixels).Values.Span];
        Assert.AreNotEqual(before[0], after[0]);
        Close.Bits(wanted, after, "the other model's weights");
    }

    [TestMethod]
    public void Weights_that_the_device_writes_are_rounded_anew()
    {
        using var device = Open(2);
        using SilcModel model = SilcModel.Create(device, TinyRun.Config, seed: 1), other = SilcModel.Create(device, TinyRun.Config, seed: 2);
        var pixels = new float[TinyRun.Config.ImageSize * TinyRun.Config.ImageSize * 3];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = MathF.Sin(i);
        float[] wanted = [.. other.EmbedPixels(pixels).Values.Span], before = [.. model.EmbedPixels(pixels).Values.Span];
        device.Ops.Copy(other.Parameters.Values, model.Parameters.Values);
        Close.Bits(wanted, [.. model.EmbedPixels(pixels).Values.Span], "copied weights");
        device.Ops.Add(other.Parameters.Values, model.Parameters.Values);
        float[] twice = [.. model.EmbedPixels(pixels).Values.Span];
        device.Ops.Fill(model.Parameters.Values, 0);
        float[] none = [.. model.EmbedPixels(pixels).Values.Span];
        device.Ops.Copy(other.Parameters.Values, model.Parameters.Values);
        device.Ops.Scale(model.Parameters.Values, 0.5f);
        float[] half = [.. model.EmbedPixels(pixels).Values.Span];
        Assert.AreNotEqual(wanted[0], half[0]);
        Assert.AreNotEqual(none[0], half[0]);
        Assert.AreNotEqual(wanted[0], twice[0]);
        Assert.AreNotEqual(twice[0], none[0]);
        Assert.AreNotEqual(wanted[0], before[0]);
    }

    [TestMethod]
    public void Products_side_by_side_check_their_sizes()
    {
        using var device = Open(1);
        using var model = SilcModel.Create(device, TinyRun.Config, seed: 1);
        using var arena = Arena.Allocate(device, 4096);
        var kernels = model.Parameters.All.Where(p => p.InProducts && p is { Rows: 32, Cols: 32 }).Take(2).Select(p => p.Value).ToArray();
        Tensor[] biases = [arena.Saved(1, 32), arena.Saved(1, 32)];
        Assert.HasCount(2, kernels);
        Assert.ThrowsExactly<ArgumentException>(() => device.Ops.GroupedMatMul(arena.Saved(6, 32), kernels, biases, arena.Saved(6, 32)));
    }

    [TestMethod]
    public void Such_a_model_is_not_trained()
    {
        using var device = Open(1);
        using var model = SilcModel.Create(device, TinyRun.Config, seed: 1);
        Assert.Contains("--precision float32", Assert.ThrowsExactly<ArgumentException>(() => new Trainer(model, new())).Message);
    }
}
