using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Silc.Tests;

/// <summary>Exported towers in ONNX Runtime against this library's own.</summary>
[TestClass]
public sealed class OnnxExportTests
{
    const float Parity = 1e-4f;

    [TestMethod]
    [DataRow("hf", long.MaxValue, 1), DataRow("open_clip", 0L, 5)]
    public void Both_towers_compute_what_the_model_does(string golden, long externalAbove, int batch)
    {
        using var folder = new TemporaryFolder();
        using var file = ModelFile.Open(TinyModels.Golden(golden));
        var written = OnnxExport.Write(file.Weights, folder.File("onnx"), externalAbove: externalAbove);
        Assert.HasCount(externalAbove == 0 ? 4 : 2, written);
        Compare(folder.File("onnx"), TinyModels.Golden(golden), file.Config, batch, out var metadata);
        Assert.AreEqual(Math.Exp(file.Weights.All("t", 1)[0]), double.Parse(metadata["silc.logit_scale"]), 1e-6);
        Assert.AreEqual(file.Weights.All("b", 1)[0], float.Parse(metadata["silc.logit_bias"]));
        StringAssert.Contains(metadata["silc.preprocessing"], "14 x 14");
    }

    [TestMethod]
    public void A_model_of_ordinary_size_agrees_too()
    {
        using var folder = new TemporaryFolder();
        Agrees(folder, SilcConfig.Mini with { Contrastive = ContrastiveKind.Sigmoid });
    }

    [TestMethod]
    public void The_tower_s_variants_agree_too()
    {
        using var folder = new TemporaryFolder();
        var tower = TowerConfig.Mini with { QkNorm = true, LayerScale = 0.5 };
        Agrees(folder, SilcConfig.Mini with { Image = tower, Text = tower, StemPatch = 4, StemWidth = 40, Positions = PositionKind.SinCos });
        Agrees(folder, SilcConfig.Mini with { Text = tower with { Depth = 0 }, TextPooling = TextPooling.Mean });
        var image = TowerConfig.Mini with { ClassToken = true, Registers = 3 };
        Agrees(folder, SilcConfig.Mini with { Image = image, ImagePooling = ImagePooling.ClassMean, TopBlocks = 2 });
        Agrees(folder, SilcConfig.Mini with { ImagePooling = ImagePooling.Mean, TopBlocks = 1 });
    }

    static void Agrees(TemporaryFolder folder, SilcConfig config)
    {
        using (var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, seed: 3))
        {
            // Blocks on top begin with a layer scale of 1e-5, with which nobody would see that they are missing.
            foreach (var p in model.Parameters.All.Where(p => p.Name.StartsWith("img/Top/", StringComparison.Ordinal)
                && !p.Name.EndsWith("kernel", StringComparison.Ordinal)))
                model.Device.Upload<float>([.. Enumerable.Range(0, p.Count).Select(i => MathF.Sin(i) / 2)], p.Value.View);
            model.Save(folder.File("model.safetensors"), "words");
        }
        using (var file = ModelFile.Open(folder.File("model.safetensors"))) OnnxExport.Write(file.Weights, folder.File("onnx"),
            file.Tokenizer);
        Compare(folder.File("onnx"), folder.File("model.safetensors"), config, batch: 3, out _);
    }

    static void Compare(string onnx, string model, SilcConfig config, int batch, out IReadOnlyDictionary<string, string> metadata)
    {
        var random = new Random(1);
        float[] pixels = [.. Enumerable.Range(0, batch * config.ImageSize * config.ImageSize * 3).Select(_ =>
            random.NextSingle() * 2 - 1)];
        int[] tokens = [.. Enumerable.Range(0, batch * config.TextLength).Select(_ => random.Next(config.VocabSize))];
        using var ours = SilcModel.Load(TestDevices.Open(TestDevices.OneThread), model);
        using var image = new InferenceSession(Path.Combine(onnx, OnnxExport.ImageName));
        using var text = new InferenceSession(Path.Combine(onnx, OnnxExport.TextName));
        metadata = image.ModelMetadata.CustomMetadataMap;

        var planes = new DenseTensor<float>([batch, 3, config.ImageSize, config.ImageSize]);
        for (int b = 0; b < batch; b++)
            for (int y = 0; y < config.ImageSize; y++)
                for (int x = 0; x < config.ImageSize; x++)
                    for (int c = 0; c < 3; c++) planes[b, c, y,
                        x] = pixels[((b * config.ImageSize + y) * config.ImageSize + x) * 3 + c];
        Near(ours.EmbedPixels(pixels), Run(image, NamedOnnxValue.CreateFromTensor("pixel_values", planes)), "image");
        var ids = new DenseTensor<long>(tokens.Select(id => (long)id).ToArray(), [batch, config.TextLength]);
        Near(ours.EmbedTokens(tokens), Run(text, NamedOnnxValue.CreateFromTensor("input_ids", ids)), "text");
    }

    static float[] Run(InferenceSession session, NamedOnnxValue input)
    {
        using var results = session.Run([input]);
        return [.. results[0].AsTensor<float>()];
    }

    static void Near(Vectors ours, float[] theirs, string what)
    {
        float[] flat = [.. ours.Values.Span];
        Assert.AreEqual(flat.Length, theirs.Length, what);
        var most = flat.Zip(theirs, (a, b) => Math.Abs(a - b)).Max();
        Console.WriteLine($"{what}: at most {most:e1} apart");
        Assert.IsTrue(most <= Parity, $"{what}: {most:e2} apart");
    }
}
