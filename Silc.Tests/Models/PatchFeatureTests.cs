namespace Silc.Tests;

[TestClass]
public sealed class PatchFeatureTests
{
    static readonly SilcConfig Config = TinyRun.Config with { Image = new(Width: 32, Depth: 2, Heads: 2, MlpDim: 48), ImageSize = 24 };

    static SilcConfig WithRegisters => Config with { Image = Config.Image with { Registers = 3 } };

    [TestMethod, EveryDevice]
    public void Patches_are_pooled_as_if_each_were_alone(string device) => PatchesAlone(device, Config);

    // In double precision too: norms of queries and keys, registers, two layers from pixels to patches, computed positions.
    [TestMethod, EveryDevice]
    public void The_tower_s_variants_compute_their_definition(string device)
    {
        foreach (var config in new[] { Config with { Image = Config.Image with { QkNorm = true, LayerScale = 0.5 } }, Config with { StemPatch = 4 },
            WithRegisters,
            Config with { StemPatch = 2, StemWidth = 12, Positions = PositionKind.SinCos } }) PatchesAlone(device, config);
    }

    static void PatchesAlone(string device, SilcConfig config)
    {
        using var model = SilcModel.Create(TestDevices.Open(device), config, seed: 5);
        Spread(model);
        var tower = new NaiveTower(model);
        // The model's own side, one with fewer patches and one with more; 40 images are more than fit at once.
        foreach (var (side, images) in new[] { (24, 40), (8, 3), (32, 3) })
        {
            var pixels = Matrix.Make(images, side * side * 3, (r, c) => (float)Math.Sin(0.37 * (r + 1) * c));
            float[] host = [.. pixels.Values.Select(x => (float)x)];
            foreach (var feature in Enum.GetValues<PatchFeature>())
            {
                var z = model.EmbedPatchPixels(host, side, feature);
                Close.To(tower.PatchFeatures(pixels, side, alone: feature == PatchFeature.LastBlockValues).Values, [.. z.Values.Span],
                    Close.Chained, $"{feature}, {images} images of {side} pixels");
                Close.Bits([.. z.Values.Span], [.. model.EmbedPatchPixels(host, side, feature).Values.Span], "again");
            }
            Close.To(tower.Encode(pixels, side).Values, [.. model.EncodePatchPixels(host, side).Values.Span], Close.Chained,
                $"encoded, {images} images of {side} pixels");
        }
    }

    [TestMethod, EveryDevice]
    public void The_pooling_looks_where_its_softmax_says(string device)
    {
        using var model = SilcModel.Create(TestDevices.Open(device), WithRegisters, seed: 5);
        Spread(model);
        foreach (var (side, images) in new[] { (24, 40), (32, 3) })
        {
            var pixels = Matrix.Make(images, side * side * 3, (r, c) => (float)Math.Sin(0.37 * (r + 1) * c));
            var shares = model.PoolAttention([.. pixels.Values.Select(x => (float)x)], side);
            var expected = new NaiveTower(model).PoolAttention(pixels, side);
            Close.To(expected.Values, [.. shares.Values.Span], Close.Chained, $"{images} images of {side} pixels");
        }
    }

    [TestMethod, EveryDevice]
    public void A_image_of_one_patch_is_that_patch(string device)
    {
        using var model = SilcModel.Create(TestDevices.Open(device), Config with { ImageSize = 8 }, seed: 5);
        Spread(model);
        float[] pixels = [.. Enumerable.Range(0, 2 * 8 * 8 * 3).Select(i => MathF.Sin(0.37f * i))];
        foreach (var feature in Enum.GetValues<PatchFeature>())
            Close.To([.. model.EmbedPixels(pixels).Values.Span], [.. model.EmbedPatchPixels(pixels, 8, feature).Values.Span], Close.Chained,
                $"{feature}");
    }

    [TestMethod]
    public void What_cannot_be_cut_into_patches_is_refused()
    {
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), Config);
        Assert.Contains("20", Assert.ThrowsExactly<ArgumentException>(() => model.EmbedPatchPixels(new float[20 * 20 * 3], 20)).Message);
        Assert.Contains("whole number", Assert.ThrowsExactly<ArgumentException>(() => model.EmbedPatchPixels(new float[100], 24)).Message);
        Assert.AreEqual(2 * 9, model.EmbedPatches([Images.Noise(30, 20, 1), Images.Noise(9, 9, 2)]).Count);
    }

    // Biases of zero and narrow distributions would hide mistakes.
    static void Spread(SilcModel model)
    {
        var random = new Random(3);
        foreach (var p in model.Parameters.All)
            model.Device.Upload<float>([.. Enumerable.Range(0, p.Count)
                .Select(_ => (random.NextSingle() - 0.5f) * (p.Name.EndsWith("kernel", StringComparison.Ordinal) ? 0.5f : 1))], p.Value.View);
    }
}
