using System.Runtime.Intrinsics.X86;

namespace Silc.Tests;

[TestClass]
public sealed class DeviceTests
{
    [TestMethod]
    public void A_device_that_is_not_there_is_named_with_those_that_are()
    {
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Device.Cuda(7));
        StringAssert.StartsWith(error.Message, "there is no device 'cuda:7' here; there is: ");
        foreach (var info in Device.List()) StringAssert.Contains(error.Message, info.Id);
    }

    [TestMethod]
    public void A_name_without_meaning_is_an_error()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => Device.Open("tpu"));
        StringAssert.Contains(error.Message, "no device 'tpu'");
        Assert.ThrowsExactly<ArgumentException>(() => Device.Cpu(0));
    }

    [TestMethod]
    public void A_precision_that_a_device_does_not_know_is_an_error_that_names_both()
    {
        foreach (var info in Device.List().Where(info => !info.HasTensorCores))
        {
            bool inBytes = info.Kind == DeviceKind.Cpu && AvxVnni.IsSupported;
            CollectionAssert.AreEqual(inBytes ? [Precision.Float32, Precision.Int8] : new[] { Precision.Float32 }, info.Precisions.ToArray());
            foreach (var precision in Enum.GetValues<Precision>().Except(info.Precisions))
            {
                var error = Assert.ThrowsExactly<InvalidOperationException>(() => Device.Open(info.Id, precision));
                StringAssert.StartsWith(error.Message, $"{info.Id} ({info.Name}, ");
                StringAssert.Contains(error.Message, $"float32{(inBytes ? ", int8" : "")} only, not in {precision.ToString().ToLowerInvariant()}");
                StringAssert.Contains(error.Message,
                    precision != Precision.Int8 ? "NVIDIA GPU" : info.Kind == DeviceKind.Cpu ? "no AVX-VNNI" : "--device cpu");
            }
        }
    }

    [TestMethod]
    public void The_CPU_is_always_there()
    {
        using var device = Device.Open(" CPU ");
        Assert.AreEqual(DeviceKind.Cpu, device.Kind);
        Assert.AreEqual(Environment.ProcessorCount, device.Workers);
        Assert.IsTrue(Device.List().Any(info => info.Id == "cpu"));
    }

    [TestMethod, EveryDevice]
    public void Too_little_memory_is_said_with_what_fills_it_and_the_remedies(string device)
    {
        var accelerator = TestDevices.Open(device);
        using var arena = Arena.Allocate(accelerator, 20 << 20);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => accelerator.Allocate(1L << 46, "prototypes"));
        foreach (var part in new[] { "has no room for 268,435,456 MiB of prototypes", "80 MiB of activations", "smaller batch",
            "--recompute", "--accumulate" })
            StringAssert.Contains(error.Message, part);
        arena.Dispose();
        error = Assert.ThrowsExactly<InvalidOperationException>(() => accelerator.Allocate(1L << 46, "prototypes"));
        Assert.IsFalse(error.Message.Contains("80 MiB of activations"), error.Message);
    }

    [TestMethod, EveryDevice]
    public void Memory_is_counted(string device)
    {
        var accelerator = TestDevices.Open(device);
        var before = accelerator.AllocatedBytes;
        using (var arena = Arena.Allocate(accelerator, 1000)) Assert.AreEqual(before + 4000, accelerator.AllocatedBytes);
        Assert.AreEqual(before, accelerator.AllocatedBytes);
    }

    [TestMethod]
    public void The_arena_says_when_it_is_full_and_finds_its_peak()
    {
        using var arena = Arena.Allocate(TestDevices.Open(TestDevices.OneThread), 1024);
        var pass = new Pass(TestDevices.Open(TestDevices.OneThread).Ops, arena);
        using (pass.Frame())
        {
            pass.Saved(7, 33);       // 231 floats take 256
            pass.Scratch(1, 1);        // 64
        }
        Assert.AreEqual(0, arena.InUse);
        Assert.AreEqual(320, arena.Peak);
        using var frame = pass.Frame();
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => pass.Saved(33, 33));
        StringAssert.Contains(error.Message, "activation memory");
    }

    [TestMethod]
    public void A_temporary_tensor_outside_of_any_frame_is_refused()
    {
        var device = TestDevices.Open(TestDevices.OneThread);
        using var arena = Arena.Allocate(device, 1024);
        var pass = new Pass(device.Ops, arena);
        pass.Saved(1, 1);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => pass.Scratch(3, 5));
        StringAssert.Contains(error.Message, "3 x 5 outside of any frame");
        using (pass.Frame()) pass.Scratch(3, 5);
        Assert.ThrowsExactly<InvalidOperationException>(() => pass.ScratchActivation(3, 5));
        pass.Frame();
        arena.Reset();      // ends the frame
        Assert.ThrowsExactly<InvalidOperationException>(() => pass.Scratch(3, 5));
    }

    [TestMethod]
    public void Frames_end_once_and_the_inner_ones_first()
    {
        var device = TestDevices.Open(TestDevices.OneThread);
        using var arena = Arena.Allocate(device, 1024);
        var (outer, inner) = (arena.Frame(), arena.Frame());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => outer.Dispose()).Message, "inside of this one are open (1)");
        inner.Dispose();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => inner.Dispose()).Message, "ended already");
        outer.Dispose();
        Assert.ThrowsExactly<InvalidOperationException>(() => outer.Dispose());
    }

    [TestMethod, EveryDevice]
    public void Measuring_finds_the_peak_and_runs_nothing(string device)
    {
        var on = TestDevices.Open(device);
        using var arena = Arena.Allocate(on, 64);
        var value = arena.Saved(1, 1);
        on.Ops.Fill(value, 3);
        var allocated = on.AllocatedBytes;
        var peak = Arena.Measure(on, measured =>
        {
            on.Ops.Fill(value, 4);
            using (measured.Frame())
            {
                var (x, y) = (measured.Saved(33, 64), measured.Scratch(64, 33));
                on.Ops.MatMul(x, y, measured.Scratch(33, 33));
                on.Synchronize();
            }
            measured.Reset();
            measured.Saved(1, 64);
            Assert.AreEqual(allocated, on.AllocatedBytes);
        });
        Assert.AreEqual(2 * 33 * 64 + 1152, peak);      // 33 · 33 floats take 1,152
        Assert.AreEqual(3, on.Download(value.View)[0]);
        Assert.ThrowsExactly<NotSupportedException>(() => Arena.Measure(on, _ => throw new NotSupportedException()));
        on.Ops.Fill(value, 5);
        Assert.AreEqual(5, on.Download(value.View)[0]);
    }

    /// <summary>A processor behind OpenCL takes some 85 ms for a program, whatever is in it.</summary>
    [TestMethod]
    public void Kernels_that_measuring_meets_become_one_program()
    {
        foreach (var info in Device.List().Where(info => info is { Kind: DeviceKind.OpenCL, IsProcessor: true }))
        {
            using var device = Device.Open(info.Id);
            using var arena = Arena.Allocate(device, 4096);
            Arena.Measure(device, Work);
            Work(arena);
            device.Synchronize();
            Assert.AreEqual(1, device.Programs);

            void Work(Arena memory)
            {
                var (x, y, row) = (memory.Saved(16, 16), memory.Saved(16, 16), memory.Saved(16, 1));
                device.Ops.Fill(x, 1);
                device.Ops.MatMul(x, x, y);
                device.Ops.L2Normalize(x, y, row, 1e-6f);
            }
        }
    }

    [TestMethod]
    public void Measuring_is_no_part_of_a_profile()
    {
        using var device = Device.Cpu(1);
        using var arena = Arena.Allocate(device, 64);
        var value = arena.Saved(1, 1);
        var profile = device.StartProfile();
        Arena.Measure(device, measured => device.Ops.Fill(measured.Saved(1, 1), 1));
        Assert.IsEmpty(profile.Costs);
        device.Ops.Fill(value, 1);
        Assert.AreEqual(1, profile.Costs.Single().Calls);
    }

    /// <summary>
    /// An array is free again after its upload, however much is queued before: while memory is measured too, where constants come into being.
    /// </summary>
    [TestMethod, EveryDevice]
    public void An_upload_has_read_its_array_when_it_returns(string device)
    {
        const int size = 512;
        var on = TestDevices.Open(device);
        using var arena = Arena.Allocate(on, 3 * size * size);
        Tensor x = arena.Saved(size, size), y = arena.Saved(size, size), constant = arena.Saved(1, size);
        on.Ops.Fill(x, 1);
        foreach (var measuring in new[] { false, true })
        {
            for (int i = 0; i < 4; i++) on.Ops.MatMul(x, x, y);
            var values = Enumerable.Repeat(3f, size).ToArray();
            if (measuring) Arena.Measure(on, _ => on.Upload<float>(values, constant.View));
            else on.Upload<float>(values, constant.View);
            Array.Clear(values);
            Assert.IsTrue(on.Download(constant.View.SubView(0, size)).All(value => value == 3), $"while measuring: {measuring}");
            on.Ops.Fill(constant, 0);
        }
    }
}
