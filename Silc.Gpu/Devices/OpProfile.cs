using System.Diagnostics;

namespace Silc;

/// <summary>Time and work of one operation, summed over its calls. Threads: immutable; any number may share it.</summary>
/// <param name="Name">Name in <see cref="Ops"/>; matrix products say which operand is transposed.</param>
/// <param name="Calls">How often it ran.</param>
/// <param name="Time">Sum of the times.</param>
/// <param name="Flops">Multiplications and additions of products and attention; 0 for what only moves memory.</param>
/// <param name="Bytes">Size of the tensors that are read or written, once each: a lower bound of the memory traffic.</param>
sealed record OpCost(string Name, long Calls, TimeSpan Time, double Flops, double Bytes);

/// <summary>
/// Where the time of a step goes, operation by operation. The CPU's workers report their times; on other devices every operation is
/// synchronized, which makes a profiled step slower. Threads: any number may read it.
/// </summary>
sealed class OpProfile
{
    readonly Device device;
    readonly Dictionary<string, OpCost> costs = [];

    internal OpProfile(Device device)
    {
        this.device = device;
        if (device.Queue is { } queue) queue.Timed = (name, time) => Add(name, 0, time, 0, 0);
    }

    /// <summary>Costs so far, largest time first.</summary>
    public IReadOnlyList<OpCost> Costs
    {
        get
        {
            device.Synchronize();
            lock (costs) return [.. costs.Values.OrderByDescending(cost => cost.Time)];
        }
    }

    /// <summary>Discards what was measured, for use after the steps that compile kernels.</summary>
    public void Reset()
    {
        device.Synchronize();
        lock (costs) costs.Clear();
    }

    internal void Measure(string name, double flops, long bytes, Action run)
    {
        if (device.Queue is { } queue)
        {
            queue.Label = name;
            run();
            queue.Label = null;
            Add(name, 1, default, flops, bytes);
            return;
        }
        device.Synchronize();
        var start = Stopwatch.GetTimestamp();
        run();
        device.Synchronize();
        Add(name, 1, Stopwatch.GetElapsedTime(start), flops, bytes);
    }

    void Add(string name, int calls, TimeSpan time, double flops, double bytes)
    {
        lock (costs)
        {
            var before = costs.GetValueOrDefault(name) ?? new(name, 0, default, 0, 0);
            costs[name] = new(name, before.Calls + calls, before.Time + time, before.Flops + flops, before.Bytes + bytes);
        }
    }
}
