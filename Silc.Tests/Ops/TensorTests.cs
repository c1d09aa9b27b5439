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

    // Before anything is allocated: the walk that measures a step's memory meets the same tensors.
    [TestMethod]
    public void A_batch_whose_logits_are_too_many_is_refused_before_training()
    {
        using var device = Device.Cpu(1);
        var config = SilcConfig.Mini with { Views = new ViewConfig(Global: 1, Local: 0), Image = new(8, 1, 1, 8), Text = new(8, 1, 1, 8), VocabSize = 16, TextLength = 1 };
        using var model = SilcModel.Create(device, config, seed: 1);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => new Trainer(model, new TrainConfig(BatchSize: 50_000, TotalSteps: 1, DistillationWeight: 0)));
        StringAssert.Contains(error.Message, "50,000 x 50,000");
    }
}
