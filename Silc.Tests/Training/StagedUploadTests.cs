namespace Silc.Tests;

/// <summary>Batches that pass through page-locked memory, as on CUDA, here in front of the CPU.</summary>
[TestClass]
public sealed class StagedUploadTests
{
    [TestMethod]
    [DataRow(1), DataRow(2)]
    public void Steps_have_the_same_bits(int accumulate)
    {
        var recipe = TinyRun.Recipe with { Accumulate = accumulate };
        using var plain = new TinyRun(TestDevices.OneThread, recipe);
        using var device = Device.Cpu(1);
        device.PinsUploads = true;
        using var model = SilcModel.Create(device, TinyRun.Config, seed: 1);
        using var trainer = new Trainer(model, recipe);
        for (int step = 1; step <= 3; step++)
        {
            var batch = plain.Batch(step);
            plain.Trainer.Step(batch);
            trainer.Step(batch);
            Array.Fill(batch.Global, float.NaN);    // it is free again
            Array.Fill(batch.Local, float.NaN);
        }
        Close.Bits(plain.Read(plain.Model.Parameters.Values), device.Download(model.Parameters.Values.View), "parameters");
    }

    // More than one thread's piece, with an end that is no whole one.
    [TestMethod]
    public void Large_buffers_arrive_whole()
    {
        const int Count = 1_000_003, At = 5, Start = 11;
        using var device = Device.Cpu(1);
        device.PinsUploads = true;
        using var buffer = new PinnedUpload(device, Count + 2 * At, "a test's buffer");
        float[] from = [.. Enumerable.Range(0, Count + Start).Select(i => (float)i)];
        buffer.Put(from.AsSpan(Start, Count), At);
        device.WaitForCopies();
        Close.Bits(from[Start..], device.Download(buffer.View)[At..(At + Count)], "values");
    }
}
