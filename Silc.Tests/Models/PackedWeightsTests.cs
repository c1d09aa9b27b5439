namespace Silc.Tests;

/// <summary>
/// Copies of weights for products of few rows: the same bits, made at the third image, renewed after every write, freed with the model.
/// </summary>
[TestClass, DoNotParallelize]
public sealed class PackedWeightsTests
{
    static float[] Pixels(SilcConfig config, int images)
    {
        var pixels = new float[images * config.ImageSize * config.ImageSize * 3];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = MathF.Sin(i);
        return pixels;
    }

    static float[] Embed(SilcModel model, float[] pixels) => [.. model.EmbedPixels(pixels).Values.Span];

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void The_third_image_is_read_from_copies_with_the_same_bits(int workers)
    {
        using var device = Device.Cpu(workers);
        var before = device.AllocatedBytes;
        using (var model = SilcModel.Create(device, SilcConfig.Preset("mini"), seed: 1))
        {
            var pixels = Pixels(model.Config, 1);
            float[] first = Embed(model, pixels), second = Embed(model, pixels);
            var unpacked = device.AllocatedBytes;
            var third = Embed(model, pixels);
            var packed = device.AllocatedBytes - unpacked;
            // The one row of the map head's probe reads its weights where they lie, and no image those of the text tower.
            var weights = 4L * model.Parameters.All.Where(p => p.InProducts && p.Name.StartsWith("img/", StringComparison.Ordinal))
                .Sum(p => p.Count);
            Assert.IsTrue(packed > 0.7 * weights && packed <= weights, $"{packed} bytes for weights of {weights}");
            Close.Bits(first, second, "second");
            Close.Bits(first, third, "third");
            Close.Bits(first, Embed(model, pixels), "fourth");
            Assert.AreEqual(unpacked + packed, device.AllocatedBytes);
        }
        Assert.AreEqual(before, device.AllocatedBytes);
    }

    [TestMethod]
    public void Batches_of_many_rows_have_no_copies()
    {
        using var device = Device.Cpu(2);
        using var model = SilcModel.Create(device, SilcConfig.Preset("mini"), seed: 1);
        var pixels = Pixels(model.Config, 16);
        Embed(model, pixels);
        var allocated = device.AllocatedBytes;
        for (int i = 0; i < 4; i++) Embed(model, pixels);
        Assert.IsTrue(device.AllocatedBytes - allocated < 4L * model.Parameters.Count / 10, "the map head alone has few rows");
    }

    [TestMethod]
    public void Copies_are_renewed_after_every_kind_of_write()
    {
        using var device = Device.Cpu(2);
        using SilcModel model = SilcModel.Create(device, TinyRun.Config, seed: 1), other = SilcModel.Create(device, TinyRun.Config, seed: 2);
        var pixels = Pixels(TinyRun.Config, 2);
        float[] mine = Embed(model, pixels), wanted = Embed(other, pixels);
        void Packed()
        {
            for (int i = 0; i < 4; i++) Embed(model, pixels);
        }
        Packed();
        var original = model.Parameters.ToArrays().ToDictionary(array => array.Name);
        model.Parameters.Load(other.Parameters.ToArrays().ToDictionary(array => array.Name));
        Close.Bits(wanted, Embed(model, pixels), "loaded");
        Packed();
        Close.Bits(wanted, Embed(model, pixels), "loaded and packed");
        model.Parameters.Load(original);
        Packed();
        device.Ops.Copy(other.Parameters.Values, model.Parameters.Values);
        Packed();
        Close.Bits(wanted, Embed(model, pixels), "copied");
        device.Ops.Scale(model.Parameters.Values, 0.5f);
        float[] half = Embed(model, pixels);
        Packed();
        Close.Bits(half, Embed(model, pixels), "scaled");
        Assert.AreNotEqual(wanted[0], half[0]);
        Assert.AreNotEqual(wanted[0], mine[0]);
    }

    /// <summary>
    /// Products of a step read a weight more often than twice with slices; its gradients must not see the step before. Biases of keys apart, whose
    /// gradient is 0 but for rounding.
    /// </summary>
    [TestMethod]
    public void Training_in_slices_reads_no_stale_copy()
    {
        float[] Weights(int accumulate)
        {
            using var run = new TinyRun("cpu", TinyRun.Recipe with { BatchSize = 8, Accumulate = accumulate });
            for (int step = 0; step < 6; step++) run.Step(run.Batch(step));
            return [.. run.Model.Parameters.ToArrays().Where(array => !array.Name.EndsWith("key/bias", StringComparison.Ordinal))
                .SelectMany(array => array.Values)];
        }
        float[] whole = Weights(1), slices = Weights(4);
        for (int i = 0; i < whole.Length; i++) Assert.AreEqual(whole[i], slices[i], 2e-4, $"value {i}");
    }
}
