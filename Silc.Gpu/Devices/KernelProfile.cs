namespace Silc;

/// <summary>Launches of one kernel, and the time that they took on the device. Threads: immutable; any number may share it.</summary>
/// <param name="Name">The kernel's type, with its type arguments: tile, operands, epilogue.</param>
/// <param name="Launches">How often it ran.</param>
/// <param name="Registers">Registers of a thread, as the driver allocated them.</param>
/// <param name="LocalBytes">Local memory of a thread: spilled registers.</param>
/// <param name="Milliseconds">Sum of the times between an event before and one after each launch; idle time of the device in between counts.</param>
sealed record KernelCost(string Name, int Launches, double Milliseconds, int Registers, int LocalBytes);

/// <summary>
/// Where the device's time goes, kernel by kernel, on CUDA: an event before and after every launch, without synchronization. An event costs
/// about a microsecond of the device, so very short kernels look longer than they are. Threads: one at a time.
/// </summary>
sealed class KernelProfile : IDisposable
{
    readonly Device device;
    readonly List<(Type Kernel, nint Start, nint End)> timed = [];
    readonly Stack<nint> free = [];
    nint begun;

    internal KernelProfile(Device device) => this.device = device.Kind == DeviceKind.Cuda
        ? device
        : throw new InvalidOperationException(
            $"{device.Info.Id} ({device.Info.Name}) has no events: kernels are timed on CUDA alone; --ops times operations everywhere");

    /// <summary>Costs since the last call, largest first.</summary>
    public IReadOnlyList<KernelCost> Take()
    {
        device.Synchronize();
        var costs = new Dictionary<Type, (int Launches, double Milliseconds)>();
        foreach (var (kernel, start, end) in timed)
        {
            CudaDriver.Check(CudaDriver.cuEventElapsedTime(out var milliseconds, start, end), "the time between two events");
            var before = costs.GetValueOrDefault(kernel);
            costs[kernel] = (before.Launches + 1, before.Milliseconds + milliseconds);
            free.Push(start);
            free.Push(end);
        }
        timed.Clear();
        return [.. costs.Select(cost => Cost(cost.Key, cost.Value.Launches, cost.Value.Milliseconds)).OrderByDescending(cost => cost.Milliseconds)];
    }

    KernelCost Cost(Type kernel, int launches, double milliseconds)
    {
        var (registers, localBytes) = device.KernelSize(kernel);
        return new(KernelName.Of(kernel), launches, milliseconds, registers, localBytes);
    }

    internal void Begin(nint stream) => Record(begun = Event(), stream);

    internal void End(Type kernel, nint stream)
    {
        var end = Event();
        Record(end, stream);
        timed.Add((kernel, begun, end));
    }

    static void Record(nint one, nint stream) => CudaDriver.Check(CudaDriver.cuEventRecord(one, stream), "an event");

    nint Event()
    {
        if (free.TryPop(out var known)) return known;
        CudaDriver.Check(CudaDriver.cuEventCreate(out var created, 0), "a new event");
        return created;
    }

    /// <summary>Frees the events.</summary>
    public void Dispose()
    {
        Take();
        foreach (var one in free) _ = CudaDriver.cuEventDestroy(one);
        free.Clear();
    }
}
