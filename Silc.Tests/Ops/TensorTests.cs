namespace Silc.Tests;

/// <summary>Sizes of tensors.</summary>
[TestClass]
public sealed class TensorTests
{
    [TestMethod]
    public void More_elements_than_kernels_can_count_are_refused_with_the_sizes()
    {
        Assert.AreEqual(int.MaxValue, new Tensor(default, 1, int.MaxValue).Count);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => new Tensor(default, 65_536, 32_768).Count);
        StringAssert.Contains(error.Message, "65,536 x 32,768");
        StringAssert.Contains(error.Message, "--accumulate");
    }

    // Each would be counted wrong in 32 bits: rows of all images or captions, one parameter, all parameters, the scores of one image.
    [TestMethod]
    public void Sizes_that_pass_2_31_on_the_way_are_refused_with_the_sizes()
    {
        using var device = Device.Cpu(1);
        var config = SilcConfig.Mini with { Text = new(1, 1, 1, 1), TextLength = 65_536, VocabSize = 16 };
        var parameters = new Parameters(device);
        var text = new TextTransformer(parameters, config);
        Arena.Measure(device, arena =>
        {
            var pass = new Pass(device.Ops, arena, Training: false);
            Refused<InvalidOperationException>("65,537 x 65,536", () => text.Forward(pass, new(default, default, Batch: 65_537)));
            var q = arena.Saved(65_536, 2);
            Refused<InvalidOperationException>("131,072 x 65,536",
                () => new Ops<Pack1>(device).Attention(q, q, q, q, arena.Saved(2, 65_536), batch: 1, heads: 2));
        });
        Refused<ArgumentException>("'large' of 65,536 x 32,768", () => parameters.Add("large", 65_536, 32_768, Inits.Zeros));

        var many = new Parameters(device);
        foreach (var name in new[] { "a", "b" }) many.Add(name, 32_768, 32_768, Inits.Zeros);
        Refused<InvalidOperationException>("2,147,483,648 values", many.AllocateValues);

        static void Refused<TError>(string sizes, Action run) where TError : Exception =>
            StringAssert.Contains(Assert.ThrowsExactly<TError>(run).Message, sizes);
    }

    [TestMethod]
    public void A_batch_with_more_logits_than_a_tensor_has_values_takes_part_of_them_at_a_time()
    {
        using var device = Device.Cpu(1);
        var config = SilcConfig.Mini with
        {
            Views = new ViewConfig(Global: 1, Local: 0),
            ImageSize = 8,
            Image = new(8, 1, 1, 8),
            Text = new(8, 1, 1, 8),
            VocabSize = 16,
            TextLength = 1
        };
        using var model = SilcModel.Create(device, config, seed: 1);
        const int Batch = 50_000;
        using var trainer = new Trainer(model, new TrainConfig(BatchSize: Batch, TotalSteps: 1, DistillationWeight: 0));
        Assert.IsLessThan(sizeof(float) * (long)Batch * Batch / 8, device.AllocatedBytes);
    }
}
