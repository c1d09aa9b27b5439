namespace Silc.Tests;

/// <summary>Batches that pass through page-locked memory, as on CUDA, here in front of the CPU.</summary>
[TestClass]
public sealed class StagedUploadTests
{
    [TestMethod]
    [DataRow(1), DataRow(2)]
    public void Steps_have_the_same_bits(int accumulate) => SameBits(accumulate, (_, _) => { }, (_, _) => { });

    /// <summary>Views of 8 bits go as bytes, and every step has the bits that it has from floats.</summary>
    [TestMethod]
    [DataRow(1), DataRow(2)]
    public void Steps_have_the_same_bits_from_bytes(int accumulate) => SameBits(accumulate, (step, batch) =>
    {
        // The last step's are floats again, where bytes were before.
        if (step == 3) return;
        foreach (var views in (float[][])[batch.Global, batch.Local])
            foreach (ref var pixel in views.AsSpan())
                pixel = EightBitPixels.Values[(int)(Math.Clamp(pixel, -1, 1) * 127 + 128)];
    }, (step, allocations) =>
    {
        // The second place of a batch, as the first one before: bytes and their table, for two kinds of views.
        if (step > 1) Assert.AreEqual(step == 2 ? 4 : 0, allocations, $"step {step}");
    });

    static void SameBits(int accumulate, Action<int, Batch> change, Action<int, long> allocated)
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
            change(step, batch);
            var before = device.Allocations;
            plain.Trainer.Step(batch);
            trainer.Step(batch);
            Array.Fill(batch.Global, float.NaN);    // it is free again
            Array.Fill(batch.Local, float.NaN);
            allocated(step, device.Allocations - before);
        }
        Close.Bits(plain.Read(plain.Model.Parameters.Values), device.Download(model.Parameters.Values.View), "parameters");
    }

    [TestMethod]
    public void Pixels_of_8_bits_take_a_quarter_of_the_bus()
    {
        const int Count = 600_001, Half = 300_000;
        using var device = Device.Cpu(1);
        device.PinsUploads = true;
        using var buffer = new PinnedUpload(device, Count + 1, "a test's pixels");
        var random = new Random(5);
        float[] Bytes() => [.. Enumerable.Range(0, Count).Select(_ => EightBitPixels.Values[random.Next(256)])];
        long Put(float[] pixels, int at = 0)
        {
            var before = buffer.SentBytes;
            // As views come: one range behind the other.
            buffer.Put(pixels.AsSpan(0, Half), at);
            buffer.Put(pixels.AsSpan(Half), at + Half);
            buffer.Ready();
            Close.Bits(pixels, device.Download(buffer.View)[at..(at + Count)], "pixels");
            return buffer.SentBytes - before;
        }
        Assert.AreEqual(Count, Put(Bytes()));
        // One pixel that is none, far behind the first ones, in the second range.
        var almost = Bytes();
        almost[^2] = MathF.BitIncrement(almost[^2]);
        Assert.AreEqual(Half + 4 * (Count - Half), Put(almost));
        Assert.AreEqual(Count, Put(Bytes()));
        // No whole word to begin with.
        Assert.AreEqual(4 * Count, Put(Bytes(), at: 1));
        float[] floats = [.. Enumerable.Range(0, Count).Select(_ => random.NextSingle() * 2 - 1)];
        Assert.AreEqual(4 * Count, Put(floats));
    }

    /// <summary>Views that are no bytes take no memory for them, be their corners black or white.</summary>
    [TestMethod]
    public void Other_pixels_allocate_nothing()
    {
        using var device = Device.Cpu(1);
        device.PinsUploads = true;
        using var buffer = new PinnedUpload(device, 300_000, "a test's pixels");
        var random = new Random(5);
        float[] pixels = [.. Enumerable.Range(0, 300_000).Select(i => i < 5000 ? 1 : random.NextSingle() * 2 - 1)];
        var allocations = device.Allocations;
        foreach (var count in (int[])[pixels.Length, 5100, 1])
        {
            pixels[count - 1] = 0.3f;
            buffer.Put(pixels.AsSpan(0, count), 0);
            buffer.Ready();
            Close.Bits(pixels[..count], device.Download(buffer.View)[..count], "pixels");
        }
        Assert.AreEqual(allocations, device.Allocations);
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
        buffer.Ready();
        Close.Bits(from[Start..], device.Download(buffer.View)[At..(At + Count)], "values");
    }
}
