namespace Silc.Tests;

[TestClass]
public sealed class CpuQueueTests
{
    readonly unsafe struct Append(int* log, int* length, int value) : ICpuWork
    {
        public void Run(int item) => log[Interlocked.Increment(ref *length) - 1] = value;
    }

    readonly struct Fail(string message) : ICpuWork
    {
        public void Run(int item) => throw new InvalidDataException(message);
    }

    readonly struct Wait(int milliseconds) : ICpuWork
    {
        public void Run(int item) => Thread.Sleep(milliseconds);
    }

    [TestMethod, Timeout(60_000)]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(5)]
    public unsafe void Work_runs_in_order_and_every_item_once(int threads)
    {
        using var device = Device.Cpu(threads);
        const int Launches = 5000, Items = 7;     // more than the ring holds
        var (log, length) = (new int[Launches * Items], 0);
        fixed (int* at = log)
        {
            for (int i = 0; i < Launches; i++) device.Queue!.Add(Items, new Append(at, &length, i));
            device.Synchronize();
        }
        Assert.AreEqual(log.Length, length);
        for (int i = 0; i < log.Length; i++) Assert.AreEqual(i / Items, log[i]);
    }

    [TestMethod, Timeout(60_000)]
    public void Kernels_see_each_others_results()
    {
        using var device = Device.Cpu(3);
        using var arena = Arena.Allocate(device, 4096);
        var (x, y) = (arena.Saved(33, 7), arena.Saved(33, 7));
        device.Ops.Fill(x, 1);
        device.Ops.Copy(x, y);
        for (int i = 0; i < 2000; i++)
        {
            device.Ops.Add(x, y);       // y = 2, 3, …
            if (i % 97 == 0) Thread.Sleep(1);   // workers fall asleep and must wake
        }
        foreach (var value in device.Download(y.View.SubView(0, y.Count))) Assert.AreEqual(2001f, value);
    }

    [TestMethod, Timeout(60_000)]
    public unsafe void An_exception_is_thrown_where_the_caller_waits_and_the_queue_goes_on()
    {
        using var device = Device.Cpu(2);
        device.Queue!.Add(3, new Fail("broken kernel"));
        Assert.AreEqual("broken kernel", Assert.ThrowsExactly<InvalidDataException>(device.Synchronize).Message);
        int value = 0, length = 0;
        device.Queue!.Add(1, new Append(&value, &length, 42));
        device.Synchronize();
        Assert.AreEqual(42, value);
    }

    [TestMethod, Timeout(60_000)]
    public unsafe void Disposing_finishes_what_is_queued()
    {
        int value = 0, length = 0;
        using (var device = Device.Cpu(2))
        {
            device.Queue!.Add(2, new Wait(20));
            device.Queue!.Add(1, new Append(&value, &length, 42));
        }
        Assert.AreEqual(42, value);
    }

    [TestMethod, Timeout(60_000)]
    public void A_profile_names_operations_and_counts_their_work()
    {
        using var device = Device.Cpu(2);
        var profile = device.StartProfile();
        using var arena = Arena.Allocate(device, 4096);
        var (a, b, c) = (arena.Saved(8, 16), arena.Saved(16, 4), arena.Saved(8, 4));
        device.Ops.Fill(a, 1);
        device.Ops.Fill(b, 1);
        device.Ops.MatMul(a, b, c);
        device.Ops.MatMul(a, b, c);
        var cost = profile.Costs.Single(cost => cost.Name.StartsWith("matmul", StringComparison.Ordinal));
        Assert.AreEqual(2, cost.Calls);
        Assert.AreEqual(2 * 2.0 * 8 * 16 * 4, cost.Flops);
        Assert.AreEqual(2 * 4.0 * (8 * 16 + 16 * 4 + 8 * 4), cost.Bytes);
        Assert.IsTrue(cost.Time > TimeSpan.Zero);
        profile.Reset();
        Assert.IsEmpty(profile.Costs);
    }
}
