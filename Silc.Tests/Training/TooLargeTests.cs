namespace Silc.Tests;

/// <summary>Sizes beyond what 32 bits index are refused before anything of that size is allocated, by their numbers and what helps.</summary>
[TestClass]
public sealed class TooLargeTests
{
    [TestMethod]
    public void A_tensor_says_its_sizes_and_what_helps()
    {
        var tensor = new Tensor(default, 65_536, 32_768);
        const string says = "65,536 x 32,768 numbers are more than the 2,147,483,647 that one tensor can have: use a smaller batch, or --accumulate "
            + "(TrainConfig.Accumulate) to send it through in slices";
        Assert.AreEqual(says, Assert.ThrowsExactly<InvalidOperationException>(() => tensor.Count).Message);
        Assert.AreEqual(says, Assert.ThrowsExactly<InvalidOperationException>(() => Tensor.RowsOf(65_536, 32_768)).Message);
        Assert.AreEqual(int.MaxValue, new Tensor(default, int.MaxValue, 1).Count);
    }

    public static IEnumerable<object[]> Batches =>
    [
        [TinyRun.Config, "a batch of 4,000,000 images has 8,000,000 global views of 16 x 16 pixels"],
        [TinyRun.Config with { Views = new(2, 2, LocalSize: 16) { AnchorScale = 2 }, ImageSize = 8 },
            "a batch of 4,000,000 images has 8,000,000 anchor's views of 16 x 16 pixels"],
        [TinyRun.Config with { Views = new(1, 4, LocalSize: 16), ImageSize = 8 },
            "a batch of 4,000,000 images has 16,000,000 local views of 16 x 16 pixels"],
        [TinyRun.Config with { Views = new(Local: 0, Naflex: 12) }, "a batch of 4,000,000 images has 48,000,000 patches of 8 x 8 pixels"],
    ];

    /// <summary>Whoever makes it, a trainer or what loads, and a trainer before its gradients, which come first.</summary>
    [TestMethod, DynamicData(nameof(Batches))]
    public void A_batch_says_its_sizes_and_what_helps(SilcConfig config, string says)
    {
        const int size = 4_000_000;
        says += ", more than the 2,147,483,591 numbers that one array can have: take a smaller batch, smaller images (--image-size), or more ranks";
        Assert.AreEqual(says, Assert.ThrowsExactly<ArgumentException>(() => new Batch(config, size)).Message);
        using var device = Device.Cpu(1);
        using var model = SilcModel.Create(device, config, seed: 1);
        var before = device.AllocatedBytes;
        var recipe = TinyRun.Recipe with { BatchSize = size, DistillationWeight = 0 };
        Assert.AreEqual(says, Assert.ThrowsExactly<ArgumentException>(() => new Trainer(model, recipe)).Message);
        Assert.AreEqual(before, device.AllocatedBytes);
    }

    [TestMethod]
    public void Captions_say_their_sizes()
    {
        var config = TinyRun.Config with { TextLength = 4000 };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new Batch(config, 600_000)).Message,
            "600,000 captions of 4,000 tokens are more than the 2,147,483,591 numbers");
        // One text of the caption, and two of a box for each of two views.
        var located = TinyRun.Config with { Views = TinyRun.Config.Views with { Located = 900 } };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new Batch(located, 500_000)).Message,
            "500,000 sets of located captions of 4,500 tokens are more than the 2,147,483,591 numbers");
    }

    /// <summary>Pixels fit, and what a layer makes of them does not: found in the dry run, in a slice that fits it is not.</summary>
    [TestMethod]
    public void Activations_are_refused_in_the_dry_run()
    {
        using var device = Device.Cpu(1);
        var config = TinyRun.Config with { Image = TinyRun.Config.Image with { MlpDim = 1 << 16 } };
        using var model = SilcModel.Create(device, config, seed: 1);
        var recipe = TinyRun.Recipe with { BatchSize = 4096, DistillationWeight = 0 };
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => new Trainer(model, recipe));
        StringAssert.Contains(error.Message, "32,768 x 65,536 numbers are more than the 2,147,483,647 that one tensor can have: use a smaller batch, "
            + "or --accumulate");
    }

    /// <summary>All logits of a batch at once would be too many; the usual limit cuts them into chunks, which fit.</summary>
    [TestMethod]
    public void Logits_beyond_the_limit_go_in_chunks_and_without_it_are_refused()
    {
        const int batch = 50_000, width = 12;
        using var device = Device.Cpu(1);
        using var model = SilcModel.Create(device, TinyRun.Config, seed: 1);
        model.Parameters.AllocateGradients();
        using var losses = new LossBuffer(device);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Measure(new(model, 1, new Solo()) { MostLogits = long.MaxValue }));
        StringAssert.Contains(error.Message, "50,000 x 50,000 numbers are more than the 2,147,483,647 that one tensor can have");
        var floats = Measure(new(model, 1, new Solo()));
        Assert.IsLessThan(2L << 26, floats);

        long Measure(ContrastiveLoss loss) => Arena.Measure(device, arena =>
        {
            var pass = new Pass(device.Ops, arena);
            using var frame = pass.Frame();
            loss.Run(pass, new(default, batch, width), new(default, batch, width), losses);
        });
    }

    /// <summary>Rows of all images and heads together: what attention keeps of each.</summary>
    [TestMethod]
    public void Attention_says_its_sizes()
    {
        using var device = Device.Cpu(1);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Arena.Measure(device, arena =>
            ImageAttention.LogSumExp(new(device.Ops, arena), queries: 1 << 28, heads: 16)));
        StringAssert.Contains(error.Message, "268,435,456 x 16 numbers are more than the 2,147,483,647 that one tensor can have");
    }
}
