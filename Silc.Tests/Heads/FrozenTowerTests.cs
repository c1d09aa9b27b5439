namespace Silc.Tests;

[TestClass]
public sealed class FrozenTowerTests
{
    static readonly TowerFeature[] All =
        [TowerFeature.Tokens, TowerFeature.Aligned, TowerFeature.Pooled, new(TowerOutput.Block, 0), new(TowerOutput.Block, 2)];

    [TestMethod, EveryDevice]
    public void One_pass_gives_what_the_model_s_own_calls_give(string device)
    {
        using var model = HeadTest.Model(device);
        const int Images = 40;       // more than fit at once
        int side = model.Config.ImageSize;
        float[] pixels = [.. Enumerable.Range(0, Images * side * side * 3).Select(i => (float)Math.Sin(0.37 * i))];
        using var tower = new FrozenTower(model, side, All);
        var found = tower.Run(pixels);
        Close.Bits([.. model.EncodePatchPixels(pixels, side).Values.Span], [.. found[0].Values.Span], "tokens");
        Close.To([.. model.EmbedPatchPixels(pixels, side).Values.Span], [.. found[1].Normalize().Values.Span], Close.Float32, "aligned");
        Close.To([.. model.EmbedPixels(pixels, normalize: false).Values.Span], [.. found[2].Values.Span], Close.Float32, "pooled");
        // The last norm, whose scale and bias are 1 and 0 at the start, makes tokens of the last block's stream.
        var last = found[4];
        Close.To([.. Naive.LayerNorm(Matrix.Make(last.Count, last.Width, (r, c) => last[r, c]), new Matrix(1, last.Width).Map(_ => 1),
            new Matrix(1, last.Width), 1e-6).Values], [.. found[0].Values.Span], Close.Chained, "the last block");
        Assert.AreNotEqual(found[3][0, 0], last[0, 0]);
    }

    [TestMethod]
    public void Registers_and_class_tokens_are_no_places()
    {
        var config = TinyRun.Config with { Image = TinyRun.Config.Image with { Registers = 3 } };
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, 3);
        using var tower = new FrozenTower(model, 24, [TowerFeature.Tokens, TowerFeature.Aligned, new(TowerOutput.Block, 0)]);
        float[] pixels = [.. Enumerable.Range(0, 2 * 24 * 24 * 3).Select(i => (float)Math.Sin(0.37 * i))];
        foreach (var feature in tower.Run(pixels)) Assert.AreEqual(2 * 9, feature.Count);
        Close.Bits([.. model.EncodePatchPixels(pixels, 24).Values.Span], [.. tower.Run(pixels)[0].Values.Span], "tokens");
    }

    [TestMethod]
    public void Sides_and_blocks_that_do_not_fit_are_named()
    {
        using var model = HeadTest.Model(TestDevices.OneThread);
        Assert.Contains("resize them to 32", Assert.ThrowsExactly<ArgumentException>(() => new FrozenTower(model, 30, All)).Message);
        Assert.Contains("blocks 0 to 2", Assert.ThrowsExactly<ArgumentException>(() =>
            new FrozenTower(model, 32, [new(TowerOutput.Block, 3)])).Message);
    }
}
